package onnxio

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// textModel is a network beside which the names of its classes are stored, and which a node of the given operator reads.
func textModel(op string) *Model {
	weight := &Tensor{Name: "w", DType: Float32, Shape: []int{2, 2}, Float32s: []float32{1, 2, 3, 4}}
	names := &Tensor{Name: "names", DType: String, Shape: []int{2}, Strings: []string{"cat", "dog"}}
	m := &Model{
		IRVersion: 8, Opsets: []Opset{{Version: 17}}, Initializers: []*Tensor{weight, names},
		Inputs:  []Value{{Name: "x", DType: Float32, Shape: []Dim{{Size: 1}, {Size: 2}}}},
		Outputs: []Value{{Name: "y", DType: Float32, Shape: []Dim{{Size: 1}, {Size: 2}}}},
		Nodes:   []Node{{Op: "MatMul", Inputs: []string{"x", "w"}, Outputs: []string{"y"}}},
	}
	if op != "" {
		m.Nodes = append(m.Nodes, Node{Op: op, Inputs: []string{"names"}, Outputs: []string{"t"}})
	}
	return m
}

// Strings are read and written again, unless an operator would have to compute with them.
func TestStrings(t *testing.T) {
	for _, op := range []string{"", "Identity", "Relu"} {
		path := filepath.Join(t.TempDir(), "m.onnx")
		if err := WriteFile(path, textModel(op)); err != nil {
			t.Fatal(err)
		}
		m, err := ReadFile(t.Context(), path, Options{})
		if op == "Relu" {
			if err == nil || !strings.Contains(err.Error(), `initializer "names": its element type string is not supported`) || !strings.Contains(err.Error(), "Relu") {
				t.Errorf("%v", err)
			}
			continue
		}
		if err != nil || !slices.Equal(m.Initializers[1].Strings, []string{"cat", "dog"}) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

// Of two versions of an operator set that are imported the later is used, and the other named.
func TestTwoOpsets(t *testing.T) {
	for _, version := range []int64{11, 18} {
		m, err := Decode(t.Context(), sample(flaw{model: func(e *message) {
			e.sub(modelOpsetImport, func(e *message) {
				e.string(opsetDomain, "ai.onnx")
				e.varint(opsetVersion, version)
			})
		}}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if m.Opset("") != max(version, 17) || !strings.Contains(strings.Join(m.Ignored, "\n"), "opset version") {
			t.Errorf("%d: %+v, %q", version, m.Opsets, m.Ignored)
		}
	}
}

// A link to external data may not lead out of the model's folder, and is named as what it is.
func TestExternalLinks(t *testing.T) {
	path := externalModel(t, map[string][]byte{"link": make([]byte, 24)}, "location", "./link")
	m, err := ReadFile(t.Context(), path, Options{})
	if err != nil || m.External[0].Location != "link" {
		t.Errorf("%v", err)
	}
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, make([]byte, 24), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(filepath.Dir(path), "link")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, link); err != nil {
		t.Skip(err)
	}
	if _, err := ReadFile(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "it is a link that leads out of the model's folder") {
		t.Errorf("%v", err)
	}
}
