package imprint

import (
	"errors"

	"unlearnguard/graph/engine"
)

// whitening is the inner product u' N^-1 v in the metric N = S + penalty I, where S is the scatter sum d d' of reference
// vectors d. With fewer references than elements it is found from the references' Gram matrix (Woodbury's identity):
//
//	u' N^-1 v = (u'v - (D u)' (penalty I + D D')^-1 (D v)) / penalty.
type whitening struct {
	engine  *engine.Engine[float64]
	penalty float64
	// references are the rows of D, count x width.
	references   []float64
	count, width int
	// factor is the inverse of the Cholesky factor L of N, or of penalty I + D D': rank x rank, lower triangular.
	factor []float64
	rank   int
	dual   bool
}

var errNoSpread = errors.New("all reference images are the same to it")

// newWhitening takes the rows of count reference vectors; ridge is the share of their mean variance that is added.
func newWhitening(e *engine.Engine[float64], references []float64, count, width int, ridge float64) (*whitening, error) {
	trace := e.Dot(references, references)
	if !(trace > 0) {
		return nil, errNoSpread
	}
	w := &whitening{engine: e, references: references, count: count, width: width, penalty: ridge * trace / float64(width), dual: count < width}
	w.rank = min(count, width)
	gram := make([]float64, w.rank*w.rank)
	if w.dual {
		e.Gemm(false, true, count, count, width, 1, references, width, references, width, 0, gram, count)
	} else {
		e.Gemm(true, false, width, width, count, 1, references, width, references, width, 0, gram, width)
	}
	for i := range w.rank {
		gram[i*w.rank+i] += w.penalty
	}
	factor, err := engine.InverseFactor(e, gram, w.rank)
	if err != nil {
		return nil, err
	}
	w.factor = factor
	return w, nil
}

// embed gives vectors, n rows of them, a form whose plain inner products make up those of the metric.
func (w *whitening) embed(rows []float64, n int) embedding {
	source := rows
	if w.dual {
		source = make([]float64, n*w.count)
		w.engine.Gemm(false, true, n, w.count, w.width, 1, rows, w.width, w.references, w.width, 0, source, w.count)
	}
	inner := make([]float64, n*w.rank)
	w.engine.Gemm(false, true, n, w.rank, w.rank, 1, source, w.rank, w.factor, w.rank, 0, inner, w.rank)
	return embedding{w, rows, inner}
}

// solve gives N^-1 v for each of n rows v.
func (w *whitening) solve(e embedding, n int) []float64 {
	// With y = L^-1 u, (L L')^-1 u = L'^-1 y.
	half := make([]float64, n*w.rank)
	w.engine.Gemm(false, false, n, w.rank, w.rank, 1, e.inner, w.rank, w.factor, w.rank, 0, half, w.rank)
	if !w.dual {
		return half
	}
	out := make([]float64, n*w.width)
	w.engine.Gemm(false, false, n, w.width, w.count, -1, half, w.count, w.references, w.width, 0, out, w.width)
	for i, v := range e.rows {
		out[i] = (v + out[i]) / w.penalty
	}
	return out
}

// embedding is n vectors as embed gives them.
type embedding struct {
	w           *whitening
	rows, inner []float64
}

// product is u' N^-1 v of the i-th vector of u and the k-th of v.
func product(u embedding, i int, v embedding, k int) float64 {
	w := u.w
	dot := w.engine.Dot(u.inner[i*w.rank:(i+1)*w.rank], v.inner[k*w.rank:(k+1)*w.rank])
	if !w.dual {
		return dot
	}
	return (w.engine.Dot(u.rows[i*w.width:(i+1)*w.width], v.rows[k*w.width:(k+1)*w.width]) - dot) / w.penalty
}

// products are those of n vectors of u with m of v: n x m.
func products(u embedding, n int, v embedding, m int) []float64 {
	w := u.w
	k := make([]float64, n*m)
	w.engine.Gemm(false, true, n, m, w.rank, 1, u.inner, w.rank, v.inner, w.rank, 0, k, m)
	if w.dual {
		w.engine.Gemm(false, true, n, m, w.width, 1/w.penalty, u.rows, w.width, v.rows, w.width, -1/w.penalty, k, m)
	}
	return k
}
