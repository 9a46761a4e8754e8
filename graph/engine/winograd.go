package engine

import (
	"fmt"
	"unsafe"
)

// Transform is one of the linear maps of Winograd's convolution F(2x2, 3x3) (Lavin and Gray, Fast Algorithms for
// Convolutional Neural Networks, 2016, section 4.1), which yields four results of a 3x3 kernel with 16 multiplications
// instead of 36: the results are Output(Input(x) * Weight(w)) for a 4x4 square x, where * is elementwise. Each has an
// adjoint, for the reverse pass.
type Transform int

// The transforms, by the sizes of the squares that they take and give.
const (
	WinogradInput         Transform = iota // 4x4 to 4x4
	WinogradInputAdjoint                   // 4x4 to 4x4, added
	WinogradOutput                         // 4x4 to 2x2
	WinogradOutputAdjoint                  // 2x2 to 4x4
	WinogradWeight                         // 3x3 to 4x4
	WinogradWeightAdjoint                  // 4x4 to 3x3
	transforms
)

// WinogradUnit is what the number of channels must be a multiple of.
const WinogradUnit = 16

// Squares are square matrices of vectors: element (i, j) of square s begins at Data[s*Step+i*Row+j*Col].
type Squares[T Float] struct {
	Data           []T
	Step, Row, Col int
}

// element is the matrices' size before and after.
func (t Transform) sizes() (from, to int) {
	m := winogradMatrices[t]
	return len(m[0]), len(m)
}

// Winograd applies a transform to the given number of squares of vectors of n channels. It sets dst, or adds to it where the
// transform says so, square by square.
func (e *Engine[T]) Winograd(t Transform, squares, n int, src, dst Squares[T]) {
	from, to := t.sizes()
	src.check(squares, from, n)
	dst.check(squares, to, n)
	e.kernel.winograd[t](squares, n, &src.Data[0], src.Step, src.Row, src.Col, &dst.Data[0], dst.Step, dst.Row, dst.Col)
}

func (s Squares[T]) check(squares, size, n int) {
	last := (squares-1)*s.Step + (size-1)*(s.Row+s.Col) + n
	if squares <= 0 || n <= 0 || n%WinogradUnit != 0 || s.Step < 0 || s.Row < 0 || s.Col < 0 || len(s.Data) < last {
		panic(fmt.Sprintf("engine: %d elements for %d squares, %d x %d, of vectors of %d with strides %d, %d and %d", len(s.Data), squares, size, size, n, s.Step, s.Row, s.Col))
	}
}

// winogradMatrices are L of each transform L x L^T.
var winogradMatrices = [transforms][][]float64{
	WinogradInput:         {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}},
	WinogradInputAdjoint:  {{1, 0, 0, 0}, {0, 1, -1, -1}, {-1, 1, 1, 0}, {0, 0, 0, 1}},
	WinogradOutput:        {{1, 1, 1, 0}, {0, 1, -1, 1}},
	WinogradOutputAdjoint: {{1, 0}, {1, 1}, {1, -1}, {0, 1}},
	WinogradWeight:        {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
	WinogradWeightAdjoint: {{1, .5, .5, 0}, {0, .5, -.5, 0}, {0, .5, .5, 1}},
}

func plainWinograd[T Float]() (all [transforms]func(squares, n int, src *T, step, row, col int, dst *T, dstStep, dstRow, dstCol int)) {
	for t := range transforms {
		all[t] = func(squares, n int, src *T, step, row, col int, dst *T, dstStep, dstRow, dstCol int) {
			from, to := t.sizes()
			x := unsafe.Slice(src, (squares-1)*step+(from-1)*(row+col)+n)
			y := unsafe.Slice(dst, (squares-1)*dstStep+(to-1)*(dstRow+dstCol)+n)
			for s := range squares {
				for c := range n {
					plainTransform(winogradMatrices[t], Squares[T]{x[s*step+c:], step, row, col}, Squares[T]{y[s*dstStep+c:], dstStep, dstRow, dstCol}, t == WinogradInputAdjoint)
				}
			}
		}
	}
	return all
}

// plainTransform computes the first channel of the first square.
func plainTransform[T Float](m [][]float64, x, y Squares[T], accumulate bool) {
	var rows [4][4]T // m x
	for i, factors := range m {
		for k, f := range factors {
			for j := range factors {
				rows[i][j] += T(f) * x.Data[k*x.Row+j*x.Col]
			}
		}
	}
	for i := range m {
		for j, factors := range m {
			sum := T(0)
			for k, f := range factors {
				sum += T(f) * rows[i][k]
			}
			at := i*y.Row + j*y.Col
			if accumulate {
				sum += y.Data[at]
			}
			y.Data[at] = sum
		}
	}
}
