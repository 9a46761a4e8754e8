package chain

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
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
		s := NoiseSpan(&w)
		if alone := NoiseRank(&w); alone.V != nil || alone.Rank != s.Rank || !floats.EqualApprox(alone.Singular, s.Singular, 1e-9*s.Singular[0]) {
			t.Errorf("%d x %d: without vectors, rank %d and other values", c.h, c.d, alone.Rank)
		}
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

// Rounding to few bits leaves inputs of small weights without any, and noise in the others that is larger than theirs was.
func TestNoiseRankOfRoundedWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const h, d, rank = 200, 300, 12
	right := gaussian(rank, d, 1, rng)
	right.Slice(0, rank, 0, d/2).(*mat.Dense).Zero()
	var w mat.Dense
	w.Mul(gaussian(h, rank, 1, rng), right)
	w.Add(&w, gaussian(h, d, 1e-3, rng))
	if RoundingNoise(&w) != 0 {
		t.Error("there is a grid in weights that were not rounded")
	}
	largest := math.Max(mat.Max(&w), -mat.Min(&w))
	for name, grid := range map[string]func(row int) float64{
		"one step":         func(int) float64 { return largest / 127 },
		"a step for a row": func(i int) float64 { return largest / 127 / (1 + float64(i%3)) },
	} {
		var rounded, off mat.Dense
		rounded.Apply(func(i, _ int, v float64) float64 { return float64(float32(grid(i) * math.Round(v/grid(i)))) }, &w)
		off.Sub(&rounded, &w)
		// Half the inputs have weights well under the step, which are lost rather than rounded.
		rms := mat.Norm(off.Slice(0, h, d/2, d), 2) / math.Sqrt(h*d/2)
		if got := RoundingNoise(&rounded); math.Abs(got-rms) > 0.02*rms {
			t.Errorf("%s: rounding noise %.3g, want %.3g", name, got, rms)
		}
		if s := NoiseRank(&rounded); s.Rank != rank {
			t.Errorf("%s: rank %d, want %d", name, s.Rank, rank)
		}
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
