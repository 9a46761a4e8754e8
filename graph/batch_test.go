package graph

import (
	"context"
	"slices"
	"testing"

	"unlearnguard/onnxio"
)

// staticBatch fixes the batch size of a model.
func staticBatch(m *onnxio.Model, n int64) *onnxio.Model {
	m.Inputs[0].Shape[0] = onnxio.Dim{Size: n}
	return m
}

// A model that was exported for one batch size computes any number of samples one after the other, whether that size is a
// literal in it, part of its arithmetic, or no batch at all.
func TestStaticBatch(t *testing.T) {
	w := []*onnxio.Tensor{floats("w", []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8), ints("flat", 1, 4), ints("line", -1), ints("zero", 0)}
	product := node("MatMul", "y", in("f", "w"))
	for name, m := range map[string]*onnxio.Model{
		"literal":         staticBatch(model([]int64{2, 2}, w, node("Reshape", "f", in("x", "flat")), product), 1),
		"one long vector": staticBatch(model([]int64{2, 2}, w, node("Reshape", "f", in("x", "line")), product), 1),
		"squeezed batch":  staticBatch(model([]int64{4}, w, node("Squeeze", "f", in("x", "zero")), product), 1),
		"open":            model([]int64{2, 2}, w, node("Reshape", "f", in("x", "flat")), product),
		"two samples":     staticBatch(model([]int64{4}, w, node("Identity", "f", in("x")), product), 2),
		"no batch":        staticBatch(model([]int64{}, w, node("Identity", "f", in("x")), product), 4),
		"matrix":          staticBatch(model([]int64{2}, w, node("Reshape", "f", in("x", "flat")), product), 2),
	} {
		t.Run(name, func(t *testing.T) {
			net, err := Compile(m, Options{})
			if err != nil {
				t.Fatal(err)
			}
			e, err := net.Evaluator(EvaluatorOptions{})
			if err != nil {
				t.Fatal(err)
			}
			x := []float64{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}
			got, err := e.Run(context.Background(), x)
			if want := []float64{1, 2, 3, 4, 5, 6}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%v (%v), want %v", got, err, want)
			}
			if net.Outputs != 2 {
				t.Errorf("%d outputs, want 2: %v", net.Outputs, net.Classifier())
			}
			d, err := net.Dense()
			if err != nil {
				t.Fatal(err)
			}
			wantLayer(t, d.Layers[0], 2, 4, []float64{1, 3, 5, 7, 2, 4, 6, 8}, nil)
		})
	}
}

// A network that mixes the samples of its batch works at that size alone.
func TestBatchThatIsMixed(t *testing.T) {
	w := []*onnxio.Tensor{floats("w", []int{2, 2}, 1, 2, 3, 4), ints("zero", 0)}
	m := staticBatch(model([]int64{2}, w,
		node("ReduceMean", "mean", in("x"), intsAttr("axes", 0)), node("Sub", "c", in("x", "mean")), node("MatMul", "y", in("c", "w"))), 2)
	net, err := Compile(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	e, err := net.Evaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Run(context.Background(), []float64{1, 0, 0, 1, 2, 0, 0, 2})
	if want := []float64{-1, -1, 1, 1, -2, -2, 2, 2}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v (%v), want %v", got, err, want)
	}
	if _, err := e.Run(context.Background(), []float64{1, 0}); err == nil {
		t.Error("half a batch is not refused")
	}
	if _, err := net.Dense(); err == nil {
		t.Error("a network that mixes samples is extracted")
	}
}

func TestInputShapeCompletesTheFile(t *testing.T) {
	m := model([]int64{-1}, []*onnxio.Tensor{floats("w", []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8)},
		node("Softmax", "p", in("x")), node("MatMul", "y", in("p", "w")))
	if _, err := Compile(m, Options{}); err == nil {
		t.Error("an open dimension is not reported")
	}
	net, err := Compile(m, Options{InputShape: []int{4}})
	if err != nil || net.Outputs != 2 {
		t.Errorf("%v, %v, want a network with 2 outputs", net, err)
	}
	if _, err := Compile(m, Options{InputShape: []int{2, 2}}); err == nil {
		t.Error("a sample of another rank is not refused")
	}
}
