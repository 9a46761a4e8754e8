package graph

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func gaussian(rows, cols int, sigma float64, rng *rand.Rand) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return sigma * rng.NormFloat64() }, m)
	return m
}

func TestNoiseRankFindsThePlantedSpan(t *testing.T) {
	for _, c := range []struct{ h, d, rank int }{{300, 784, 20}, {1000, 784, 50}, {200, 200, 1}, {80, 300, 12}} {
		rng := rand.New(rand.NewPCG(1, uint64(c.h)))
		left, right := gaussian(c.h, c.rank, 1, rng), gaussian(c.rank, c.d, 1, rng)
		var w mat.Dense
		w.Mul(left, right)
		w.Add(&w, gaussian(c.h, c.d, 0.3, rng))
		s := NoiseRank(&w)
		if s.Rank != c.rank {
			t.Errorf("%d x %d: rank %d, want %d", c.h, c.d, s.Rank, c.rank)
		}
		if math.Abs(s.Sigma-0.3) > 0.02 {
			t.Errorf("%d x %d: sigma %.3f, want 0.3", c.h, c.d, s.Sigma)
		}
		// The kept directions carry the planted rows: projecting them loses little.
		var proj, back mat.Dense
		proj.Mul(right, s.V)
		back.Mul(&proj, s.V.T())
		back.Sub(right, &back)
		if lost := mat.Norm(&back, 2) / mat.Norm(right, 2); lost > 0.2 {
			t.Errorf("%d x %d: the kept directions lose %.2f of the planted span", c.h, c.d, lost)
		}
		var gram mat.Dense
		gram.Mul(s.V.T(), s.V)
		for i := range c.rank {
			gram.Set(i, i, gram.At(i, i)-1)
		}
		if dev := mat.Norm(&gram, 2); dev > 1e-8 {
			t.Errorf("%d x %d: V is off orthonormal by %g", c.h, c.d, dev)
		}
	}
}

func TestNoiseRankOfPureNoiseIsSmall(t *testing.T) {
	s := NoiseRank(gaussian(500, 784, 1e-4, rand.New(rand.NewPCG(3, 4))))
	if s.Rank > 1 {
		t.Errorf("pure noise has rank %d", s.Rank)
	}
}

func TestNoiseRankWithoutNoise(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var w mat.Dense
	w.Mul(gaussian(100, 7, 1, rng), gaussian(7, 60, 1, rng))
	if s := NoiseRank(&w); s.Rank != 7 {
		t.Errorf("rank %d, want 7", s.Rank)
	}
}
