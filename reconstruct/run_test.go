package reconstruct

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// found are the candidates of so many restarts: of r samples at random, every restart comes near to the first shared ones
// and to others of its own.
func found(restarts, r, shared int) []candidate {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(about []float64) []float64 {
		z := make([]float64, r)
		for k := range z {
			z[k] = rng.NormFloat64()
			if about != nil {
				z[k] = about[k] + 0.02*z[k]
			}
		}
		return z
	}
	var samples [][]float64
	for range shared {
		samples = append(samples, draw(nil))
	}
	var all []candidate
	for k := range restarts {
		for i := range r {
			var about []float64
			if i < shared {
				about = samples[i]
			}
			all = append(all, candidate{z: draw(about), restart: k})
		}
	}
	return all
}

func TestRepeatedWantsRestartsToAgree(t *testing.T) {
	for _, c := range []struct {
		restarts, shared int
		want             bool
	}{{6, 30, true}, {6, 12, true}, {6, 9, false}, {6, 0, false}, {1, 0, true}} {
		groups := cluster(found(c.restarts, 30, c.shared), true)
		r := Result{Rank: 30, Repeated: repeated(groups, c.restarts), Restarts: make([]Restart, c.restarts)}
		if c.restarts > 1 && r.Repeated != c.shared {
			t.Errorf("%d restarts share %d samples, want %d", c.restarts, r.Repeated, c.shared)
		}
		ok, reason := r.agreed()
		if ok != c.want || ok != (reason == "") {
			t.Errorf("%d restarts that share %d of 30 samples: %v, %q", c.restarts, c.shared, ok, reason)
		}
		if !ok && !strings.Contains(reason, "agree") {
			t.Errorf("the reason is %q", reason)
		}
	}
}

func TestConfidenceIsOfAsManySamplesAsTheRank(t *testing.T) {
	samples := []Sample{{Stability: 1, Agreement: 0.9}, {Stability: 0.8, Agreement: 0.5}, {Stability: 1, Agreement: 1}}
	for rank, want := range map[int]float64{2: (0.9 + 0.4) / 2, 4: (0.9 + 0.4 + 1) / 4} {
		if got := confidence(samples, rank); math.Abs(got-want) > 1e-12 {
			t.Errorf("rank %d: %v, want %v", rank, got, want)
		}
	}
	if got := confidence(nil, 3); got != 0 {
		t.Errorf("nothing was recovered with a confidence of %v", got)
	}
}
