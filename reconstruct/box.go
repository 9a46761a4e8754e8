package reconstruct

import "unlearnguard/graph/engine"

// box is the penalty that keeps particles images: the mean over particles and pixels of the squared distance of a pixel
// to [0, 1].
type box struct {
	engine  *engine.Engine[float32]
	m, r, n int
	basis   []float32 // r x n: span coordinates to pixels
	mean    []float32
	pixels  []float32 // m x n
	grad    []float32 // m x r
}

func newBox(d *descent) (*box, error) {
	e, err := engine.New[float32](engine.Options{Threads: 1})
	b := &box{engine: e, m: len(d.labels), r: d.span.rank(), n: d.problem.Inputs()}
	b.basis = d.span.pixelBasis(d.space)
	b.mean = make([]float32, b.n)
	narrow(b.mean, d.space.mean)
	b.pixels, b.grad = make([]float32, b.m*b.n), make([]float32, b.m*b.r)
	return b, err
}

// addGradient adds the penalty's gradient at particles z (m x r) to dst.
func (b *box) addGradient(dst []float64, z []float32) {
	for i := range b.m {
		copy(b.pixels[i*b.n:], b.mean)
	}
	b.engine.Gemm(false, false, b.m, b.n, b.r, 1, z, b.r, b.basis, b.n, 1, b.pixels, b.n)
	for i, v := range b.pixels {
		b.pixels[i] = min(v, 0) + max(v-1, 0)
	}
	weight := float32(2 * boxWeight / float64(b.m*b.n))
	b.engine.Gemm(false, true, b.m, b.r, b.n, weight, b.pixels, b.n, b.basis, b.n, 0, b.grad, b.r)
	for i, v := range b.grad {
		dst[i] += float64(v)
	}
}
