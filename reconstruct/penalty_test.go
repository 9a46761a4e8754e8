package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
)

// penaltyOf is what penalty's comment says, for one particle among m.
func penaltyOf(p *penalty[float64], z []float64) float64 {
	at := func(j int) float64 { return z[j]*p.space.std[j] + p.space.mean[j] }
	rounded := func(v float64) float64 { return math.Sqrt(v*v + penaltyRound*penaltyRound) }
	sum := 0.
	for c := range p.problem.Channels {
		for y := range p.problem.Height {
			for x := range p.problem.Width {
				j := (c*p.problem.Height+y)*p.problem.Width + x
				outside := min(at(j), 0) + max(at(j)-1, 0)
				sum += penaltyBox * outside * outside
				if p.floor {
					sum += 2 * penaltyFloor * math.Sqrt(rounded(at(j)))
				}
				if x+1 < p.problem.Width {
					sum += penaltyVariation * rounded(at(j)-at(j+1))
				}
				if y+1 < p.problem.Height {
					sum += penaltyVariation * rounded(at(j)-at(j+p.problem.Width))
				}
			}
		}
	}
	return sum / float64(p.m*len(p.pixels))
}

func TestPenaltyGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const m, d = 3, 2 * 3 * 4
	problem := &Problem{Channels: 2, Height: 3, Width: 4, Mean: make([]float64, d), Std: []float64{0.5, 2}}
	for j := d / 2; j < d; j++ {
		problem.Mean[j] = rng.Float64()
	}
	p := newPenalty[float64](&descent{problem: problem, space: problem.space(), labels: make([]int, m)})
	if !p.floor {
		t.Fatal("half of the mean image is black, and yet the images are said to have no floor")
	}
	z, got := make([]float64, m*d), make([]float64, m*d)
	for i := range z {
		z[i] = rng.NormFloat64()
	}
	p.addGradient(got, z)
	for i := range m {
		of := z[i*d:][:d]
		want := fd.Gradient(nil, func(z []float64) float64 { return penaltyOf(p, z) }, of, &fd.Settings{Formula: fd.Central})
		for j, w := range want {
			if g := got[i*d+j]; math.Abs(g-w) > 1e-6 {
				t.Errorf("particle %d, element %d: gradient %v, want %v", i, j, g, w)
			}
		}
	}
}

func TestOnlyAMeanImageShowsAFloor(t *testing.T) {
	for _, mean := range [][]float64{nil, {0}, {0.1, 0.2, 0.3, 0.4}} {
		if hasFloor(&Problem{Channels: 1, Height: 2, Width: 2, Mean: mean}) {
			t.Errorf("mean %v is taken for black images", mean)
		}
	}
}
