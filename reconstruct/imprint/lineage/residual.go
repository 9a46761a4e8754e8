package lineage

import (
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// withoutLearnt removes from the rows of both the directions that stand above the noise in either: what is left is mostly what
// training left of the initial values. It is nil, nil where nearly nothing would be left.
func withoutLearnt(before, after *mat.Dense) (b, a *mat.Dense) {
	if !decomposable(before) || !decomposable(after) {
		return nil, nil
	}
	var learnt [2]*mat.Dense
	engine.Share(2, 2, func(next func() (int, bool)) {
		for i, ok := next(); ok; i, ok = next() {
			learnt[i] = chain.NoiseSpan([]*mat.Dense{before, after}[i]).V
		}
	})
	basis := orthonormal(learnt[0], learnt[1])
	rows, width := before.Dims()
	_, rank := basis.Dims()
	if left := min(rows, width) - rank; float64(left) < leastLeft*float64(min(rows, width)) || left < 2 {
		return nil, nil
	}
	return outside(before, basis), outside(after, basis)
}

func decomposable(w *mat.Dense) bool {
	rows, columns := w.Dims()
	return min(rows, columns) <= mostDecomposed && mat.Norm(w, 2) > 0
}

// orthonormal is a basis of the space that the columns of a and b span.
func orthonormal(a, b *mat.Dense) *mat.Dense {
	height, na := a.Dims()
	_, nb := b.Dims()
	out := mat.NewDense(height, min(na+nb, height), nil)
	rank := 0
	for k := range na + nb {
		v := mat.NewVecDense(height, nil)
		if k < na {
			v.CopyVec(a.ColView(k))
		} else {
			v.CopyVec(b.ColView(k - na))
		}
		for range 2 { // twice is enough (Giraud et al. 2005)
			if rank > 0 {
				q := out.Slice(0, height, 0, rank)
				var c, back mat.VecDense
				c.MulVec(q.T(), v)
				back.MulVec(q, &c)
				v.SubVec(v, &back)
			}
		}
		if n := mat.Norm(v, 2); n > 1e-6 && rank < height {
			v.ScaleVec(1/n, v)
			out.SetCol(rank, v.RawVector().Data)
			rank++
		}
	}
	return mat.DenseCopyOf(out.Slice(0, height, 0, rank))
}

// outside is w less its rows' projection onto the orthonormal columns of the basis.
func outside(w *mat.Dense, basis mat.Matrix) *mat.Dense {
	var coefficients, out mat.Dense
	coefficients.Mul(w, basis)
	out.Mul(&coefficients, basis.T())
	out.Sub(w, &out)
	return &out
}
