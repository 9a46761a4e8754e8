package engine

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMaxSquares(t *testing.T) {
	t.Run("float32", testMaxSquares[float32])
	t.Run("float64", testMaxSquares[float64])
}

// The kernels do what the plain ones do, with equal elements, infinite ones and NaNs, and write nowhere else.
func testMaxSquares[T Float](t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[T]) {
		rapid.Check(t, func(rt *rapid.T) {
			rows, cols := rapid.IntRange(1, 5).Draw(rt, "rows"), rapid.IntRange(1, 40).Draw(rt, "cols")
			ld := 2*cols + rapid.IntRange(0, 3).Draw(rt, "pad")
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
			some := []T{-1, 0, 1, 2, T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN())}
			if rapid.Bool().Draw(rt, "finite") {
				some = some[:4]
			}
			x := make([]T, 2*rows*ld)
			for i := range x {
				x[i] = some[r.IntN(len(some))]
			}
			g, dx := matrix[T](r, rows, cols, cols), matrix[T](r, 2*rows, ld, ld)
			wantY, wantX := make([]T, rows*cols), slices.Clone(dx)
			plainMaxSquares(rows, cols, &x[0], ld, &wantY[0])
			plainMaxSquaresGrad(rows, cols, &x[0], ld, &wantY[0], &g[0], &wantX[0])

			const mark = 77
			y := slices.Repeat([]T{mark}, rows*cols+20)
			e.MaxSquares(rows, cols, x, ld, y)
			e.MaxSquaresGrad(rows, cols, x, ld, y, g, dx)
			same := func(a, b T) bool { return a == b || a != a && b != b }
			if !slices.EqualFunc(y[:rows*cols], wantY, same) || !slices.Equal(y[rows*cols:], slices.Repeat([]T{mark}, 20)) {
				rt.Fatalf("maxima %v, want %v", y, wantY)
			}
			if !slices.Equal(dx, wantX) {
				rt.Fatalf("gradient %v, want %v", dx, wantX)
			}
		})
	})
}
