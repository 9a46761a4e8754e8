package reconstruct

import (
	"gonum.org/v1/gonum/blas/blas32"

	"unlearnguard/graph/engine"
)

// box is the penalty that keeps particles images: the mean over particles and pixels of the squared distance of a pixel
// to [0, 1].
type box struct {
	engine *engine.Engine[float32]
	basis  blas32.General // r x d, rows scaled to pixels
	mean   []float32
	pixels blas32.General // m x d
	grad   blas32.General // m x r
	weight float32
}

func newBox(e *engine.Engine[float32], d *descent) *box {
	r, n := d.span.rank(), d.problem.Inputs()
	b := &box{engine: e, basis: dense32(r, n), mean: make([]float32, n), pixels: dense32(d.m, n), grad: dense32(d.m, r)}
	for i := range r {
		for j := range n {
			b.basis.Data[i*n+j] = float32(d.span.basis.At(i, j) * d.space.std[j])
		}
	}
	for j, v := range d.space.mean {
		b.mean[j] = float32(v)
	}
	b.weight = float32(boxWeight * 2 / float64(d.m*n))
	return b
}

// addGradient adds the penalty's gradient at particles z (m x r) to dst.
func (b *box) addGradient(dst []float64, z blas32.General) {
	n := b.pixels.Cols
	for i := range b.pixels.Rows {
		copy(b.pixels.Data[i*n:], b.mean)
	}
	multiply(b.engine, false, false, 1, z, b.basis, 1, b.pixels)
	for i, v := range b.pixels.Data {
		switch {
		case v > 1:
			b.pixels.Data[i] = v - 1
		case v > 0:
			b.pixels.Data[i] = 0
		}
	}
	multiply(b.engine, false, true, b.weight, b.pixels, b.basis, 0, b.grad)
	for i, v := range b.grad.Data {
		dst[i] += float64(v)
	}
}
