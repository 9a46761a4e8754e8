package metrics

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestConformalPValue(t *testing.T) {
	null := []float64{1, 2, 2, 3}
	for score, want := range map[float64]float64{4: 1. / 5, 3: 2. / 5, 2.5: 2. / 5, 2: 4. / 5, 0: 1} {
		if got := ConformalPValue(score, null); got != want {
			t.Errorf("score %v: %v, want %v", score, got, want)
		}
	}
	if got := ConformalPValue(5, nil); got != 1 {
		t.Errorf("without a null: %v, want 1", got)
	}
}

// Exact validity: of K+1 images, let each in turn be the sample and the others the null. A valid p-value is at most
// j/(K+1) for at most j of them, whatever the scores, so that a sample that could as well have been any of the others
// gets a p-value of at most a with a probability of at most a.
func TestCombinedPValueIsExactlyValid(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, controls := range []int{0, 12} {
		for range 5 {
			const n = 40
			pool := make([][]float64, n)
			for i := range pool {
				common := rng.ExpFloat64()
				pool[i] = []float64{common + rng.NormFloat64(), math.Exp(rng.NormFloat64()), -common * rng.Float64()}
			}
			members := make([][]float64, controls)
			for i := range members {
				members[i] = []float64{3 + rng.NormFloat64(), 3 + rng.NormFloat64(), rng.NormFloat64()}
			}
			atMost := make([]int, n+1)
			for i := range pool {
				nulls := make([][]float64, 3)
				for j := range pool {
					if j != i {
						for s := range nulls {
							nulls[s] = append(nulls[s], pool[j][s])
						}
					}
				}
				p := newCombiner(nulls, members).evaluate(pool[i], -1).pValue
				for j := int(math.Round(p * n)); j <= n; j++ {
					atMost[j]++
				}
			}
			for j, got := range atMost {
				if got > j {
					t.Errorf("%d controls: the p-value is at most %d/%d for %d of %d images", controls, j, n, got, n)
				}
			}
			if atMost[n/10] == 0 {
				t.Error("no image ever gets a small p-value: the test cannot fail")
			}
		}
	}
}

func TestBenjaminiHochberg(t *testing.T) {
	// The example of Benjamini and Hochberg 1995, section 4: the four smallest of fifteen are rejected at 0.05.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	for i, rejected := range BenjaminiHochberg(p, 0.05) {
		if rejected != (i < 4) {
			t.Errorf("p = %v: rejected %v", p[i], rejected)
		}
	}
	// A step-up procedure: the larger p-value carries the smaller ones with it.
	if got := BenjaminiHochberg([]float64{0.04, 0.05, 0.045}, 0.05); !reflect.DeepEqual(got, []bool{true, true, true}) {
		t.Errorf("%v", got)
	}
	if got := BenjaminiHochberg(nil, 0.05); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestDiscriminantIsTheBestOfAllWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	draw := func(n int, lift []float64) [][]float64 {
		out := make([][]float64, n)
		for i := range out {
			common := rng.NormFloat64()
			for _, l := range lift {
				out[i] = append(out[i], l+0.6*common+0.8*rng.NormFloat64())
			}
		}
		return out
	}
	members, pool := draw(60, []float64{1.5, 1.6, -0.2}), draw(200, []float64{0, 0, 0})
	mm, mc := centreAndCovariance(members)
	pm, pc := centreAndCovariance(pool)
	quality := func(w []float64) float64 {
		lift, variance := 0.0, 0.0
		for s := range w {
			lift += w[s] * (mm[s] - pm[s])
			for u := range w {
				variance += w[s] * w[u] * (mc[s][u] + pc[s][u]) / 2
			}
			variance += ridge * w[s] * w[s]
		}
		return lift / math.Sqrt(variance)
	}
	got := discriminant(members, pool)
	if math.Abs(got[0]+got[1]+got[2]-1) > 1e-12 || min(got[0], got[1], got[2]) < 0 {
		t.Fatalf("weights %v", got)
	}
	for a := 0.0; a <= 1; a += 0.02 {
		for b := 0.0; a+b <= 1; b += 0.02 {
			if w := []float64{a, b, 1 - a - b}; quality(w) > quality(got)+1e-9 {
				t.Fatalf("weights %v separate by %v, %v by %v", got, quality(got), w, quality(w))
			}
		}
	}
	if w := discriminant(draw(20, []float64{-2, -2, -2}), pool); w != nil {
		t.Errorf("where no statistic is higher for members, the weights are %v", w)
	}
}

func TestScaleOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 2))
	for n := 1; n < 40; n++ {
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Round(8*rng.NormFloat64()) / 4 // with ties
		}
		sorted := sortedCopy(v)
		got := scaleOf(sorted)
		deviations := make([]float64, n)
		for i, x := range v {
			deviations[i] = math.Abs(x - got.centre)
		}
		want := madToSigma * medianOfSorted(sortedCopy(deviations))
		if want > 0 && got.spread != want {
			t.Errorf("%v: spread %v, want %v", sorted, got.spread, want)
		}
	}
	if s := scaleOf([]float64{2, 2, 2}); s.of(5) != 0 {
		t.Errorf("a statistic that is the same for all says %v", s.of(5))
	}
	if s := scaleOf([]float64{0, 2, 2, 2}); s.spread == 0 {
		t.Error("a statistic that is the same for most is dropped")
	}
}
