package engine

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWinograd(t *testing.T) {
	t.Run("float32", testWinograd[float32])
	t.Run("float64", testWinograd[float64])
}

// The transforms together are a convolution of each 4x4 square with a 3x3 kernel, channel by channel, and their adjoints
// together its gradients.
func testWinograd[T Float](t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[T]) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, n := range []int{16, 48} {
			squares := 1 + r.IntN(3)
			square := func(size int) Squares[T] {
				col := n + r.IntN(3)
				row := size*col + r.IntN(3)
				step := size*row + r.IntN(3)
				return Squares[T]{matrix[T](r, squares, step, step), step, row, col}
			}
			x, w, dy := square(4), square(3), square(2)
			v, u, m, y := square(4), square(4), square(4), square(2)
			dm, dv, du, dx, dw := square(4), square(4), square(4), square(4), square(3)
			before := append([]T{}, dx.Data...)
			each := func(size int, f func(s, i, j, c int)) {
				for at := range squares * size * size * n {
					f(at/n/size/size, at/n/size%size, at/n%size, at%n)
				}
			}
			of := func(x Squares[T], s, i, j, c int) *T { return &x.Data[s*x.Step+i*x.Row+j*x.Col+c] }
			e.Winograd(WinogradInput, squares, n, x, v)
			e.Winograd(WinogradWeight, squares, n, w, u)
			each(4, func(s, i, j, c int) { *of(m, s, i, j, c) = *of(v, s, i, j, c) * *of(u, s, i, j, c) })
			e.Winograd(WinogradOutput, squares, n, m, y)
			e.Winograd(WinogradOutputAdjoint, squares, n, dy, dm)
			each(4, func(s, i, j, c int) {
				*of(dv, s, i, j, c) = *of(dm, s, i, j, c) * *of(u, s, i, j, c)
				*of(du, s, i, j, c) = *of(dm, s, i, j, c) * *of(v, s, i, j, c)
			})
			e.Winograd(WinogradInputAdjoint, squares, n, dv, dx)
			e.Winograd(WinogradWeightAdjoint, squares, n, du, dw)

			wantY, wantX, wantW := map[[4]int]float64{}, map[[4]int]float64{}, map[[4]int]float64{}
			each(2, func(s, i, j, c int) {
				each(3, func(other, k, l, channel int) {
					if other != s || channel != c {
						return
					}
					a, b, g := float64(*of(x, s, i+k, j+l, c)), float64(*of(w, s, k, l, c)), float64(*of(dy, s, i, j, c))
					wantY[[4]int{s, i, j, c}] += a * b
					wantX[[4]int{s, i + k, j + l, c}] += g * b
					wantW[[4]int{s, k, l, c}] += g * a
				})
			})
			check := func(name string, size int, got Squares[T], want map[[4]int]float64, from []T) {
				each(size, func(s, i, j, c int) {
					w := want[[4]int{s, i, j, c}]
					if from != nil {
						w += float64(from[s*got.Step+i*got.Row+j*got.Col+c])
					}
					if g := float64(*of(got, s, i, j, c)); !(math.Abs(g-w) < 300*ulp[T]()) {
						t.Fatalf("%s (%d, %d) of square %d, channel %d of %d: %v, want %v", name, i, j, s, c, n, g, w)
					}
				})
			}
			check("y", 2, y, wantY, nil)
			check("dx", 4, dx, wantX, before)
			check("dw", 3, dw, wantW, nil)
		}
	})
}
