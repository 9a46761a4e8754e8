package chain

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The tests of this file place evidence on either side of each threshold in thresholds.go, in plain numbers. They fail if one
// leaves its safe range.

func TestFewestDetermined(t *testing.T) {
	for samples, want := range map[int]bool{1: false, 3: false, 4: false, 5: true, 6: true, 20: true} {
		if got := Enough(samples); got != want {
			t.Errorf("%d samples are enough: %v", samples, got)
		}
	}
}

// The edge is that of the noise; one direction is scaled until its singular value lies a given factor above it.
func TestNoiseMargin(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	const h, d = 60, 90
	above := 0
	for range 40 {
		if s := NoiseRank(gaussian(h, d, 1, rng)); s.Singular[0] > s.Edge {
			above++
		}
	}
	if above > 2 {
		t.Errorf("pure noise stands above its edge in %d of 40 matrices", above)
	}
	for factor, want := range map[float64]bool{1.025: false, 1.09: true} {
		w := gaussian(h, d, 1, rng)
		edge := NoiseRank(w).Sigma * (math.Sqrt(h) + math.Sqrt(d)) // the largest value is not among those that tell sigma
		var svd mat.SVD
		svd.Factorize(w, mat.SVDThin)
		var u, v mat.Dense
		svd.UTo(&u)
		svd.VTo(&v)
		values := svd.Values(nil)
		var one mat.Dense
		one.Outer(factor*edge-values[0], u.ColView(0), v.ColView(0))
		w.Add(w, &one)
		if s := NoiseRank(w); (s.Singular[0] > s.Edge) != want {
			t.Errorf("a direction %v times as large as the edge of the noise counts: %v (edge %.2f of %.2f)", factor, !want, s.Edge, edge)
		}
	}
}

func TestNearlyFull(t *testing.T) {
	for rank, want := range map[int]bool{20: false, 80: false, 95: true, 100: true} {
		l := &FirstLayer{Outputs: 100, Inputs: 300, Rank: rank, Largest: 2, Edge: 1}
		if got := strings.Contains(l.difficulty(), "it excludes nothing"); got != want {
			t.Errorf("rank %d of 100: %s", rank, l.difficulty())
		}
	}
}
