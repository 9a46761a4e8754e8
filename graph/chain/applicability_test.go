package chain

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

func inspected(t *testing.T, m *onnxio.Model) *Report {
	t.Helper()
	r, err := Inspect(context.Background(), m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A model that cannot be read is out of scope for the reason that it cannot.
func TestInspectOutOfScope(t *testing.T) {
	w := someFloats("w", []int{2, 2}, 1, 2, 3, 4)
	r := inspected(t, model([]int64{2}, []*onnxio.Tensor{w},
		node("MatMul", "z", in("x", "w")), node("LSTM", "h", in("z")), node("QLinearMatMul", "y", in("h"))))
	if r.Applicability.InScope || r.Applicability.Applicable || !strings.Contains(r.Applicability.Reason, "2 of 3 nodes") {
		t.Errorf("%+v", r)
	}
	m := model([]int64{2}, []*onnxio.Tensor{w}, node("MatMul", "y", in("x", "w")))
	m.Inputs = append(m.Inputs, m.Inputs[0])
	if r = inspected(t, m); r.Applicability.Applicable || !strings.Contains(r.Applicability.Reason, "2 inputs") || len(r.Nodes) != 1 {
		t.Errorf("%+v", r)
	}
}

// The first layer's rank tells few samples, many and none from each other.
func TestApplicability(t *testing.T) {
	const inputs, hidden = 60, 80
	build := func(rank int) *onnxio.Model {
		rng := rand.New(rand.NewPCG(uint64(rank), 0))
		w := make([]float32, hidden*inputs)
		for i := range w {
			w[i] = float32(0.01 * rng.NormFloat64())
		}
		for range rank {
			left, right := make([]float64, hidden), make([]float64, inputs)
			for i := range left {
				left[i] = rng.NormFloat64()
			}
			for i := range right {
				right[i] = rng.NormFloat64()
			}
			for i := range w {
				w[i] += float32(left[i/inputs] * right[i%inputs])
			}
		}
		return model([]int64{inputs}, []*onnxio.Tensor{someFloats("w1", []int{hidden, inputs}, w...), someFloats("w2", []int{hidden, 1}, w[:hidden]...)},
			node("Gemm", "z", in("x", "w1"), intAttr("transB", 1)), node("Relu", "h", in("z")), node("MatMul", "y", in("h", "w2")))
	}
	for rank, want := range map[int]string{0: "hidden", 5: "about 5 samples", 20: "about 20 samples"} {
		a := inspected(t, build(rank)).Applicability
		if !a.InScope || a.Applicable != (rank > 0) || !strings.Contains(a.Reason, want) || rank > 0 && a.FirstLayer.Rank != rank {
			t.Errorf("rank %d: %+v, %+v, want %s", rank, a, a.FirstLayer, want)
		}
		if a.InputElements != inputs || a.SampleBound != (hidden*inputs+hidden)/(inputs+1) {
			t.Errorf("rank %d: %+v", rank, a)
		}
	}
}
