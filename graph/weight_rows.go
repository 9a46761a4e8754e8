package graph

import (
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// WeightRows is the layer's weight, a parameter of two dimensions or more, with a row for each of its outputs or filters. Filters
// come that way; the file may hold the weight of a fully connected layer either way, which its shape tells or, where it is
// square, the pass.
func (l LayerPass[T]) WeightRows(p Parameter[T]) *mat.Dense {
	values := vectorOf(p.Value).RawVector().Data
	w := mat.NewDense(p.Shape[0], len(values)/p.Shape[0], values)
	if len(p.Shape) > 2 {
		return w
	}
	outputs := l.Output[len(l.Output)-1]
	rows, columns := w.Dims()
	if rows != columns && columns == outputs || rows == columns && !l.adjoint(w) {
		return mat.DenseCopyOf(w.T())
	}
	return w
}

// adjoint says whether the gradient by the layer's input is W^T times that by its result, rather than W times that.
func (l LayerPass[T]) adjoint(w *mat.Dense) bool {
	n, _ := w.Dims()
	if len(l.Signals) < n || len(l.InputGradient) < n {
		return true
	}
	signal, gradient := vectorOf(l.Signals[:n]), vectorOf(l.InputGradient[:n])
	var straight, transposed mat.VecDense
	straight.MulVec(w.T(), signal)
	transposed.MulVec(w, signal)
	straight.SubVec(&straight, gradient)
	transposed.SubVec(&transposed, gradient)
	return mat.Norm(&straight, 2) <= mat.Norm(&transposed, 2)
}

func vectorOf[T engine.Float](x []T) *mat.VecDense {
	v := mat.NewVecDense(len(x), nil)
	for i, e := range x {
		v.SetVec(i, float64(e))
	}
	return v
}
