//go:build openblas && (linux || darwin || freebsd)

package engine

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestOpenBLAS(t *testing.T) {
	t.Run("float32", testOpenBLAS[float32])
	t.Run("float64", testOpenBLAS[float64])
}

func testOpenBLAS[T Float](t *testing.T) {
	e, err := New[T](Options{Kernel: "openblas", Threads: 1})
	if err != nil {
		t.Skip(err)
	}
	r := rand.New(rand.NewPCG(31, 1))
	for _, n := range []int{1, 5, 33, 90} {
		m, k := n+3, 2*n
		for _, trans := range []bool{false, true} {
			lda := k
			if trans {
				lda = m
			}
			a, b, c := matrix[T](r, m*k/lda, lda, lda), matrix[T](r, n, k, k), matrix[T](r, m, n, n+2)
			want, size := naive(trans, true, m, n, k, 2, a, lda, b, k, 0.5, c, n+2)
			e.Gemm(trans, true, m, n, k, 2, a, lda, b, k, 0.5, c, n+2)
			for i := range m {
				for j := range n {
					if got := float64(c[i*(n+2)+j]); math.Abs(got-want[i*n+j]) > float64(k+2)*ulp[T]()*size[i*n+j] {
						t.Fatalf("c[%d,%d] = %v, want %v", i, j, got, want[i*n+j])
					}
				}
			}
		}
	}
}

func TestNoOpenBLAS(t *testing.T) {
	if _, err := New[float32](Options{Kernel: "openblas", Library: "libc.so.6"}); err == nil {
		t.Error("no error for another library")
	}
	if _, err := New[float32](Options{Kernel: "openblas", Library: "no such file"}); err == nil {
		t.Error("no error for no library")
	}
}
