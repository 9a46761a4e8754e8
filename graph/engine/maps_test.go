package engine

import (
	"math"
	"math/rand/v2"
	"testing"
)

// arguments are those where a function's formula changes or may fail, and many between.
func arguments[T Float](r *rand.Rand, n int) []T {
	xs := []T{0, 1, -1, 39.99, 40, -39.99, -40, -40.01, 86, -85, -90, 88.6, 88.8, 89.5, 700, -700, 709.5, 720, -720,
		T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN())}
	for len(xs) < n {
		xs = append(xs, T(r.NormFloat64()*math.Exp(3*r.NormFloat64())))
	}
	return xs
}

// close reports whether got is want to the given number of units in the last place of the larger of |want| and floor.
func within[T Float](got T, want, units, floor float64) bool {
	switch g := float64(got); {
	case math.IsNaN(want):
		return math.IsNaN(g)
	case g == want || T(want) == got:
		return true
	default:
		return math.Abs(g-want) <= units*ulp[T]()*max(math.Abs(want), floor)
	}
}

func TestMaps(t *testing.T) {
	t.Run("float32", testMaps[float32])
	t.Run("float64", testMaps[float64])
}

// Every function is compared with its formula in float64, at every length of tail.
func testMaps[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const alpha, slope = 1.7, 0.125
	smallest := 0x1p-124
	if ulp[T]() < 1e-10 {
		smallest = 0x1p-1020
	}
	sigma := func(t T) float64 {
		if t <= -40 {
			return 0
		}
		return 1 / (1 + math.Exp(-float64(t)))
	}
	a, al, sl := T(alpha), T(alpha), T(slope)
	everyEngine(t, func(t *testing.T, e *Engine[T]) {
		for n := 120; n < 160; n++ {
			x := arguments[T](r, n)
			r.Shuffle(n, func(i, j int) { x[i], x[j] = x[j], x[i] })
			y, z, s := matrix[T](r, 1, n, n), matrix[T](r, 1, n, n), make([]T, n)
			for i := range s {
				s[i] = T(slope + (1-slope)*r.Float64())
			}
			dst, dst2 := make([]T, n+1), make([]T, n+1)
			check := func(name string, out []T, units float64, want func(i int) (value, floor float64)) {
				t.Helper()
				for i, got := range out[:n] {
					if w, floor := want(i); !within(got, w, units, floor) {
						t.Fatalf("%s, n = %d: element %d of %v: %v, want %v", name, n, i, x[i], got, w)
					}
				}
				if out[n] != 0 {
					t.Fatalf("%s, n = %d: wrote beyond the end", name, n)
				}
			}
			e.Exp(dst[:n], x)
			check("exp", dst, 4, func(i int) (float64, float64) {
				w := math.Exp(float64(x[i]))
				if w <= smallest {
					w = 0
				}
				return w, 0
			})
			e.Sigmoid(dst[:n], x, a)
			check("sigmoid", dst, 6, func(i int) (float64, float64) { return sigma(a * x[i]), 0 })
			e.ReLU(dst[:n], y, sl)
			check("relu", dst, 1, func(i int) (float64, float64) { return max(float64(y[i]), slope*float64(y[i])), 0 })
			e.Activate(dst[:n], dst2[:n], y, z, al, sl)
			check("activate h", dst, 1, func(i int) (float64, float64) {
				v := float64(y[i] + z[i])
				return max(v, slope*v), 0
			})
			check("activate s", dst2, 6, func(i int) (float64, float64) { return slope + (1-slope)*sigma(al*(y[i]+z[i])), 0 })
			e.Tangent(dst[:n], dst2[:n], y, z, s, al, sl)
			check("tangent ubar", dst, 1, func(i int) (float64, float64) { return float64(y[i]) * float64(s[i]), 0 })
			check("tangent zbar", dst2, 8, func(i int) (float64, float64) {
				sig := (float64(s[i]) - slope) / (1 - slope)
				return float64(y[i]) * float64(z[i]) * (1 - slope) * alpha * sig * (1 - sig), 1
			})
			e.Excess(dst[:n], y, -1, 0.5)
			check("excess", dst, 1, func(i int) (float64, float64) {
				return max(float64(y[i])-0.5, 0) + min(float64(y[i])+1, 0), 1
			})
			e.Mul(dst[:n], y, z)
			check("mul", dst, 1, func(i int) (float64, float64) { return float64(y[i]) * float64(z[i]), 0 })
			e.Add(dst[:n], y, z)
			check("add", dst, 1, func(i int) (float64, float64) { return float64(y[i]) + float64(z[i]), 0 })
			e.Affine(dst[:n], y, a, sl)
			check("affine", dst, 2, func(i int) (float64, float64) { return float64(a)*float64(y[i]) + slope, 4 })
			e.ReLUGrad(dst[:n], y, x, sl)
			check("reluGrad", dst, 1, func(i int) (float64, float64) {
				if x[i] > 0 {
					return float64(y[i]), 0
				}
				return slope * float64(y[i]), 0
			})
			copy(dst, s)
			e.MulAdd(dst[:n], y, z)
			check("mulAdd", dst, 2, func(i int) (float64, float64) { return float64(s[i]) + float64(y[i])*float64(z[i]), 1 })
			copy(dst, s)
			e.Axpy(dst[:n], a, y)
			check("axpy", dst, 2, func(i int) (float64, float64) { return float64(s[i]) + float64(a)*float64(y[i]), 1 })
			var want, abs, sum, sumAbs float64
			for i := range y {
				want += float64(y[i]) * float64(z[i])
				abs += math.Abs(float64(y[i]) * float64(z[i]))
				sum, sumAbs = sum+float64(y[i]), sumAbs+math.Abs(float64(y[i]))
			}
			if got := e.Sum(y); math.Abs(got-sum) > 1e-15*float64(n)*sumAbs {
				t.Fatalf("sum, n = %d: %v, want %v", n, got, sum)
			}
			if got := e.Dot(y, z); math.Abs(got-want) > 1e-15*float64(n)*abs {
				t.Fatalf("dot, n = %d: %v, want %v", n, got, want)
			}
		}
	})
}

// A denormal number costs a hundred times a normal one in the products that follow.
func TestNoDenormals(t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[float32]) {
		x := make([]float32, 4000)
		for i := range x {
			x[i] = -float32(i) / 20
		}
		s, y := make([]float32, len(x)), make([]float32, len(x))
		e.Sigmoid(s, x, 1)
		e.Exp(y, x)
		for i := range x {
			if s[i] != 0 && s[i] < 1e-18 || x[i] <= -40 && s[i] != 0 {
				t.Fatalf("sigmoid(%v) = %v", x[i], s[i])
			}
			if y[i] != 0 && y[i] < 0x1p-126 {
				t.Fatalf("exp(%v) = %v", x[i], y[i])
			}
		}
	})
}
