package graph

import (
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A weight has a row for each output whichever way the file holds it, square ones too.
func TestWeightRows(t *testing.T) {
	wide := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	square := mat.NewDense(2, 2, []float64{1, 2, 3, 4})
	for _, want := range []*mat.Dense{wide, square} {
		outputs, inputs := want.Dims()
		signals := []float64{1, -2}
		var gradient mat.VecDense
		gradient.MulVec(want.T(), mat.NewVecDense(2, signals))
		l := LayerPass[float64]{Layer: &Layer{Output: []int{1, outputs}}, Signals: signals, InputGradient: gradient.RawVector().Data}
		straight := Parameter[float64]{Shape: []int{outputs, inputs}, Value: want.RawMatrix().Data}
		turned := Parameter[float64]{Shape: []int{inputs, outputs}, Value: mat.DenseCopyOf(want.T()).RawMatrix().Data}
		for _, p := range []Parameter[float64]{straight, turned} {
			if got := l.WeightRows(p); !mat.Equal(got, want) {
				t.Errorf("stored as %v: %v, want %v", p.Shape, mat.Formatted(got), mat.Formatted(want))
			}
		}
	}
}
