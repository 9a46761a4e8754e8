package onnxio

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// python returns the path of a Python that has the reference implementation of ONNX, or skips the test.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import onnx").Run() == nil {
			return name
		}
	}
	t.Skip("no python3 with the onnx package (Debian's python3-onnx): the reference implementation cannot be asked")
	return ""
}

// TestCorpusAgainstPython compares every file that must load with what the reference implementation reads: versions, inputs and
// outputs, nodes with all attributes, and every tensor bit for bit in its original type.
func TestCorpusAgainstPython(t *testing.T) {
	paths := goodCorpus(t)
	cmd := exec.Command(python(t), filepath.Join("testdata", "describe.py"))
	cmd.Stdin = strings.NewReader(strings.Join(paths, "\n"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("describe.py: %v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(paths) {
		t.Fatalf("describe.py describes %d of %d files", len(lines), len(paths))
	}
	for i, path := range paths {
		m, err := ReadFile(t.Context(), path, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		own, err := json.Marshal(describe(t, m))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(normalised(t, lines[i]), normalised(t, string(own))); diff != "" {
			t.Errorf("%s: the reference implementation (-) and this package (+) differ:\n%s", path, diff)
		}
	}
}

// normalised decodes a description and sorts its nodes, whose order this package may change.
func normalised(t *testing.T, description string) map[string]any {
	var d map[string]any
	if err := json.Unmarshal([]byte(description), &d); err != nil {
		t.Fatal(err)
	}
	nodes := d["nodes"].([]any)
	key := func(n any) string { b, _ := json.Marshal(n); return string(b) }
	slices.SortFunc(nodes, func(x, y any) int { return strings.Compare(key(x), key(y)) })
	return d
}

type list = []any

// describe returns what testdata/describe.py prints.
func describe(t *testing.T, m *Model) map[string]any {
	d := map[string]any{
		"ir": m.IRVersion, "producer": latin1(m.Producer), "version": m.ProducerVersion, "model": m.ModelVersion,
		"opsets": list{}, "metadata": list{}, "initializers": list{}, "nodes": list{},
		"inputs": describeValues(m.Inputs), "outputs": describeValues(m.Outputs), "values": describeValues(m.Values),
	}
	add := func(key string, v any) { d[key] = append(d[key].(list), v) }
	for _, o := range m.Opsets {
		add("opsets", list{o.Domain, o.Version})
	}
	for _, p := range m.Metadata {
		add("metadata", list{p.Key, p.Value})
	}
	for _, tensor := range m.Initializers {
		add("initializers", describeTensor(t, tensor))
	}
	for _, n := range m.Nodes {
		attributes := list{}
		for _, a := range n.Attributes {
			attributes = append(attributes, list{a.Name, a.Kind, describeAttribute(t, &a)})
		}
		add("nodes", list{n.Name, n.Op, n.Domain, anys(n.Inputs), anys(n.Outputs), attributes})
	}
	return d
}

func anys(names []string) list {
	out := list{}
	for _, s := range names {
		out = append(out, s)
	}
	return out
}

func describeValues(values []Value) list {
	out := list{}
	for _, v := range values {
		var shape any
		if v.Shape != nil {
			dims := list{}
			for _, d := range v.Shape {
				switch {
				case d.Size >= 0:
					dims = append(dims, d.Size)
				case d.Param != "":
					dims = append(dims, d.Param)
				default:
					dims = append(dims, "?")
				}
			}
			shape = dims
		}
		out = append(out, list{v.Name, v.DType, shape})
	}
	return out
}

func describeTensor(t *testing.T, tensor *Tensor) list {
	h := sha256.New()
	if err := writeElements(h, tensor); err != nil {
		t.Error(err)
	}
	return list{tensor.Name, tensor.DType, tensor.Shape, hex.EncodeToString(h.Sum(nil))}
}

func describeAttribute(t *testing.T, a *Attribute) any {
	bits := func(f float32) string {
		return hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, math.Float32bits(f)))
	}
	out := list{}
	switch a.Kind {
	case KindTensor:
		return describeTensor(t, a.Tensor)
	case KindString:
		return latin1(a.String)
	case KindInt:
		return decimal(a.Int)
	case KindFloat:
		return bits(a.Float)
	case KindStrings:
		for _, s := range a.Strings {
			out = append(out, latin1(s))
		}
	case KindInts:
		for _, i := range a.Ints {
			out = append(out, decimal(i))
		}
	case KindFloats:
		for _, f := range a.Floats {
			out = append(out, bits(f))
		}
	}
	return out
}

func decimal(i int64) string { b, _ := json.Marshal(i); return string(b) }

// latin1 maps bytes to a string one to one.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
