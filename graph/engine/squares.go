package engine

import "unsafe"

// The functions here are max pooling with a window and strides of 2 by 2, on one thread.

// MaxSquares sets y, rows x cols, to the maxima of squares of 2x2 elements of x, whose rows are ld apart. A NaN is the
// maximum of its square.
func (e *Engine[T]) MaxSquares(rows, cols int, x []T, ld int, y []T) {
	checkMatrix("x", 2*rows, 2*cols, x, ld)
	checkMatrix("y", rows, cols, y, cols)
	e.kernel.maxSquares(rows, cols, &x[0], ld, &y[0])
}

// MaxSquaresGrad sets dx, the gradient by x and laid out as x is, from the gradient g by the maxima y: in each square it is
// that of the first element that is the maximum or a NaN. What is in no square stays.
func (e *Engine[T]) MaxSquaresGrad(rows, cols int, x []T, ld int, y, g, dx []T) {
	checkMatrix("x", 2*rows, 2*cols, x, ld)
	checkMatrix("dx", 2*rows, 2*cols, dx, ld)
	checkMatrix("y", rows, cols, y, cols)
	checkMatrix("g", rows, cols, g, cols)
	e.kernel.maxSquaresGrad(rows, cols, &x[0], ld, &y[0], &g[0], &dx[0])
}

// square is where the elements of square (i, j) stand, in order.
func square(i, j, ld int) [4]int {
	at := 2*i*ld + 2*j
	return [4]int{at, at + 1, at + ld, at + ld + 1}
}

func plainMaxSquares[T Float](rows, cols int, x *T, ld int, y *T) {
	xs, ys := unsafe.Slice(x, (2*rows-1)*ld+2*cols), unsafe.Slice(y, rows*cols)
	for k := range ys {
		at := square(k/cols, k%cols, ld)
		ys[k] = max(xs[at[0]], xs[at[1]], xs[at[2]], xs[at[3]])
	}
}

func plainMaxSquaresGrad[T Float](rows, cols int, x *T, ld int, y, g, dx *T) {
	n := (2*rows-1)*ld + 2*cols
	xs, ys, gs, d := unsafe.Slice(x, n), unsafe.Slice(y, rows*cols), unsafe.Slice(g, rows*cols), unsafe.Slice(dx, n)
	for k, v := range gs {
		for _, at := range square(k/cols, k%cols, ld) {
			d[at] = 0
			if xs[at] == ys[k] || xs[at] != xs[at] {
				d[at], v = v, 0
			}
		}
	}
}
