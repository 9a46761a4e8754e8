package graph

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

// outputsOf runs a model in float64 on one sample.
func outputsOf(t *testing.T, m *onnxio.Model, x ...float64) []float64 {
	t.Helper()
	net, err := Compile(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := net.Evaluator(EvaluatorOptions{Float64: true})
	if err != nil {
		t.Fatal(err)
	}
	y, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func wantOutputs(t *testing.T, m *onnxio.Model, x, want []float64) {
	t.Helper()
	got := outputsOf(t, m, x...)
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i, w := range want {
		if math.Abs(got[i]-w) > 1e-9*max(1, math.Abs(w)) {
			t.Errorf("%v, want %v", got, want)
			return
		}
	}
}

func integersOf(name string, t onnxio.DType, shape []int, n ...int64) *onnxio.Tensor {
	return &onnxio.Tensor{Name: name, DType: t, Shape: shape, Int64s: n}
}

const toFloat, toBool, toUint8, toInt32 = int64(onnxio.Float32), int64(onnxio.Bool), int64(onnxio.Uint8), int64(onnxio.Int32)

// Constants hold what their element type can: integers wrap, conditions are 0 or 1, real numbers are cut towards zero.
func TestElementTypes(t *testing.T) {
	for name, c := range map[string]struct {
		constant *onnxio.Tensor
		nodes    []onnxio.Node
		want     []float64
	}{
		"int64 to uint8":  {ints("c", 3, 257, -1), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", toUint8))}, []float64{3, 1, 255}},
		"int64 to bool":   {ints("c", 0, 7, -2), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", toBool))}, []float64{0, 1, 1}},
		"int32 overflow":  {integersOf("c", onnxio.Int32, []int{3}, 1<<30, 3, -1<<31), []onnxio.Node{node("Add", "d", in("c", "c"))}, []float64{-1 << 31, 6, 0}},
		"uint8 product":   {integersOf("c", onnxio.Uint8, []int{3}, 16, 15, 200), []onnxio.Node{node("Mul", "d", in("c", "c"))}, []float64{0, 225, 64}},
		"negative uint8":  {integersOf("c", onnxio.Uint8, []int{3}, 1, 0, 255), []onnxio.Node{node("Neg", "d", in("c"))}, []float64{255, 0, 1}},
		"float to int":    {floats("c", []int{3}, 1.9, -1.9, 0.5), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", toInt32))}, []float64{1, -1, 0}},
		"float to bool":   {floats("c", []int{3}, 0.5, 0, -3), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", toBool))}, []float64{1, 0, 1}},
		"division":        {ints("c", 7, -7, 9), []onnxio.Node{node("Div", "d", in("c", "two"))}, []float64{3, -3, 4}},
		"modulo":          {ints("c", 7, -7, 9), []onnxio.Node{node("Mod", "d", in("c", "four"))}, []float64{3, 1, 1}},
		"fmod":            {ints("c", 7, -7, 9), []onnxio.Node{node("Mod", "d", in("c", "four"), intAttr("fmod", 1))}, []float64{3, -3, 1}},
		"comparison":      {ints("c", 1, 2, 3), []onnxio.Node{node("GreaterOrEqual", "d", in("c", "two"))}, []float64{0, 1, 1}},
		"logic":           {ints("c", 1, 2, 3), []onnxio.Node{node("Less", "l", in("c", "two")), node("Equal", "e", in("c", "two")), node("Or", "o", in("l", "e")), node("Not", "d", in("o"))}, []float64{0, 0, 1}},
		"exclusive or":    {ints("c", 1, 2, 3), []onnxio.Node{node("Less", "l", in("c", "three")), node("Greater", "g", in("c", "one")), node("Xor", "d", in("l", "g"))}, []float64{1, 0, 1}},
		"choice":          {ints("c", 1, 2, 3), []onnxio.Node{node("Less", "l", in("c", "two")), node("Where", "d", in("l", "c", "four"))}, []float64{1, 4, 4}},
		"range of reals":  {ints("c", 0, 0, 0), []onnxio.Node{node("Range", "d", in("half", "end", "half"))}, []float64{0.5, 1, 1.5}},
		"int to float16":  {ints("c", 2049, 2051, 1), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", int64(onnxio.Float16)))}, []float64{2048, 2052, 1}},
		"int to bfloat16": {ints("c", 257, 259, 1), []onnxio.Node{node("Cast", "d", in("c"), intAttr("to", int64(onnxio.BFloat16)))}, []float64{256, 260, 1}},
		"real comparison": {floats("c", []int{3}, 0.25, 0.5, 0.75), []onnxio.Node{node("Greater", "d", in("c", "half"))}, []float64{0, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			scalars := []*onnxio.Tensor{c.constant, integersOf("one", onnxio.Int64, []int{}, 1), integersOf("two", onnxio.Int64, []int{}, 2),
				integersOf("three", onnxio.Int64, []int{}, 3), integersOf("four", onnxio.Int64, []int{}, 4), floats("half", []int{}, 0.5), floats("end", []int{}, 2)}
			nodes := append(slices.Clone(c.nodes), node("Cast", "f", in("d"), intAttr("to", toFloat)), node("Mul", "y", in("x", "f")))
			wantOutputs(t, model([]int64{3}, scalars, nodes...), []float64{1, 1, 1}, c.want)
		})
	}
}

// A weight that is cut to 16 bits is what these hold.
func TestNarrowedParameter(t *testing.T) {
	m := model([]int64{1}, []*onnxio.Tensor{floats("w", []int{1, 2}, 2049, 1.0001)}, node("Cast", "h", in("w"), intAttr("to", int64(onnxio.Float16))),
		node("Cast", "f", in("h"), intAttr("to", toFloat)), node("MatMul", "y", in("x", "f")))
	wantOutputs(t, m, []float64{1}, []float64{2048, 1})
}

// A number that its new type cannot hold is refused: what becomes of it is the runtime's choice.
func TestCastOutOfRange(t *testing.T) {
	m := model([]int64{1}, []*onnxio.Tensor{floats("c", []int{1}, 300)}, node("Cast", "d", in("c"), intAttr("to", toUint8)),
		node("Cast", "f", in("d"), intAttr("to", toFloat)), node("Mul", "y", in("x", "f")))
	if _, err := Compile(m, Options{}); err == nil || !strings.Contains(err.Error(), "300 is out of the range of uint8") {
		t.Errorf("%v", err)
	}
}

// However a ReLU is written, the network computes it.
func TestRectifiers(t *testing.T) {
	for name, m := range modeltest.Rectifiers() {
		t.Run(name, func(t *testing.T) {
			// x w = (2, 1, -4) for x = (1, 2); its positive part times v.
			wantOutputs(t, m, []float64{1, 2}, []float64{2*1 + 1*3, 2*2 + 1*4})
		})
	}
	// What only looks like one is computed as it is.
	m := model([]int64{3}, []*onnxio.Tensor{floats("some", []int{3}, 0, 0, 1)}, node("Max", "y", in("x", "some")))
	wantOutputs(t, m, []float64{-1, 2, -3}, []float64{0, 2, 1})
}

// A choice by a constant mask takes no part of what it leaves out, be it infinite.
func TestConstantMask(t *testing.T) {
	mask := integersOf("m", onnxio.Bool, []int{3}, 1, 0, 1)
	m := model([]int64{3}, []*onnxio.Tensor{mask, floats("c", []int{3}, 7, 8, 9)}, node("Where", "y", in("m", "x", "c")))
	wantOutputs(t, m, []float64{1, math.Inf(1), 3}, []float64{1, 8, 3})
}

// What rises with a probability belongs to the head, and the logits are before it.
func TestHeadsUnderFunctions(t *testing.T) {
	w := []*onnxio.Tensor{floats("w", []int{2, 3}, 1, 2, 3, 4, 5, 6), floats("w1", []int{2, 1}, 1, 2), floats("tiny", []int{}, 1e-6), floats("ones", []int{1}, 1), floats("one", []int{}, 1)}
	softmax, product := node("Softmax", "s", in("z"), intAttr("axis", 1)), node("MatMul", "z", in("x", "w"))
	for name, c := range map[string]struct {
		nodes   []onnxio.Node
		outputs int
	}{
		"log of softmax":        {[]onnxio.Node{product, softmax, node("Log", "y", in("s"))}, 3},
		"guarded log":           {[]onnxio.Node{product, softmax, node("Add", "g", in("s", "tiny")), node("Log", "y", in("g"))}, 3},
		"clamped softmax":       {[]onnxio.Node{product, softmax, node("Clip", "y", in("s", "tiny", "one"))}, 3},
		"exp of log-softmax":    {[]onnxio.Node{product, node("LogSoftmax", "s", in("z"), intAttr("axis", 1)), node("Exp", "y", in("s"))}, 3},
		"[1-p, p]":              {[]onnxio.Node{node("MatMul", "z", in("x", "w1")), node("Sigmoid", "p", in("z")), node("Sub", "q", in("ones", "p")), node("Concat", "y", in("q", "p"), intAttr("axis", 1))}, 1},
		"[p, 1-p] is no such":   {[]onnxio.Node{node("MatMul", "z", in("x", "w1")), node("Sigmoid", "p", in("z")), node("Sub", "q", in("ones", "p")), node("Concat", "y", in("p", "q"), intAttr("axis", 1))}, 2},
		"exp of the logits":     {[]onnxio.Node{product, node("Exp", "y", in("z"))}, 3},
		"softmax of no classes": {[]onnxio.Node{product, softmax}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			nodes := slices.Clone(c.nodes)
			nodes[len(nodes)-1].Outputs = []string{"y"}
			net, err := Compile(model([]int64{2}, w, nodes...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			stripped := net.logits.name == "MatMul_z"
			if want := !strings.Contains(name, "no such") && name != "exp of the logits"; stripped != want || net.Outputs != c.outputs {
				t.Errorf("logits %q, %d outputs", net.logits.name, net.Outputs)
			}
		})
	}
}

// An initializer that Identity nodes name apart is as many parameters as names.
func TestSharedInitializer(t *testing.T) {
	w := []*onnxio.Tensor{floats("w", []int{2, 2}, 1, 2, 3, 4)}
	net, err := Compile(model([]int64{2}, w, node("Identity", "own", in("w")), node("MatMul", "h", in("x", "w")), node("Relu", "r", in("h")), node("MatMul", "y", in("r", "own"))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRunner[float64](net, RunOptions{Parameters: true})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run(context.Background(), []float64{1, 1}, func(_, _ int, _, weight []float64) { weight[0], weight[1] = 1, 0 }, nil)
	if err != nil {
		t.Fatal(err)
	}
	// h = (4, 6); y0 = h0 w00 + h1 w10.
	want := map[string][]float64{"own": {4, 0, 6, 0}, "w": {1, 3, 1, 3}}
	for _, p := range r.Parameters() {
		if !slices.Equal(p.Gradient, want[p.Name]) {
			t.Errorf("%s: %v, want %v", p.Name, p.Gradient, want[p.Name])
		}
	}
}

// An output of a node that is not computed is refused where something reads it.
func TestOutputThatIsNotComputed(t *testing.T) {
	w := []*onnxio.Tensor{floats("s", []int{3}, 1, 2, 3)}
	norm := node("LayerNormalization", "n", in("x", "s"))
	norm.Outputs = []string{"n", "mean"}
	if _, err := Compile(model([]int64{3}, w, norm, node("Relu", "y", in("n"))), Options{}); err != nil {
		t.Error(err)
	}
	_, err := Compile(model([]int64{3}, w, norm, node("Sub", "y", in("n", "mean"))), Options{})
	if err == nil || !strings.Contains(err.Error(), `its output "mean" is not computed`) {
		t.Errorf("%v", err)
	}
}

// What is read is said: a set of operators that is not known, text that is needed, the precision that the model was made for.
func TestNotesAndTolerance(t *testing.T) {
	w := floats("w", []int{2, 2}, 1, 2, 3, 4)
	m := model([]int64{2}, []*onnxio.Tensor{w}, node("MatMul", "y", in("x", "w")))
	m.Opsets = []onnxio.Opset{{Version: 99}}
	net, err := Compile(m, Options{})
	if err != nil || !strings.Contains(strings.Join(net.Notes, "\n"), "operator set 99 is later than any that is known here") {
		t.Errorf("%v, %v", net, err)
	}
	if got := net.Tolerance(); got != 1e-4 {
		t.Errorf("float32: %v", got)
	}
	w.DType = onnxio.Float16
	if got := net.Tolerance(); !(got > 1e-3 && got < 1e-2) {
		t.Errorf("float16: %v", got)
	}
	text := &onnxio.Tensor{Name: "names", DType: onnxio.String, Shape: []int{2}, Strings: []string{"a", "b"}}
	m = model([]int64{2}, []*onnxio.Tensor{text}, node("Add", "y", in("x", "names")))
	if _, err := Compile(m, Options{}); err == nil || !strings.Contains(err.Error(), `"names" holds text`) {
		t.Errorf("%v", err)
	}
}
