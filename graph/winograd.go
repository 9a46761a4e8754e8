package graph

import "unlearnguard/graph/engine"

// winograd computes convolutions with a 3x3 kernel at stride 1 by Winograd's F(2x2, 3x3), which needs 2.25 times fewer
// multiplications than patches do: samples and results are cut into tiles of 4x4 and 2x2 pixels, and a product of tiles by
// weights is computed for each of the 16 elements of a transformed tile. Reverse is the adjoint of every transform.
type winograd[T engine.Float] struct {
	*site[T]
	samples, channels, filters int
	x, y                       plane
	// down and across are the numbers of tiles.
	down, across int
}

// products is the number of a transformed tile's.
const products = 16

// suitsWinograd says whether the transforms apply. They take whole vectors of channels, and pay from 16 on.
func (o convolution) suitsWinograd(x, w []int) bool {
	return o.groups == 1 && len(x) == 4 && x[1]%engine.WinogradUnit == 0 && w[0]%engine.WinogradUnit == 0 &&
		o.kernel[0] == 3 && o.kernel[1] == 3 && o.stride[0] == 1 && o.stride[1] == 1 && o.dilation[0] == 1 && o.dilation[1] == 1
}

func newWinograd[T engine.Float](o convolution, s *site[T]) *winograd[T] {
	x, y := s.in[0].shape, s.out.shape
	w := &winograd[T]{site: s, samples: x[0], channels: x[1], filters: y[1], down: (y[2] + 1) / 2, across: (y[3] + 1) / 2}
	w.x = plane{x[2], x[3], o.before[0], o.before[1], 2*w.down + 2, 2*w.across + 2}
	w.y = plane{y[2], y[3], 0, 0, 2 * w.down, 2 * w.across}
	return w
}

func (w *winograd[T]) retains(i int) bool {
	return i == 0 && w.in[1].wanted || i == 1 && w.in[0].wanted
}

// weights are the transformed weight's elements, packed for the forward or the reverse product.
func (w *winograd[T]) weights(reversed bool) []engine.Right[T] {
	return w.in[1].packedAs(packing{packedWinograd, w.filters, reversed}, products, func(operands []engine.Right[T]) { w.pack(operands, reversed) })
}

func (w *winograd[T]) pack(operands []engine.Right[T], reversed bool) {
	c, f := w.channels, w.filters
	u := w.crew.lanes[0].scratch(scratchWeight, products*f*c)
	w.crew.split(f, max(1, worthwhile/(products*c)), func(l *lane[T], lo, hi int) {
		kernel := l.scratch(scratchKernel, 9*c)
		for i := lo; i < hi; i++ {
			l.engine.Transpose(c, 9, w.in[1].data[i*c*9:], 9, kernel, c)
			l.engine.Winograd(engine.WinogradWeight, 1, c, engine.Squares[T]{Data: kernel, Row: 3 * c, Col: c}, engine.Squares[T]{Data: u[i*c:], Row: 4 * f * c, Col: f * c})
		}
	})
	for e := range products {
		if reversed {
			w.crew.engine.PackRight(&operands[e], false, f, c, u[e*f*c:(e+1)*f*c], c)
		} else {
			w.crew.engine.PackRight(&operands[e], true, c, f, u[e*f*c:(e+1)*f*c], c)
		}
	}
}

func (w *winograd[T]) forward() {
	weights := w.weights(false)
	samples, _ := w.chunkSize()
	w.chunks((w.samples+samples-1)/samples, func(_ int, c chunk[T]) {
		v := c.transformed(engine.WinogradInput, scratchTiles, w.x, scratchSample, w.in[0].data, w.channels)
		m := c.multiply(scratchProduct, v, w.channels, weights, w.filters)
		c.collect(engine.WinogradOutput, m, w.y, w.out.data, 0, w.filters)
	})
}

// reverse is the adjoint of forward: with M = V U for the transforms V of the tiles and U of the weight, V's gradient is
// that of M times U^T and U's is V^T times that of M, and all transforms are linear.
func (w *winograd[T]) reverse() {
	byInput, byWeight := w.in[0].wanted, w.in[1].wanted
	var grad []T
	var beta T
	var reversed []engine.Right[T]
	if byInput {
		reversed = w.weights(true)
		grad, beta = w.in[0].accumulate()
	}
	samples := w.samples
	if w.wide() {
		samples = 1 // in one part, on all threads
	}
	sums := newPartSums(w.crew, samples, products*w.channels*w.filters, byWeight)
	w.chunks(sums.parts, func(part int, c chunk[T]) {
		dm := c.transformed(engine.WinogradOutputAdjoint, scratchProduct, w.y, scratchGradient, w.out.grad, w.filters)
		if byWeight {
			v := c.transformed(engine.WinogradInput, scratchTiles, w.x, scratchSample, w.in[0].data, w.channels)
			c.addProducts(sums.of(part), dm, v)
		}
		if byInput {
			dv := c.multiply(scratchTiles, dm, w.filters, reversed, w.channels)
			c.collect(engine.WinogradInputAdjoint, dv, w.x, grad, beta, w.channels)
		}
		if byWeight && c.ends {
			sums.add(c.lane, part)
		}
	})
	if byWeight {
		w.addWeights(sums.total())
	}
}

// addWeights transforms the sum of the gradients of the transformed weight back.
func (w *winograd[T]) addWeights(sum []T) {
	grad, beta := w.in[1].accumulate()
	k, all := w.channels, w.channels*w.filters
	w.crew.split(w.filters, max(1, worthwhile/(products*k)), func(l *lane[T], lo, hi int) {
		kernel, back := l.scratch(scratchKernel, 9*k), l.scratch(scratchBack, 9*k)
		for f := lo; f < hi; f++ {
			l.engine.Winograd(engine.WinogradWeightAdjoint, 1, k, engine.Squares[T]{Data: sum[f*k:], Row: 4 * all, Col: all}, engine.Squares[T]{Data: kernel, Row: 3 * k, Col: k})
			to := grad[f*9*k : (f+1)*9*k]
			if beta == 0 {
				l.engine.Transpose(9, k, kernel, k, to, 9)
				continue
			}
			l.engine.Transpose(9, k, kernel, k, back, 9)
			l.engine.Axpy(to, 1, back)
		}
	})
}
