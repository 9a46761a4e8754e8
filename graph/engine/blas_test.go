package engine

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestBLASConforms(t *testing.T) {
	b, err := NewBLAS(Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	testblas.TestDgemm(t, b)
}

// gorgonia takes it, and its products come out right.
func TestGorgoniaUsesBLAS(t *testing.T) {
	b, err := NewBLAS(Options{})
	if err != nil {
		t.Fatal(err)
	}
	gorgonia.Use(b)
	defer gorgonia.Use(gonum.Implementation{})
	r := rand.New(rand.NewPCG(5, 7))
	const m, n, k = 30, 40, 50
	x, y := matrix[float64](r, m, k, k), matrix[float64](r, k, n, n)
	product, err := tensor.MatMul(tensor.New(tensor.WithShape(m, k), tensor.WithBacking(x)), tensor.New(tensor.WithShape(k, n), tensor.WithBacking(y)))
	if err != nil {
		t.Fatal(err)
	}
	want, size := naive(false, false, m, n, k, 1, x, k, y, n, 0, nil, n)
	for i, got := range product.Data().([]float64) {
		if math.Abs(got-want[i]) > k*ulp[float64]()*size[i] {
			t.Fatalf("element %d: %v, want %v", i, got, want[i])
		}
	}
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
