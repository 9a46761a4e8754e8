package engine

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The inverse of the Cholesky factor is gonum's, for sizes of one block, of several and of parts of one.
func TestInverseFactor(t *testing.T) {
	e, err := New[float64](Options{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 7, 96, 97, 250} {
		x := mat.NewDense(n, n+3, nil)
		x.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, x)
		var a mat.SymDense
		a.SymOuterK(1, x)
		for i := range n {
			a.SetSym(i, i, a.At(i, i)+0.1)
		}
		var chol mat.Cholesky
		if !chol.Factorize(&a) {
			t.Fatal("not positive definite")
		}
		var lower, want mat.TriDense
		chol.LTo(&lower)
		if err := want.InverseTri(&lower); err != nil {
			t.Fatal(err)
		}
		got, err := InverseFactor(e, mat.DenseCopyOf(&a).RawMatrix().Data, n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range n {
				w := 0.0
				if j <= i {
					w = want.At(i, j)
				}
				if math.Abs(got[i*n+j]-w) > 1e-9*max(1, math.Abs(w)) {
					t.Fatalf("n = %d: element %d, %d is %v, want %v", n, i, j, got[i*n+j], w)
				}
			}
		}
	}
	if _, err := InverseFactor(e, []float64{1, 2, 2, 1}, 2); err == nil {
		t.Error("an indefinite matrix is factored")
	}
}
