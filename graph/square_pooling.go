package graph

import (
	"slices"

	"unlearnguard/graph/engine"
)

// squarePools takes the maximum of 2x2 pixels at stride 2, the pooling of most networks.
type squarePools[T engine.Float] struct{ *site[T] }

// ofSquares says whether a pooling from planes of shape x to such of shape y is one of squares.
func (o pooling) ofSquares(x, y []int) bool {
	two, one := []int{2, 2}, []int{1, 1}
	return !o.mean && slices.Equal(o.kernel, two) && slices.Equal(o.stride, two) && slices.Equal(o.dilation, one) &&
		o.before[0] == 0 && o.before[1] == 0 && y[0] == x[0]/2 && y[1] == x[1]/2
}

// planes visits all planes, on all threads: elements [x, toX) of the operand, [y, toY) of the result.
func (p squarePools[T]) planes(visit func(l *lane[T], x, toX, y, toY int)) {
	x, y := volume(p.in[0].shape[2:]), volume(p.out.shape[2:])
	p.crew.split(p.out.size/y, max(1, worthwhile/4/y), func(l *lane[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			visit(l, i*x, (i+1)*x, i*y, (i+1)*y)
		}
	})
}

func (p squarePools[T]) forward() {
	rows, cols, ld := p.out.shape[2], p.out.shape[3], p.in[0].shape[3]
	p.planes(func(l *lane[T], x, toX, y, toY int) {
		l.engine.MaxSquares(rows, cols, p.in[0].data[x:toX], ld, p.out.data[y:toY])
	})
}

func (p squarePools[T]) reverse() {
	if !p.in[0].wanted {
		return
	}
	rows, cols, ld := p.out.shape[2], p.out.shape[3], p.in[0].shape[3]
	odd := p.in[0].size != 4*p.out.size // some elements are in no square
	grad, beta := p.in[0].accumulate()
	p.planes(func(l *lane[T], x, toX, y, toY int) {
		to := grad[x:toX]
		if beta != 0 {
			to = l.scratch(scratchPart, toX-x)
		}
		if odd {
			clear(to)
		}
		l.engine.MaxSquaresGrad(rows, cols, p.in[0].data[x:toX], ld, p.out.data[y:toY], p.out.grad[y:toY], to)
		if beta != 0 {
			l.engine.Axpy(grad[x:toX], 1, to)
		}
	})
}
