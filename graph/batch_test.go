package graph

import (
	"context"
	"slices"
	"testing"

	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

// A model that was exported for one batch size computes any number of samples one after the other, whether that size is a
// literal in it, part of its arithmetic, or no batch at all.
func TestStaticBatch(t *testing.T) {
	for name, m := range modeltest.StaticBatches() {
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
