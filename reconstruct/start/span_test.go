package start

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// trainedFrom is a weight that n samples moved from a start, by signals whose sizes spread over three decades, rounded with the
// given noise; the last inputs are always 0, and the last neurons are never active.
func trainedFrom(rng *rand.Rand, h, d, n int, decay, noise float64) (weight, from, samples, strangers *mat.Dense) {
	normal := func(rows, columns int) *mat.Dense {
		m := mat.NewDense(rows, columns, nil)
		m.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, m)
		return m
	}
	from = normal(h, d)
	from.Scale(1/math.Sqrt(float64(d)), from)
	samples, strangers = normal(n, d), normal(50, d)
	signals := normal(h, n)
	for i := range n {
		size := math.Pow(10, -3*rng.Float64())
		for k := range h {
			signals.Set(k, i, size*signals.At(k, i))
		}
	}
	for _, m := range []*mat.Dense{samples, strangers} {
		m.Apply(func(_, j int, v float64) float64 {
			if j >= d-d/8 {
				return 0
			}
			return v
		}, m)
	}
	signals.Apply(func(i, _ int, v float64) float64 {
		if i >= h-h/8 {
			return 0
		}
		return v
	}, signals)
	weight = mat.NewDense(h, d, nil)
	weight.Mul(signals, samples)
	weight.Apply(func(i, j int, v float64) float64 { return v + decay*from.At(i, j) + noise*rng.NormFloat64() }, weight)
	return weight, from, samples, strangers
}

// The decay, the noise and the span are those that a weight was made from.
func TestSpan(t *testing.T) {
	for _, c := range []struct {
		h, d, n      int
		decay, noise float64
	}{
		{100, 300, 40, 1, 1e-7}, {300, 100, 40, 1, 1e-7}, {300, 100, 40, 0.6, 1e-7}, {100, 300, 60, 0.9, 1e-6}, {150, 150, 100, 0.98, 1e-5}, {120, 200, 1, 1, 0},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			weight, from, samples, strangers := trainedFrom(rand.New(rand.NewPCG(1, 2)), c.h, c.d, c.n, c.decay, c.noise)
			s, err := New(weight, []*mat.Dense{from})
			if err != nil {
				t.Fatal(err)
			}
			near, far := 0.0, math.Inf(1)
			for _, v := range distances(t, s, samples) {
				near = max(near, v)
			}
			for _, v := range distances(t, s, strangers) {
				far = min(far, v)
			}
			t.Logf("decay off by %.1e, noise %.1e, %.1f of %d directions, samples within %.1e, strangers from %.2f", s.Decay[0]-c.decay, s.Noise, s.Directions, s.Limit, near, far)
			if math.Abs(s.Decay[0]-c.decay) > 1e-5+30*c.noise || s.Noise > 2*c.noise+1e-9 || s.Noise < c.noise/3 {
				t.Errorf("decay %v, noise %v", s.Decay[0], s.Noise)
			}
			if near > 1e-3 || far < 0.2 || s.Directions < float64(c.n)-1 || s.Directions > 1.2*float64(c.n)+2 {
				t.Errorf("samples within %g, strangers from %g, %g directions", near, far, s.Directions)
			}
		})
	}
}

// What of an image lies in the span is its projection onto the samples.
func TestInside(t *testing.T) {
	weight, from, samples, strangers := trainedFrom(rand.New(rand.NewPCG(5, 6)), 100, 300, 20, 0.9, 1e-9)
	s, err := New(weight, []*mat.Dense{from})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := samples.Dims()
	for _, x := range []*mat.Dense{samples, strangers} {
		var coefficients, want, off mat.Dense
		if err := coefficients.Solve(samples.T(), x.T()); err != nil { // by least squares
			t.Fatal(err)
		}
		want.Mul(coefficients.T(), samples)
		off.Sub(s.Inside(x, Known{}), &want)
		if got := mat.Norm(&off, 2) / mat.Norm(x, 2); got > 1e-3 {
			t.Errorf("of %d samples' span it is off by %.1e", n, got)
		}
	}
}

func distances(t *testing.T, s *Span, x *mat.Dense) []float64 {
	t.Helper()
	out, err := s.Distances(x, Known{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Behind a normalisation over the batch signals add up to zero, so that only differences of samples lie in the span: what of the
// samples lies outside is the same for all, and does not count once some are known.
func TestSpanOfDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const h, d, n = 80, 150, 40
	samples, strangers, from, signals := normal(rng, n, d), normal(rng, 30, d), normal(rng, h, d), normal(rng, h, n)
	for i := range h {
		row := signals.RawRowView(i)
		mean := 0.0
		for _, v := range row {
			mean += v / n
		}
		for k := range row {
			row[k] -= mean
		}
	}
	var weight mat.Dense
	weight.Mul(signals, samples)
	weight.Add(&weight, from)
	s, err := New(&weight, []*mat.Dense{from})
	if err != nil {
		t.Fatal(err)
	}
	all := mat.NewDense(n+30, d, nil)
	all.Stack(samples, strangers)
	known := Known{Trained: []int{0, 1, 2, 3, 4, 5, 6, 7}}
	for i := range 30 {
		known.Never = append(known.Never, n+i)
	}
	with, err := s.Distances(all, known)
	if err != nil {
		t.Fatal(err)
	}
	known.Trained = nil
	without, err := s.Distances(all, known)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Max(with[:n]) > 1e-3 || slices.Min(without[:n]) < 0.05 || slices.Min(with[n:]) < 0.2 {
		t.Errorf("samples within %.2g with some known, from %.2g without; strangers from %.2g", slices.Max(with[:n]), slices.Min(without[:n]), slices.Min(with[n:]))
	}
}
