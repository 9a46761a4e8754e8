package start

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// The tests of this file place evidence on either side of each threshold in thresholds.go, in plain numbers. They fail if one
// leaves its safe range.

func TestPossibleDecay(t *testing.T) {
	for c, want := range map[float64]bool{-0.5: false, 0: false, 0.001: true, 1: true, 1.03: true, 1.08: false, 1 + decayAbove: false} {
		if got := possibleDecay(c); got != want {
			t.Errorf("a factor of %v is possible: %v", c, got)
		}
	}
}

// nearness is a finding in which so many of the controls lie nearer to the span than all reference images.
func nearness(near, controls int, evenness float64) *Finding {
	f := &Finding{Span: &Span{Evenness: evenness}}
	for i := range controls {
		f.known.Trained = append(f.known.Trained, i)
		f.Distances = append(f.Distances, 5)
		if i < near {
			f.Distances[i] = 0.1
		}
	}
	for i := range 200 {
		f.known.Never = append(f.known.Never, controls+i)
		f.Distances = append(f.Distances, 1+float64(i)/100)
	}
	return f
}

func TestPowerless(t *testing.T) {
	for _, c := range []struct {
		near, controls int
		power          bool
	}{{8, 20, false}, {9, 20, false}, {10, 20, true}, {12, 20, true}, {4, 4, false}, {5, 5, true}, {0, 20, false}} {
		if why := nearness(c.near, c.controls, 3).Powerless(); (why == "") != c.power {
			t.Errorf("%d of %d controls are near: %q", c.near, c.controls, why)
		}
	}
	alone := nearness(20, 20, 3)
	alone.known.Never = nil
	if alone.Powerless() == "" {
		t.Error("distances without reference images tell something")
	}
	// The nearest hundredth of the reference images is the limit, which does not count itself.
	atLimit := nearness(20, 20, 3)
	for i := range 20 {
		atLimit.Distances[i] = 1.02
	}
	if atLimit.Powerless() == "" {
		t.Error("controls at the limit count as near")
	}
}

func TestEvennessNamesTheOptimiser(t *testing.T) {
	for evenness, want := range map[float64]bool{2.6: true, scaledBelow: false, 3.2: false} {
		if why := nearness(0, 20, evenness).Powerless(); strings.Contains(why, "Adam") != want {
			t.Errorf("evenness %v: %s", evenness, why)
		}
	}
}

// bisected is a t in [0, 1] at which a rising function has a value.
func bisected(f func(float64) float64, value float64) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; f(middle) < value {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

func normal(rng *rand.Rand, h, d int) *mat.Dense {
	w := mat.NewDense(h, d, nil)
	w.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, w)
	return w
}

// A weight that answers to an image with a p-value a little above the level is an initialisation, one a little below is not.
func TestGenuineLevel(t *testing.T) {
	const h, d = 60, 80
	w := normal(rand.New(rand.NewPCG(1, 1)), h, d)
	deviation, err := drawn(w)
	if err != nil {
		t.Fatal(err)
	}
	var svd mat.SVD
	if !svd.Factorize(w, mat.SVDFull) {
		t.Fatal("no decomposition")
	}
	var v mat.Dense
	svd.VTo(&v)
	inputs := func(t float64) *mat.Dense { // from a middling direction to the one that is answered most
		out := mat.NewDense(1, d, nil)
		for i := range d {
			out.Set(0, i, (1-t)*v.At(i, h/3)+t*v.At(i, 0))
		}
		return out
	}
	surprise := func(t float64) float64 { return -answers(w, inputs(t), []int{0}, deviation) }
	for p, genuine := range map[float64]bool{0.0007: false, 0.0015: true} {
		if err := Genuine(w, inputs(bisected(surprise, -p)), []int{0}); (err == nil) != genuine {
			t.Errorf("p = %v: %v", p, err)
		}
	}
}

// A direction that was added to a weight shows in its spectrum from a twentieth above the edge on.
func TestSpectrumAbove(t *testing.T) {
	const h, d = 150, 200
	w := normal(rand.New(rand.NewPCG(2, 1)), h, d)
	with := func(t float64) *mat.Dense {
		out := mat.DenseCopyOf(w)
		for i := range h {
			for j := range d {
				out.Set(i, j, out.At(i, j)+t*math.Sin(float64(i))*math.Cos(float64(j)))
			}
		}
		return out
	}
	edge := chain.MarchenkoPastur(h, d)[0]
	ratio := func(t float64) float64 {
		x := with(t)
		return largest(x) / (edge * mat.Norm(x, 2) / math.Sqrt(h*d))
	}
	for above, genuine := range map[float64]bool{0.04: true, 0.065: false} {
		if _, err := drawn(with(bisected(ratio, 1+above))); (err == nil) != genuine {
			t.Errorf("the largest singular value is %v above the edge: %v", above, err)
		}
	}
}

// An element beyond the bound of a uniform distribution shows from five standard deviations of the bound's estimate on.
func TestBoundAbove(t *testing.T) {
	const h, d = 100, 100
	for deviations, genuine := range map[float64]bool{4.5: true, 5.5: false} {
		w := mat.NewDense(h, d, nil)
		for i, k := range rand.New(rand.NewPCG(3, 1)).Perm(h * d) {
			w.Set(i/d, i%d, (2*float64(k)+1)/(h*d)-1)
		}
		bound := math.Sqrt(3) * mat.Norm(w, 2) / math.Sqrt(h*d)
		values := w.RawMatrix().Data
		values[slices.Index(values, slices.Max(values))] = bound * (1 + deviations*math.Sqrt(0.2/(h*d)))
		if _, err := drawn(w); (err == nil) != genuine {
			t.Errorf("the largest element is %v standard deviations above the bound: %v", deviations, err)
		}
	}
}

func TestResemblance(t *testing.T) {
	at := func(n int, cosine float64) bool {
		x, y := make([]float32, n), make([]float32, n)
		x[0], y[0], y[1] = 1, float32(cosine), float32(math.Sqrt(1-cosine*cosine))
		return resembles(x, y)
	}
	for _, c := range []struct {
		n      int
		cosine float64
		want   bool
	}{{10000, 0.05, false}, {10000, 0.07, true}, {10000, -0.5, false}, {9, 0.85, false}, {9, 0.95, true}} {
		if got := at(c.n, c.cosine); got != c.want {
			t.Errorf("%d elements of cosine %v resemble each other: %v", c.n, c.cosine, got)
		}
	}
	if resembles(make([]float32, 4), []float32{1, 1, 1, 1}) || resembles([]float32{1, 1, 1, 1}, make([]float32, 4)) {
		t.Error("zeros resemble a weight")
	}
}
