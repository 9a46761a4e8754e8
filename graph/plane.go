package graph

import "unlearnguard/graph/engine"

// plane is one channel's of a sample: height x width pixels. Channels last, the sample stands at (top, left) of rows x cols
// pixels, with zeros around it.
type plane struct{ height, width, top, left, rows, cols int }

// size is the number of a channel's pixels.
func (p plane) size() int { return p.height * p.width }

// bands visits runs of n pixels that stand together in a channel's plane, from `from` on, and channels last, from `to` on.
func (p plane) bands(visit func(from, to, n int)) {
	if p.cols == p.width {
		visit(0, p.top*p.cols, p.size())
		return
	}
	for y := range p.height {
		visit(y*p.width, (p.top+y)*p.cols+p.left, p.width)
	}
}

// lay takes channels [lo, hi) of a sample channels last.
func lay[T engine.Float](l *lane[T], p plane, pixels, data []T, channels, lo, hi int) {
	end := 0
	p.bands(func(from, to, n int) {
		clearPart(pixels[end*channels:to*channels], channels, lo, hi)
		l.engine.Transpose(hi-lo, n, data[lo*p.size()+from:], p.size(), pixels[to*channels+lo:], channels)
		end = to + n
	})
	clearPart(pixels[end*channels:p.rows*p.cols*channels], channels, lo, hi)
}

// collect sets channels [lo, hi) of a sample to what stands channels last, or adds that to it if beta is 1.
func collect[T engine.Float](l *lane[T], p plane, pixels, data []T, beta T, channels, lo, hi int) {
	data = data[lo*p.size() : hi*p.size()]
	out := data
	if beta != 0 {
		out = l.scratch(scratchBack, len(data))
	}
	p.bands(func(from, to, n int) {
		l.engine.Transpose(n, hi-lo, pixels[to*channels+lo:], channels, out[from:], p.size())
	})
	if beta != 0 {
		l.engine.Axpy(data, 1, out)
	}
}

// clearPart sets channels [lo, hi) of pixels to zero.
func clearPart[T engine.Float](pixels []T, channels, lo, hi int) {
	if lo == 0 && hi == channels {
		clear(pixels)
		return
	}
	for at := 0; at < len(pixels); at += channels {
		clear(pixels[at+lo : at+hi])
	}
}
