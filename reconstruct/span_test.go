package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// The weights leave the norm of the first layer as it is and the singular values' square roots of its singular values.
func TestSpanWeightsEvenOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := mat.NewDense(40, 12, nil)
	for j := range 12 {
		for i := range 40 {
			w.Set(i, j, math.Pow(0.5, float64(j))*r.NormFloat64())
		}
	}
	s := newSpan(&chain.Dense{Layers: []chain.Affine{{W: w}, {W: mat.NewDense(1, 40, nil)}}})
	reduced := s.net.Layers[0].W
	var weighted mat.Dense
	weighted.Mul(reduced, mat.NewDiagDense(s.rank(), s.weights))
	if got, want := mat.Norm(&weighted, 2), mat.Norm(reduced, 2); math.Abs(got/want-1) > 1e-12 {
		t.Errorf("norm %v with the weights, %v without", got, want)
	}
	var before, after mat.SVD
	if !before.Factorize(reduced, mat.SVDNone) || !after.Factorize(&weighted, mat.SVDNone) {
		t.Fatal("no singular values")
	}
	was, is := before.Values(nil), after.Values(nil)
	if len(was) < 5 {
		t.Fatalf("a span of %d directions, want more to compare", len(was))
	}
	for i := range was {
		if got, want := is[i]/is[0], math.Sqrt(was[i]/was[0]); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("direction %d: %v of the first one, want %v", i, got, want)
		}
	}
}

func TestSpanOfNothingHasNoWeights(t *testing.T) {
	s := newSpan(&chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(5, 4, nil)}, {W: mat.NewDense(1, 5, nil)}}})
	if s.weights != nil {
		t.Errorf("weights %v of parameters that are all 0", s.weights)
	}
}
