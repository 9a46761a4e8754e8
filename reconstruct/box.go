package reconstruct

import "unlearnguard/graph/engine"

// box is the penalty that keeps particles images: the mean over particles and pixels of the squared distance of a pixel
// to [0, 1].
type box[T engine.Float] struct {
	engine  *engine.Engine[T]
	m, r, n int
	basis   []T // r x n: span coordinates to pixels
	mean    []T
	pixels  []T // m x n
	grad    []T // m x r
}

func newBox[T engine.Float](d *descent, o engine.Options) (*box[T], error) {
	e, err := engine.New[T](o)
	b := &box[T]{engine: e, m: len(d.labels), r: d.span.rank(), n: d.problem.Inputs()}
	b.basis = pixelBasis[T](d.span, d.space)
	b.mean = make([]T, b.n)
	convert(b.mean, d.space.mean)
	b.pixels, b.grad = make([]T, b.m*b.n), make([]T, b.m*b.r)
	return b, err
}

// addGradient adds the penalty's gradient at particles z (m x r) to dst.
func (b *box[T]) addGradient(dst []float64, z []T) {
	for i := range b.m {
		copy(b.pixels[i*b.n:], b.mean)
	}
	b.engine.Gemm(false, false, b.m, b.n, b.r, 1, z, b.r, b.basis, b.n, 1, b.pixels, b.n)
	for i, v := range b.pixels {
		b.pixels[i] = min(v, 0) + max(v-1, 0)
	}
	weight := T(2 * boxWeight / float64(b.m*b.n))
	b.engine.Gemm(false, true, b.m, b.r, b.n, weight, b.pixels, b.n, b.basis, b.n, 0, b.grad, b.r)
	for i, v := range b.grad {
		dst[i] += float64(v)
	}
}
