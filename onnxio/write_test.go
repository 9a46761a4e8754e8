package onnxio

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sameModel compares models but for what the bytes of a file decide. Floats are equal if their bits are.
func sameModel(x, y *Model) string {
	return cmp.Diff(x, y,
		cmpopts.IgnoreFields(Model{}, "Path", "SHA256", "Size", "External", "Ignored"),
		cmp.Comparer(sameFloat32s),
		cmp.Comparer(sameFloat64s),
		cmp.Comparer(func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }),
	)
}

// rewritten writes a model and reads it back.
func rewritten(tb rapid.TB, m *Model) *Model {
	tb.Helper()
	var b bytes.Buffer
	if err := Write(&b, m); err != nil {
		tb.Fatal(err)
	}
	back, err := Decode(context.Background(), b.Bytes(), Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return back
}

func TestRoundTripCorpus(t *testing.T) {
	for _, path := range goodCorpus(t) {
		m, err := ReadFile(t.Context(), path, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := sameModel(m, rewritten(t, m)); diff != "" {
			t.Errorf("%s changes when it is written (-) and read (+) again:\n%s", path, diff)
		}
	}
}

func TestRoundTripProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		if diff := sameModel(m, rewritten(t, m)); diff != "" {
			t.Fatalf("written (-) and read (+):\n%s", diff)
		}
	})
}

// drawModel draws a model in the form that a read returns.
func drawModel(t *rapid.T) *Model {
	anyText := rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "text")) })
	text := func(label string) string { return anyText.Draw(t, label) }
	properties := func(label string) (out []Property) {
		for range rapid.IntRange(0, 2).Draw(t, label) {
			out = append(out, Property{text("key"), text("value")})
		}
		return out
	}
	m := &Model{
		IRVersion: rapid.Int64Range(1, math.MaxInt64).Draw(t, "ir"), Producer: text("producer"), ProducerVersion: text("version"),
		Domain: text("domain"), ModelVersion: rapid.Int64().Draw(t, "model version"), Doc: text("doc"),
		Opsets:   []Opset{{Version: rapid.Int64Range(1, 100).Draw(t, "opset")}, {Domain: "d", Version: 1}},
		Metadata: properties("metadata"), GraphName: text("graph"), GraphDoc: text("graph doc"), GraphMetadata: properties("graph metadata"),
	}
	var names []string // of all values so far
	name := func() string {
		names = append(names, rapid.StringN(1, 3, -1).Draw(t, "name")+strconv.Itoa(len(names)))
		return names[len(names)-1]
	}
	value := func(s string) Value {
		v := Value{Name: s, Doc: text("value doc"), Metadata: properties("value metadata"),
			DType: DType(rapid.IntRange(0, 30).Draw(t, "dtype"))}
		if v.DType != Undefined && rapid.Bool().Draw(t, "shaped") {
			v.Shape = rapid.SliceOfN(rapid.Custom(drawDim), 0, 3).Draw(t, "shape")
		}
		return v
	}
	for range rapid.IntRange(0, 2).Draw(t, "inputs") {
		m.Inputs = append(m.Inputs, value(name()))
	}
	for range rapid.IntRange(0, 3).Draw(t, "initializers") {
		w := drawTensor(t)
		w.Name, w.Doc, w.Metadata, w.Overridable = name(), text("doc"), properties("metadata"), rapid.Bool().Draw(t, "overridable")
		m.Initializers = append(m.Initializers, w)
	}
	for range rapid.IntRange(1, 4).Draw(t, "nodes") {
		n := Node{Name: text("node"), Op: rapid.StringN(1, 5, -1).Draw(t, "op"), Domain: rapid.SampledFrom([]string{"", "d"}).Draw(t, "domain"),
			Overload: rapid.String().Draw(t, "overload"), Doc: text("doc"), Metadata: properties("metadata")}
		for range rapid.IntRange(0, 3).Draw(t, "inputs") {
			n.Inputs = append(n.Inputs, rapid.SampledFrom(append(names, "")).Draw(t, "input"))
		}
		for _, omitted := range rapid.SampledFrom([][]bool{{false}, {true, false}, {false, true, false}}).Draw(t, "outputs") {
			if omitted {
				n.Outputs = append(n.Outputs, "")
			} else {
				n.Outputs = append(n.Outputs, name())
			}
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "attributes") {
			a := drawAttribute(t)
			a.Name, a.Doc = "a"+strconv.Itoa(i), text("doc")
			n.Attributes = append(n.Attributes, a)
		}
		m.Nodes = append(m.Nodes, n)
	}
	for range rapid.IntRange(1, 3).Draw(t, "outputs") {
		m.Outputs = append(m.Outputs, value(rapid.SampledFrom(names).Draw(t, "output")))
	}
	for range rapid.IntRange(0, 2).Draw(t, "values") {
		m.Values = append(m.Values, value(rapid.SampledFrom(names).Draw(t, "value")))
	}
	for range rapid.IntRange(0, 1).Draw(t, "annotations") {
		m.Quantization = append(m.Quantization, Annotation{rapid.SampledFrom(names).Draw(t, "annotated"), properties("parameters")})
	}
	return m
}

func drawDim(t *rapid.T) Dim {
	if d := (Dim{Size: rapid.Int64Min(-1).Draw(t, "size")}); d.Size >= 0 {
		return d
	}
	return Dim{Size: -1, Param: rapid.String().Draw(t, "param")}
}

// drawTensor draws a tensor of any type from raw bytes, so that no value of the type is left out.
func drawTensor(t *rapid.T) *Tensor {
	w := &Tensor{Shape: rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(t, "shape")}
	w.DType = rapid.SampledFrom([]DType{Float32, Float16, BFloat16, Float64, Uint8, Int8, Uint16, Int16, Int32, Int64, Bool, Uint32, Uint64}).Draw(t, "dtype")
	n, err := elements(w.Shape, math.MaxInt32)
	if err != nil {
		t.Fatal(err)
	}
	w.alloc(n)
	size := n * layouts[w.DType].width
	w.setRaw(0, n, rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "elements"))
	return w
}

func drawAttribute(t *rapid.T) Attribute {
	a := Attribute{Kind: rapid.SampledFrom([]AttributeKind{KindFloat, KindInt, KindString, KindTensor, KindFloats, KindInts, KindStrings}).Draw(t, "kind")}
	some := rapid.IntRange(0, 3).Draw(t, "length")
	switch a.Kind {
	case KindFloat:
		a.Float = drawFloat(t)
	case KindInt:
		a.Int = rapid.Int64().Draw(t, "int")
	case KindString:
		a.String = string(rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "string"))
	case KindTensor:
		a.Tensor = drawTensor(t)
	case KindFloats:
		for range some {
			a.Floats = append(a.Floats, drawFloat(t))
		}
	case KindInts:
		for range some {
			a.Ints = append(a.Ints, rapid.Int64().Draw(t, "int"))
		}
	case KindStrings:
		for range some {
			a.Strings = append(a.Strings, rapid.String().Draw(t, "string"))
		}
	}
	return a
}

func drawFloat(t *rapid.T) float32 {
	return math.Float32frombits(rapid.Uint32().Draw(t, "float bits"))
}

// denseNet returns a network of one hidden layer.
func denseNet() *Model {
	m := NewModel("unlearnguard", "1")
	m.Inputs = []Value{FloatValue("x", Symbolic("batch"), Fixed(2))}
	m.Initializers = []*Tensor{
		FloatTensor("0.weight", []float32{1, 2, 3, 4, 5, 6}, 3, 2),
		FloatTensor("0.bias", []float32{1, 2, 3}, 3),
		FloatTensor("2.weight", []float32{1, 2, 3}, 1, 3),
	}
	m.Nodes = []Node{
		Gemm("/0/Gemm", "x", "0.weight", "0.bias", "h"),
		Relu("/1/Relu", "h", "a"),
		Gemm("/2/Gemm", "a", "2.weight", "", "y"),
	}
	m.Outputs = []Value{FloatValue("y", Symbolic("batch"), Fixed(1))}
	return m
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.onnx")
	m := denseNet()
	if err := WriteFile(path, m); err != nil {
		t.Fatal(err)
	}
	back, err := ReadFile(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := sameModel(m, back); diff != "" {
		t.Error(diff)
	}
	if back.Path != path || len(back.SHA256) != 64 || back.Size == 0 || back.Ignored != nil {
		t.Errorf("read %q, %q, %d, %q", back.Path, back.SHA256, back.Size, back.Ignored)
	}
}

// TestWriteRefused writes models that are wrong in one place; the file that was there must survive.
func TestWriteRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(m *Model)
		want   string
	}{
		"too few elements":  {func(m *Model) { m.Initializers[0].Shape = []int{3, 3} }, `initializer "0.weight": it holds 6 elements of float32, but shape [3 3] has 9`},
		"another width":     {func(m *Model) { m.Initializers[0].DType = Float64 }, `initializer "0.weight": it holds 0 elements of float64`},
		"not a float16":     {func(m *Model) { m.Initializers[0].DType = Float16; m.Initializers[0].Float32s[4] = 0.1 }, `tensor "0.weight": element 4 is 0.1, which float16 cannot hold`},
		"not a type":        {func(m *Model) { m.Initializers[0].DType = 14 }, `its element type complex64 is not supported`},
		"undefined name":    {func(m *Model) { m.Nodes[1].Inputs[0] = "q" }, `node 1: Relu "/1/Relu": it reads "q"`},
		"no attribute kind": {func(m *Model) { m.Nodes[0].Attributes[0].Kind = 0 }, `its kind (type 0) cannot be written`},
		"no tensor":         {func(m *Model) { m.Nodes[0].Attributes[0].Kind = KindTensor }, `its tensor is missing`},
		"negative shape":    {func(m *Model) { m.Initializers[0].Shape = []int{-3, -2} }, `shape [-3 -2] has a negative dimension`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "net.onnx")
			if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
				t.Fatal(err)
			}
			m := denseNet()
			c.change(m)
			if err := WriteFile(path, m); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if data, _ := os.ReadFile(path); string(data) != "before" {
				t.Error("the file that was there is gone")
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("%d files are left", len(entries))
			}
		})
	}
}

// fullDisk fails after some bytes.
type fullDisk struct{ left int }

var errFull = errors.New("disk full")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.left -= len(b); d.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestWriteReportsErrors(t *testing.T) {
	for _, left := range []int{0, 5000, 100_000} {
		m := denseNet()
		m.Initializers[1] = FloatTensor("0.bias", make([]float32, 30_000), 30_000)
		if err := Write(&fullDisk{left}, m); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: got %v", left, err)
		}
	}
}

// TestPythonAcceptsWhatIsWritten has the reference checker look at every file of the corpus as this package writes it. It
// must accept those that it accepted before.
func TestPythonAcceptsWhatIsWritten(t *testing.T) {
	paths := goodCorpus(t)
	dir := t.TempDir()
	const check = `
import sys, onnx
def verdict(path):
    try:
        onnx.checker.check_model(path)
        return "accepted"
    except Exception as e:
        return "refused: " + str(e).split("\n")[0]
for line in sys.stdin:
    before, after = line.rstrip("\n").split("\t")
    print(verdict(before), verdict(after), sep="\t")
`
	var input strings.Builder
	for i, path := range paths {
		m, err := ReadFile(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		after := filepath.Join(dir, strconv.Itoa(i)+".onnx")
		if err := WriteFile(after, m); err != nil {
			t.Fatal(err)
		}
		input.WriteString(path + "\t" + after + "\n")
	}
	own := filepath.Join(dir, "own.onnx")
	if err := WriteFile(own, denseNet()); err != nil {
		t.Fatal(err)
	}
	paths = append(paths, own)
	input.WriteString(own + "\t" + own + "\n")
	cmd := exec.Command(python(t), "-c", check)
	cmd.Stdin = strings.NewReader(input.String())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for i, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		before, after, _ := strings.Cut(line, "\t")
		if after == "accepted" {
			accepted++
		} else if before == "accepted" || paths[i] == own {
			t.Errorf("%s: %s after it was written", paths[i], after)
		}
	}
	t.Logf("the checker accepts %d of %d", accepted, len(paths))
	if accepted < len(paths)*9/10 {
		t.Errorf("the checker accepts only %d of %d", accepted, len(paths))
	}
}
