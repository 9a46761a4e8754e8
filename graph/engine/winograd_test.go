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

// The transforms together are a convolution of a 4x4 square with a 3x3 kernel, channel by channel, and their adjoints
// together its gradients.
func testWinograd[T Float](t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[T]) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, n := range []int{16, 48} {
			square := func(size int) Square[T] {
				col := n + r.IntN(3)
				row := size*col + r.IntN(3)
				return Square[T]{matrix[T](r, size, row, row), row, col}
			}
			x, w, dy := square(4), square(3), square(2)
			v, u, m, y := square(4), square(4), square(4), square(2)
			dm, dv, du, dx, dw := square(4), square(4), square(4), square(4), square(3)
			before := append([]T{}, dx.Data...)
			each := func(size int, f func(i, j, c int)) {
				for at := range size * size * n {
					f(at/n/size, at/n%size, at%n)
				}
			}
			of := func(s Square[T], i, j, c int) *T { return &s.Data[i*s.Row+j*s.Col+c] }
			e.Winograd(WinogradInput, n, x, v)
			e.Winograd(WinogradWeight, n, w, u)
			each(4, func(i, j, c int) { *of(m, i, j, c) = *of(v, i, j, c) * *of(u, i, j, c) })
			e.Winograd(WinogradOutput, n, m, y)
			e.Winograd(WinogradOutputAdjoint, n, dy, dm)
			each(4, func(i, j, c int) {
				*of(dv, i, j, c) = *of(dm, i, j, c) * *of(u, i, j, c)
				*of(du, i, j, c) = *of(dm, i, j, c) * *of(v, i, j, c)
			})
			e.Winograd(WinogradInputAdjoint, n, dv, dx)
			e.Winograd(WinogradWeightAdjoint, n, du, dw)

			wantY, wantX, wantW := map[[3]int]float64{}, map[[3]int]float64{}, map[[3]int]float64{}
			each(2, func(i, j, c int) {
				each(3, func(k, l, channel int) {
					if channel != c {
						return
					}
					a, b, g := float64(*of(x, i+k, j+l, c)), float64(*of(w, k, l, c)), float64(*of(dy, i, j, c))
					wantY[[3]int{i, j, c}] += a * b
					wantX[[3]int{i + k, j + l, c}] += g * b
					wantW[[3]int{k, l, c}] += g * a
				})
			})
			check := func(name string, size int, got Square[T], want map[[3]int]float64, from []T) {
				each(size, func(i, j, c int) {
					w := want[[3]int{i, j, c}]
					if from != nil {
						w += float64(from[i*got.Row+j*got.Col+c])
					}
					if g := float64(*of(got, i, j, c)); !(math.Abs(g-w) < 300*ulp[T]()) {
						t.Fatalf("%s (%d, %d) of channel %d of %d: %v, want %v", name, i, j, c, n, g, w)
					}
				})
			}
			check("y", 2, y, wantY, nil)
			check("dx", 4, dx, wantX, before)
			check("dw", 3, dw, wantW, nil)
		}
	})
}
