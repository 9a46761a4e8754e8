package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// everyEngine runs f on each kernel of this processor with one thread and with three.
func everyEngine[T Float](t *testing.T, f func(t *testing.T, e *Engine[T])) {
	for _, kernel := range Kernels() {
		for _, threads := range []int{1, 3} {
			e, err := New[T](Options{Kernel: kernel, Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprintf("%T/%s/%d", *new(T), kernel, threads), func(t *testing.T) { f(t, e) })
		}
	}
}

// ulp is the distance of the numbers next to 1.
func ulp[T Float]() float64 {
	if unsafe.Sizeof(*new(T)) == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

// matrix is rows x cols normal numbers with leading dimension ld; what lies between the rows is NaN.
func matrix[T Float](r *rand.Rand, rows, cols, ld int) []T {
	a := make([]T, rows*ld)
	for i := range a {
		a[i] = T(math.NaN())
		if i%ld < cols {
			a[i] = T(r.NormFloat64())
		}
	}
	return a
}

// naive computes alpha op(A) op(B) + beta C in float64, and the sum of the absolute values of its terms.
func naive[T Float](tA, tB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) (want, size []float64) {
	want, size = make([]float64, m*n), make([]float64, m*n)
	for i := range m {
		for j := range n {
			var s, abs float64
			for l := range k {
				x, y := i*lda+l, l*ldb+j
				if tA {
					x = l*lda + i
				}
				if tB {
					y = j*ldb + l
				}
				v := float64(alpha) * float64(a[x]) * float64(b[y])
				s, abs = s+v, abs+math.Abs(v)
			}
			if beta != 0 {
				v := float64(beta) * float64(c[i*ldc+j])
				s, abs = s+v, abs+math.Abs(v)
			}
			want[i*n+j], size[i*n+j] = s, abs
		}
	}
	return want, size
}

func TestGemm(t *testing.T) {
	t.Run("float32", testGemm[float32])
	t.Run("float64", testGemm[float64])
}

func testGemm[T Float](t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[T]) {
		rapid.Check(t, func(rt *rapid.T) {
			size := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(0, 130), rapid.SampledFrom([]int{8, 48, 96, 256, 260, 300, 513}))
			m, n, k := size.Draw(rt, "m"), size.Draw(rt, "n"), size.Draw(rt, "k")
			tA, tB := rapid.Bool().Draw(rt, "tA"), rapid.Bool().Draw(rt, "tB")
			alpha := rapid.SampledFrom([]T{1, -1, 0, 0.3}).Draw(rt, "alpha")
			beta := rapid.SampledFrom([]T{0, 1, -1, 0.7}).Draw(rt, "beta")
			pad := rapid.IntRange(0, 5)
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))

			ar, ac, br, bc := m, k, k, n
			if tA {
				ar, ac = k, m
			}
			if tB {
				br, bc = n, k
			}
			lda, ldb, ldc := max(ac, 1)+pad.Draw(rt, "lda"), max(bc, 1)+pad.Draw(rt, "ldb"), max(n, 1)+pad.Draw(rt, "ldc")
			a, b, c := matrix[T](r, ar, ac, lda), matrix[T](r, br, bc, ldb), matrix[T](r, m, n, ldc)
			if beta == 0 {
				for i := range c {
					c[i] = T(math.NaN()) // must not be read
				}
			}
			want, bound := naive(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
			e.Gemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
			for i := range c {
				row, col := i/ldc, i%ldc
				if col >= n {
					if !math.IsNaN(float64(c[i])) {
						rt.Fatalf("wrote beyond row %d of c", row)
					}
					continue
				}
				at := row*n + col
				if d := math.Abs(float64(c[i]) - want[at]); !(d <= float64(k+2)*ulp[T]()*bound[at]) {
					rt.Fatalf("c[%d,%d] = %v, want %v", row, col, c[i], want[at])
				}
			}
		})
	})
}

// A symmetric product is the product, and then sees every element once, complete.
func TestMultiplyVariants(t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[float32]) {
		for _, n := range []int{1, 7, 40, 97, 260} {
			const k = 520
			a := matrix[float32](rand.New(rand.NewPCG(9, uint64(n))), n, k, k)
			var left Left[float32]
			var right Right[float32]
			e.PackLeft(&left, false, n, k, a, k)
			e.PackRight(&right, true, k, n, a, k)
			want, symmetric, then := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
			e.Multiply(1, &left, &right, 0, want, n)
			e.MultiplySymmetric(&left, &right, symmetric, n)
			e.MultiplyThen(1, &left, &right, 0, then, n, func(b Block) {
				for i := b.Row; i < b.ToRow; i++ {
					for j := b.Col; j < b.ToCol; j++ {
						then[i*n+j] *= 2
					}
				}
			})
			for i := range want {
				if then[i] != 2*want[i] {
					t.Fatalf("n = %d: element %d is %v, want twice %v", n, i, then[i], want[i])
				}
				if math.Abs(float64(symmetric[i]-want[i])) > 1e-3 || symmetric[i] != symmetric[i%n*n+i/n] {
					t.Fatalf("n = %d: element %d of the symmetric product is %v, want %v", n, i, symmetric[i], want[i])
				}
			}
		}
	})
}

// Views give what packed operands do.
func TestViews(t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[float32]) {
		for _, s := range [][3]int{{1, 16, 1}, {7, 8, 5}, {16, 48, 256}, {13, 80, 600}, {20, 5, 30}, {64, 64, 64}} {
			m, n, k := s[0], s[1], s[2]
			r := rand.New(rand.NewPCG(11, uint64(m)))
			a, b := matrix[float32](r, k, m, m+3), matrix[float32](r, k, n, n+5)
			var left Left[float32]
			var right Right[float32]
			e.ViewLeftTransposed(&left, m, k, a, m+3)
			e.ViewRight(&right, k, n, b, n+5)
			got, want := make([]float32, m*n), make([]float32, m*n)
			e.Multiply(1, &left, &right, 0, got, n)
			e.Gemm(true, false, m, n, k, 1, a, m+3, b, n+5, 0, want, n)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%d x %d, depth %d: element %d is %v, want %v", m, n, k, i, got[i], want[i])
				}
			}
		}
	})
}

func TestGemmPropagatesNaN(t *testing.T) {
	everyEngine(t, func(t *testing.T, e *Engine[float32]) {
		const m, n, k = 9, 50, 17
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		a[3*k+5] = float32(math.NaN())
		b[4*n+49] = float32(math.NaN())
		e.Gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
		for i, v := range c {
			if want := i/n == 3 || i%n == 49; math.IsNaN(float64(v)) != want {
				t.Fatalf("c[%d,%d] = %v", i/n, i%n, v)
			}
		}
	})
}

// Threads take blocks of C by turns, so nothing may depend on who takes which.
func TestThreadsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const m, n, k = 300, 530, 270
	a, b := matrix[float32](r, m, k, k), matrix[float32](r, k, n, n)
	for _, kernel := range Kernels() {
		var first []float32
		for _, threads := range []int{1, 2, 2, 5} {
			e, err := New[float32](Options{Kernel: kernel, Threads: threads})
			if err != nil {
				t.Fatal(err)
			}
			c := make([]float32, m*n)
			e.Gemm(false, false, m, n, k, 1, a, k, b, n, 0, c, n)
			if first == nil {
				first = c
			}
			for i := range c {
				if c[i] != first[i] {
					t.Fatalf("%s: %d threads: c[%d] = %v, not %v", kernel, threads, i, c[i], first[i])
				}
			}
		}
	}
}

func TestGemmAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const n = 130
	a := matrix[float32](r, n, n, n)
	c := make([]float32, n*n)
	everyEngine(t, func(t *testing.T, e *Engine[float32]) {
		if got := testing.AllocsPerRun(20, func() { e.Gemm(true, false, n, n, n, 1, a, n, a, n, 0, c, n) }); got != 0 {
			t.Errorf("%v allocations a product", got)
		}
	})
}

func TestWrongShapesPanic(t *testing.T) {
	e, err := New[float64](Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	a := make([]float64, 6)
	for name, call := range map[string]func(){
		"short a":           func() { e.Gemm(false, false, 3, 1, 3, 1, a, 3, a, 1, 0, a, 1) },
		"leading dimension": func() { e.Gemm(false, false, 2, 1, 3, 1, a, 2, a, 1, 0, a, 1) },
		"lengths":           func() { e.Mul(a, a, a[:3]) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

func TestUnknownKernel(t *testing.T) {
	if _, err := New[float32](Options{Kernel: "abacus"}); err == nil {
		t.Error("no error")
	}
	if _, err := New[float32](Options{Threads: -1}); err == nil {
		t.Error("no error")
	}
}
