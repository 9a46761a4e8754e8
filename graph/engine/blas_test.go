package engine

import (
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
	"math"
	"math/rand/v2"
	"sync"
)

func TestBLASConforms(t *testing.T) {
	b, err := NewBLAS(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	testblas.TestDgemm(t, b)
}

func TestBLASMatchesGonum(t *testing.T) {
	b, err := NewBLAS(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	const m, n, k = 70, 110, 90
	x, y := matrix[float32](r, k, m, m), matrix[float32](r, n, k, k)
	want := make([]float32, m*n)
	gonum.Implementation{}.Sgemm(blas.Trans, blas.Trans, m, n, k, 2, x, m, y, k, 0, want, n)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			got := make([]float32, m*n)
			b.Sgemm(blas.Trans, blas.Trans, m, n, k, 2, x, m, y, k, 0, got, n)
			for i := range got {
				if math.Abs(float64(got[i]-want[i])) > 1e-4 {
					t.Errorf("element %d: %v, want %v", i, got[i], want[i])
					return
				}
			}
		})
	}
	wait.Wait()
}
