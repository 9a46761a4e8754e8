package graph

import "unlearnguard/graph/engine"

// wide says that the weight is so large that the threads share each chunk's work instead of taking chunks of their own:
// the weight is read again for every chunk, and the sum of its gradient is as large.
func (w *winograd[T]) wide() bool { return w.channels*w.filters >= 128*128 }

// chunkBudget is how many numbers the transformed tiles of a chunk hold: half of a second-level cache of
// 512 KB. wideTiles is
// how many tiles a wide weight, which does not stay there, is read for at least.
const (
	chunkBudget = 1 << 16
	wideTiles   = 64
)

// chunk is tiles that are transformed and multiplied together: tile rows [row, row+rows) of n samples from first on.
type chunk[T engine.Float] struct {
	*winograd[T]
	// lane has the chunk's memory; spread calls on it, or on all lanes.
	lane                *lane[T]
	spread              func(n, grain int, f func(l *lane[T], lo, hi int))
	first, n, row, rows int
	// begins and ends say that it is the first and the last of its part of the samples.
	begins, ends bool
}

// chunkSize is how many samples and tile rows a chunk takes.
func (w *winograd[T]) chunkSize() (samples, rows int) {
	tiles := chunkBudget / (products * (w.channels + w.filters))
	if w.wide() {
		return max(1, max(tiles, wideTiles)/(w.down*w.across)), w.down
	}
	if samples := tiles / (w.down * w.across); samples > 0 {
		return samples, w.down
	}
	return 1, max(1, tiles/w.across)
}

// chunks visits the chunks of each of so many parts of the samples in order: each part on a lane of its own, or one after
// the other on all lanes.
func (w *winograd[T]) chunks(parts int, visit func(part int, c chunk[T])) {
	samples, rows := w.chunkSize()
	each := func(part int, c chunk[T]) {
		lo, hi := w.samples*part/parts, w.samples*(part+1)/parts
		for c.first = lo; c.first < hi; c.first += samples {
			for c.row = 0; c.row < w.down; c.row += rows {
				c.n, c.rows, c.begins = min(samples, hi-c.first), min(rows, w.down-c.row), c.first == lo && c.row == 0
				c.ends = c.first+c.n == hi && c.row+c.rows == w.down
				visit(part, c)
			}
		}
	}
	if w.wide() {
		for part := range parts {
			each(part, chunk[T]{winograd: w, lane: w.crew.lanes[0], spread: w.crew.split})
		}
		return
	}
	w.crew.split(parts, max(1, worthwhile*parts/max(w.out.size, 1)), func(l *lane[T], lo, hi int) {
		alone := func(n, _ int, f func(l *lane[T], lo, hi int)) { f(l, 0, n) }
		for part := lo; part < hi; part++ {
			each(part, chunk[T]{winograd: w, lane: l, spread: alone})
		}
	})
}

// pitch is the distance of two tiles, and stride that of a transformed tile's elements. They are no multiples of a large
// power of two, for which rows would share a few lines of the first-level cache.
func pitch(channels int) int {
	if channels%128 == 0 {
		return channels + engine.WinogradUnit
	}
	return channels
}

func (c *chunk[T]) stride(channels int) int { return c.tiles()*pitch(channels) + engine.WinogradUnit }

func (c *chunk[T]) tiles() int { return c.n * c.rows * c.across }

// transform applies a transform to the tiles' pixels in a plane, or to their transformed elements where back is set, for
// channels [lo, hi).
func (c *chunk[T]) transform(l *lane[T], t engine.Transform, back bool, p plane, pixels, transformed []T, channels, lo, hi int) {
	stride := c.stride(channels)
	tile := lo
	for i := range c.n {
		for r := c.row; r < c.row+c.rows; r++ {
			at := (i*p.rows+2*r)*p.cols*channels + lo
			from := engine.Squares[T]{Data: pixels[at:], Step: 2 * channels, Row: p.cols * channels, Col: channels}
			to := engine.Squares[T]{Data: transformed[tile:], Step: pitch(channels), Row: 4 * stride, Col: stride}
			if back {
				from, to = to, from
			}
			l.engine.Winograd(t, c.across, hi-lo, from, to)
			tile += c.across * pitch(channels)
		}
	}
}

// eachUnit visits parts of the channels, on all threads of the chunk.
func (c *chunk[T]) eachUnit(channels int, visit func(l *lane[T], lo, hi int)) {
	const unit = engine.WinogradUnit
	c.spread(channels/unit, 1, func(l *lane[T], lo, hi int) { visit(l, lo*unit, hi*unit) })
}

// transformed takes the chunk's samples channels last and transforms its tiles.
func (c *chunk[T]) transformed(t engine.Transform, index int, p plane, pixelIndex int, data []T, channels int) []T {
	pixels := c.lane.scratch(pixelIndex, c.n*p.rows*p.cols*channels)
	out := c.lane.scratch(index, products*c.stride(channels))
	c.eachUnit(channels, func(l *lane[T], lo, hi int) {
		for i := 0; i < c.n && c.row == 0; i++ {
			lay(l, p, pixels[i*p.rows*p.cols*channels:], data[(c.first+i)*p.size()*channels:], channels, lo, hi)
		}
		c.transform(l, t, false, p, pixels, out, channels, lo, hi)
	})
	return out
}

// multiply multiplies every element of the tiles by its weight.
func (c *chunk[T]) multiply(index int, v []T, channels int, weights []engine.Right[T], filters int) []T {
	from, to := c.stride(channels), c.stride(filters)
	out := c.lane.scratch(index, products*to)
	c.spread(products, 1, func(l *lane[T], lo, hi int) {
		for e := lo; e < hi; e++ {
			l.engine.ViewLeft(&l.left, c.tiles(), channels, v[e*from:], pitch(channels))
			l.engine.Multiply(1, &l.left, &weights[e], 0, out[e*to:], pitch(filters))
		}
	})
	return out
}

// collect transforms tiles back, and when they are all there sets or adds to the samples of a value.
func (c *chunk[T]) collect(t engine.Transform, transformed []T, p plane, data []T, beta T, channels int) {
	size := p.rows * p.cols * channels
	pixels := c.lane.scratch(scratchCollected, c.n*size)
	c.eachUnit(channels, func(l *lane[T], lo, hi int) {
		if t == engine.WinogradInputAdjoint && c.row == 0 {
			clearPart(pixels, channels, lo, hi)
		}
		c.transform(l, t, true, p, pixels, transformed, channels, lo, hi)
		for i := 0; i < c.n && c.row+c.rows == c.down; i++ {
			collect(l, p, pixels[i*size:], data[(c.first+i)*p.size()*channels:], beta, channels, lo, hi)
		}
	})
}

// addProducts adds to the gradient of the transformed weight.
func (c *chunk[T]) addProducts(sum, dm, v []T) {
	f, k := c.filters, c.channels
	beta := T(1)
	if c.begins {
		beta = 0
	}
	c.spread(products, 1, func(l *lane[T], lo, hi int) {
		for e := lo; e < hi; e++ {
			l.engine.ViewLeftTransposed(&l.left, f, c.tiles(), dm[e*c.stride(f):], pitch(f))
			l.engine.ViewRight(&l.right, c.tiles(), k, v[e*c.stride(k):], pitch(k))
			l.engine.Multiply(1, &l.left, &l.right, beta, sum[e*f*k:], k)
		}
	})
}
