package graph

import "unlearnguard/graph/engine"

// convolving multiplies patches by the weight. Samples are taken channels last, so that a patch is a few long pieces of
// the sample, and patches of many samples are the rows of one matrix.
type convolving[T engine.Float] struct {
	*site[T]
	groups int
	// samples, channels and filters of a group, positions of the window, elements of a channel's plane and of the kernel.
	samples, channels, filters, places, plane, kernel int
	// pieces are those of each position's patch, in order.
	pieces [][]piece

	// In a reverse pass: the packed weight, the gradient by the input, and whether to add to it.
	reversed []engine.Right[T]
	grad     []T
	beta     T
}

// piece is n pixels of a sample that stand together in a patch, from pixel `from` of the plane on; -1 for padding.
type piece struct{ from, n int }

func convolveAt[T engine.Float](o convolution) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		x, w := s.in[0].shape, s.in[1].shape
		if o.suitsWinograd(x, w) {
			return newWinograd(o, s)
		}
		if o.suitsUnfolding(w, s.out.shape) {
			return newUnfolding(o, s)
		}
		c := &convolving[T]{
			site: s, groups: o.groups, samples: x[0], channels: w[1], filters: w[0] / o.groups,
			places: volume(s.out.shape[2:]), plane: volume(x[2:]), kernel: volume(o.kernel),
		}
		offsets := o.offsets(x[2:], s.out.shape[2:])
		for p := range c.places {
			c.pieces = append(c.pieces, pieces(offsets[p*c.kernel:(p+1)*c.kernel], o.groups == 1))
		}
		return c
	}
}

// pieces joins neighbours.
func pieces(offsets []int, join bool) []piece {
	var out []piece
	for _, o := range offsets {
		last := len(out) - 1
		switch {
		case join && last >= 0 && o < 0 && out[last].from < 0:
			out[last].n++
		case join && last >= 0 && o >= 0 && out[last].from >= 0 && out[last].from+out[last].n == o:
			out[last].n++
		default:
			out = append(out, piece{o, 1})
		}
	}
	return out
}

func (c *convolving[T]) retains(i int) bool {
	return i == 0 && c.in[1].wanted || i == 1 && c.in[0].wanted
}

// patch is the length of a patch of one group.
func (c *convolving[T]) patch() int { return c.kernel * c.channels }

// weights are the weight of each group with a patch's elements channels last, packed for the forward or the reverse product.
func (c *convolving[T]) weights(reversed bool) []engine.Right[T] {
	return c.in[1].packedAs(packing{packedPatches, c.groups, reversed}, c.groups, func(operands []engine.Right[T]) { c.pack(operands, reversed) })
}

func (c *convolving[T]) pack(operands []engine.Right[T], reversed bool) {
	w, k := c.in[1].data, c.patch()
	ordered := c.crew.lanes[0].scratch(scratchWeight, len(w))
	for f := range c.groups * c.filters {
		c.crew.engine.Transpose(c.channels, c.kernel, w[f*k:(f+1)*k], c.kernel, ordered[f*k:(f+1)*k], c.channels)
	}
	for g := range c.groups {
		part := ordered[g*c.filters*k : (g+1)*c.filters*k]
		if reversed {
			c.crew.engine.PackRight(&operands[g], false, c.filters, k, part, k)
		} else {
			c.crew.engine.PackRight(&operands[g], true, k, c.filters, part, k)
		}
	}
}

// patchBudget is how many numbers the patches that are multiplied at a time hold: they stay in the second-level cache.
const patchBudget = 1 << 17

// block is how many positions are multiplied at a time: whole samples, or a part of one.
func (c *convolving[T]) block() (samples, places int) {
	whole := c.places * c.patch() * c.groups
	if whole <= patchBudget {
		return max(1, min(c.samples, patchBudget/whole)), c.places
	}
	return 1, max(1, min(c.places, patchBudget/(c.patch()*c.groups)))
}

// The scratch memories of a lane.
const (
	scratchSample = iota
	scratchPatches
	scratchProduct
	scratchGradient
	scratchWeight
	scratchTiles
	scratchCollected
	scratchKernel
	scratchBack
	scratchPart
)

func (c *convolving[T]) forward() {
	weights := c.weights(false)
	c.crew.split(c.samples, max(1, worthwhile*c.samples/max(c.out.size, 1)), func(l *lane[T], lo, hi int) {
		c.blocks(lo, hi, func(i, n, p, places int) {
			x := c.channelsLast(l, scratchSample, c.in[0].data, i, n, c.plane, c.groups*c.channels, p == 0)
			patches := c.gather(l, x, n, p, places)
			rows, f, k := n*places, c.groups*c.filters, c.patch()
			y := l.scratch(scratchProduct, rows*f)
			for g := range c.groups {
				var left engine.Left[T]
				l.engine.ViewLeft(&left, rows, k, patches[g*k:], c.groups*k)
				l.engine.Multiply(1, &left, &weights[g], 0, y[g*c.filters:], f)
			}
			for s := range n {
				out := c.out.data[(i+s)*f*c.places+p:]
				l.engine.Transpose(places, f, y[s*places*f:], f, out, c.places)
			}
		})
	})
}

// blocks visits samples [lo, hi): n samples from i on, at positions [p, p+places).
func (c *convolving[T]) blocks(lo, hi int, visit func(i, n, p, places int)) {
	samples, places := c.block()
	for i := lo; i < hi; i += samples {
		for p := 0; p < c.places; p += places {
			visit(i, min(samples, hi-i), p, min(places, c.places-p))
		}
	}
}

// channelsLast transposes n samples of channels x plane elements to plane x channels in the lane's memory; it does nothing
// unless it is the samples' first time.
func (c *convolving[T]) channelsLast(l *lane[T], index int, data []T, i, n, plane, channels int, first bool) []T {
	x := l.scratch(index, n*plane*channels)
	if first {
		for s := range n {
			at := (i + s) * plane * channels
			l.engine.Transpose(channels, plane, data[at:at+plane*channels], plane, x[s*plane*channels:], channels)
		}
	}
	return x
}

// gather lays out the patches of n samples at positions [p, p+places): a row each, group by group.
func (c *convolving[T]) gather(l *lane[T], x []T, n, p, places int) []T {
	channels, row := c.groups*c.channels, c.groups*c.patch()
	out := l.scratch(scratchPatches, n*places*row)
	at := 0
	for s := range n {
		sample := x[s*c.plane*channels : (s+1)*c.plane*channels]
		for _, pieces := range c.pieces[p : p+places] {
			for g := range c.groups {
				for _, q := range pieces {
					length := q.n * c.channels
					if q.from < 0 {
						clear(out[at : at+length])
					} else {
						from := q.from*channels + g*c.channels
						copy(out[at:at+length], sample[from:from+length])
					}
					at += length
				}
			}
		}
	}
	return out
}

// scatter adds rows of patches to where gather took them from.
func (c *convolving[T]) scatter(l *lane[T], rows, x []T, n, p, places int) {
	channels := c.groups * c.channels
	at := 0
	for s := range n {
		sample := x[s*c.plane*channels : (s+1)*c.plane*channels]
		for _, pieces := range c.pieces[p : p+places] {
			for g := range c.groups {
				for _, q := range pieces {
					length := q.n * c.channels
					if q.from >= 0 {
						from := q.from*channels + g*c.channels
						addTo(l, sample[from:from+length], rows[at:at+length])
					}
					at += length
				}
			}
		}
	}
}

// addTo adds src to dst; an assembly kernel pays only for more than a few numbers.
func addTo[T engine.Float](l *lane[T], dst, src []T) {
	if len(dst) > 12 {
		l.engine.Axpy(dst, 1, src)
		return
	}
	for i, v := range src {
		dst[i] += v
	}
}

// reverse: with Y = P W^T for the patches P, W's gradient is that of Y transposed times P, and P's is that of Y times W,
// scattered to where the patches came from.
func (c *convolving[T]) reverse() {
	byInput, byWeight := c.in[0].wanted, c.in[1].wanted
	if byInput {
		c.reversed = c.weights(true)
		c.grad, c.beta = c.in[0].accumulate()
	}
	sums := newPartSums(c.crew, c.samples, len(c.in[1].data), byWeight)
	c.crew.split(sums.parts, 1, func(l *lane[T], lo, hi int) {
		for part := lo; part < hi; part++ {
			from, to := c.samples*part/sums.parts, c.samples*(part+1)/sums.parts
			if !byWeight {
				c.reverseSamples(l, nil, from, to)
				continue
			}
			c.reverseSamples(l, sums.of(part), from, to)
			sums.add(l, part)
		}
	})
	if byWeight {
		c.addWeights(sums.total())
	}
}

// reverseSamples takes samples [lo, hi) back; sum is where the gradient of the ordered weight goes.
func (c *convolving[T]) reverseSamples(l *lane[T], sum []T, lo, hi int) {
	f, k, channels := c.groups*c.filters, c.patch(), c.groups*c.channels
	c.blocks(lo, hi, func(i, n, p, places int) {
		rows := n * places
		g := l.scratch(scratchProduct, rows*f)
		for s := range n {
			l.engine.Transpose(f, places, c.out.grad[(i+s)*f*c.places+p:], c.places, g[s*places*f:], f)
		}
		if sum != nil {
			x := c.channelsLast(l, scratchSample, c.in[0].data, i, n, c.plane, channels, p == 0)
			patches := c.gather(l, x, n, p, places)
			beta := T(1)
			if i == lo && p == 0 {
				beta = 0
			}
			for group := range c.groups {
				l.engine.Gemm(true, false, c.filters, k, rows, 1, g[group*c.filters:], f, patches[group*k:], c.groups*k, beta, sum[group*c.filters*k:], k)
			}
		}
		if c.in[0].wanted {
			c.reverseInput(l, g, i, n, p, places)
		}
	})
}

func (c *convolving[T]) reverseInput(l *lane[T], g []T, i, n, p, places int) {
	f, k, channels := c.groups*c.filters, c.patch(), c.groups*c.channels
	rows := n * places
	patches := l.scratch(scratchPatches, rows*c.groups*k)
	for group := range c.groups {
		var left engine.Left[T]
		l.engine.ViewLeft(&left, rows, c.filters, g[group*c.filters:], f)
		l.engine.Multiply(1, &left, &c.reversed[group], 0, patches[group*k:], c.groups*k)
	}
	x := l.scratch(scratchGradient, n*c.plane*channels)
	if p == 0 {
		clear(x)
	}
	c.scatter(l, patches, x, n, p, places)
	if p+places < c.places {
		return
	}
	size := c.plane * channels
	for s := range n {
		at := (i + s) * size
		if c.beta == 0 {
			l.engine.Transpose(c.plane, channels, x[s*size:], channels, c.grad[at:at+size], c.plane)
			continue
		}
		back := l.scratch(scratchBack, size)
		l.engine.Transpose(c.plane, channels, x[s*size:], channels, back, c.plane)
		l.engine.Axpy(c.grad[at:at+size], 1, back)
	}
}

// addWeights adds the gradient of the ordered weight to that of the weight.
func (c *convolving[T]) addWeights(sum []T) {
	grad, beta := c.in[1].accumulate()
	k := c.patch()
	c.crew.split(c.groups*c.filters, max(1, worthwhile/k), func(l *lane[T], lo, hi int) {
		for f := lo; f < hi; f++ {
			total, to := sum[f*k:(f+1)*k], grad[f*k:(f+1)*k]
			if beta == 0 {
				l.engine.Transpose(c.kernel, c.channels, total, c.channels, to, c.kernel)
				continue
			}
			back := l.scratch(scratchBack, k)
			l.engine.Transpose(c.kernel, c.channels, total, c.channels, back, c.kernel)
			l.engine.Axpy(to, 1, back)
		}
	})
}
