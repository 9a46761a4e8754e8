package graph

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"unlearnguard/onnxio"
)

func inspected(t *testing.T, m *onnxio.Model) *Report {
	t.Helper()
	r, err := Inspect(context.Background(), m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInspectCountsAndShapes(t *testing.T) {
	r := inspected(t, model([]int64{1, 2, 2},
		[]*onnxio.Tensor{
			floats("mean", []int{1, 2, 2}, 1, 2, 3, 4), ints("flat", -1, 4),
			floats("w1", []int{3, 4}, make([]float32, 12)...), floats("b1", []int{3}, 1, 2, 3),
			floats("w2", []int{3, 2}, 1, 2, 3, 4, 5, 6), floats("unused", []int{5}, 1, 2, 3, 4, 5),
		},
		node("Sub", "c", in("x", "mean")),
		node("Reshape", "f", in("c", "flat")),
		node("Gemm", "z", in("f", "w1", "b1"), intAttr("transB", 1)),
		node("Relu", "h", in("z")),
		node("MatMul", "logits", in("h", "w2")),
		node("Softmax", "y", in("logits")),
		node("Neg", "dead", in("unused")),
	))
	want := []NodeReport{
		{"Sub_c", "Sub", "[batch, 1, 2, 2]", 0},
		{"Reshape_f", "Reshape", "[batch, 4]", 0},
		{"Gemm_z", "Gemm", "[batch, 3]", 15},
		{"Relu_h", "Relu", "[batch, 3]", 0},
		{"MatMul_logits", "MatMul", "[batch, 2]", 6},
		{"Softmax_y", "Softmax", "[batch, 2]", 0},
		{"Neg_dead", "Neg", "", 0},
	}
	if diff := cmp.Diff(want, r.Nodes); diff != "" {
		t.Errorf("nodes (-want +got)\n%s", diff)
	}
	if r.Parameters != 21 || r.Outputs != 2 || !cmp.Equal(r.Head, []string{"Softmax"}) || !cmp.Equal(r.InputShape, []int{1, 2, 2}) {
		t.Errorf("%d parameters, %d outputs, head %v, input %v", r.Parameters, r.Outputs, r.Head, r.InputShape)
	}
	if got, want := r.File.Inputs[0].String(), "x [float32, batch x 1 x 2 x 2]"; got != want {
		t.Errorf("input %q, want %q", got, want)
	}
	if r.Homogeneity.Verdict != Homogeneous || r.Homogeneity.Degree != 2 || *r.Homogeneity.Deviation > agreed {
		t.Errorf("%s of degree %v, deviation %v", r.Homogeneity.Verdict, r.Homogeneity.Degree, *r.Homogeneity.Deviation)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

// A model out of scope is reported on as far as it goes, with every obstacle and a way out of each.
func TestInspectOutOfScope(t *testing.T) {
	w := floats("w", []int{2, 2}, 1, 2, 3, 4)
	r := inspected(t, model([]int64{2}, []*onnxio.Tensor{w},
		node("MatMul", "z", in("x", "w")), node("LSTM", "h", in("z")), node("QLinearMatMul", "y", in("h"))))
	if len(r.Unsupported) != 2 || r.Homogeneity != nil || r.Network != nil || r.Nodes[0].Shape != "[batch, 2]" || r.Parameters != 4 {
		t.Errorf("%+v", r)
	}
	for _, f := range r.Unsupported {
		if f.Advice == "" {
			t.Errorf("no way out of %v", f)
		}
	}
	m := model([]int64{2}, []*onnxio.Tensor{w}, node("MatMul", "y", in("x", "w")))
	m.Inputs = append(m.Inputs, m.Inputs[0])
	if r = inspected(t, m); r.Network != nil || !strings.Contains(r.Unreadable, "2 inputs") || len(r.Nodes) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestCheck(t *testing.T) {
	net, err := Compile(model([]int64{2}, []*onnxio.Tensor{floats("w", []int{2, 1}, 1, 10)}, node("MatMul", "y", in("x", "w"))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Check(context.Background(), []float64{1, 1, 2, 2}, []float64{11, 22.011})
	if err != nil {
		t.Fatal(err)
	}
	near := func(got, want float64) bool { return got > 0.999*want && got < 1.001*want }
	if c.Samples != 2 || !near(c.MaxAbsError, 0.011) || !near(c.MaxRelError, 0.011/22.011) || !near(c.MaxScaledError, 0.011/22.011) || c.Passed {
		t.Errorf("%+v", c)
	}
	text, err := json.Marshal(c)
	if err != nil || !strings.Contains(string(text), `"max_abs_error":0.01`) {
		t.Errorf("%s, %v", text, err)
	}
	if _, err := net.Check(context.Background(), []float64{1, 1}, []float64{11, 22}); err == nil {
		t.Error("a reference of another length is not refused")
	}
}

func TestHeads(t *testing.T) {
	w := []*onnxio.Tensor{floats("w", []int{2, 1}, 1, 2), floats("v", []int{2, 3}, 1, 2, 3, 4, 5, 6), ints("one", 1)}
	for name, m := range map[string]struct {
		m       *onnxio.Model
		head    []string
		outputs int
	}{
		"sigmoid, squeezed": {model([]int64{2}, w, node("MatMul", "z", in("x", "w")), node("Sigmoid", "p", in("z")), node("Squeeze", "y", in("p", "one"))), []string{"Sigmoid"}, 1},
		"log of softmax":    {model([]int64{2}, w, node("MatMul", "z", in("x", "v")), node("Softmax", "p", in("z")), node("Log", "y", in("p"))), []string{"Softmax"}, 3},
		"choice":            {model([]int64{2}, w, node("MatMul", "z", in("x", "v")), node("Softmax", "p", in("z")), node("ArgMax", "y", in("p"), intAttr("axis", 1))), []string{"Softmax", "ArgMax"}, 3},
		"none":              {model([]int64{2}, w, node("MatMul", "y", in("x", "v"))), nil, 3},
	} {
		net, err := Compile(m.m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m.head, net.Head); diff != "" || net.Outputs != m.outputs || len(net.Notes) != len(m.head) {
			t.Errorf("%s: %d outputs, notes %q, head (-want +got)\n%s", name, net.Outputs, net.Notes, diff)
		}
	}
}

// Every node that cannot be read is named at once.
func TestCompileNamesEveryUnsupportedNode(t *testing.T) {
	m := model([]int64{2}, nil, node("Warp", "a", in("x")), node("Relu", "b", in("a")), node("Twist", "y", in("b")))
	m.Nodes[1].Domain = "evil.example"
	_, err := Compile(m, Options{})
	unsupported, ok := err.(*UnsupportedError)
	if !ok || len(unsupported.Findings) != 3 {
		t.Fatalf("error %v, want an UnsupportedError with three findings", err)
	}
	for i, op := range []string{"Warp", "evil.example.Relu", "Twist"} {
		if f := unsupported.Findings[i]; f.Op != op || f.Advice == "" {
			t.Errorf("finding %d is %v, want one about %s with advice", i, f, op)
		}
	}
}
