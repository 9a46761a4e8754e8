package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func sortedCopy(v []float64) []float64 {
	out := slices.Clone(v)
	slices.Sort(out)
	return out
}

func TestDifferenceTestByHand(t *testing.T) {
	forgotten, retained := []float64{2.1, 1.9, 3.0}, []float64{0.2, -0.1, 2.2, 0.4}
	got := NewDifferenceTest("ssim", forgotten, retained, 999, 1)
	// Of the 35 ways to choose three of the seven values, three sum to 7 or more: 2.1, 1.9, 3.0; 2.1, 3.0, 2.2; and
	// 1.9, 3.0, 2.2.
	if !got.Exact || got.Permutations != 35 || math.Abs(got.PValue-3./35) > 1e-15 {
		t.Errorf("%+v", got)
	}
	if want := 10. / 12; math.Abs(got.EffectSize-want) > 1e-15 {
		t.Errorf("effect size %v, want %v", got.EffectSize, want)
	}
	if math.Abs(got.MeanForgotten-7./3) > 1e-15 || math.Abs(got.MeanRetained-2.7/4) > 1e-15 {
		t.Errorf("means %v and %v", got.MeanForgotten, got.MeanRetained)
	}
}

func TestDrawnPermutationsAgreeWithAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	values := make([]float64, 16)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	values[0] += 1
	observed := values[0] + values[1] + values[2] + values[3]
	all := allChoices(values, 4, observed-1e-12)
	some := someChoices(values, 4, 20000, observed-1e-12, 3)
	if all.choices != 1820 || math.Abs(all.value-some.value) > 4*math.Sqrt(all.value*(1-all.value)/20000) {
		t.Errorf("all: %+v, drawn: %+v", all, some)
	}
}

func TestDifferenceTestIsCalibrated(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	const tests = 1000
	small := 0
	for range tests {
		values := make([]float64, 15)
		for i := range values {
			values[i] = rng.ExpFloat64()
		}
		if NewDifferenceTest("", values[:3], values[3:], 99, 1).PValue <= 0.05 {
			small++
		}
	}
	if most := 0.05*tests + 3*math.Sqrt(0.05*0.95*tests); float64(small) > most || small < tests/50 {
		t.Errorf("without a difference, p <= 0.05 in %d of %d tests", small, tests)
	}
}

func TestGroupTestNoticesWhatNoSingleSampleShows(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	const tests = 200
	under, faint := 0, 0
	for range tests {
		null, group, lifted := make([]float64, 200), make([]float64, 12), make([]float64, 12)
		for i := range null {
			null[i] = rng.NormFloat64()
		}
		for i := range group {
			group[i] = rng.NormFloat64()
			lifted[i] = group[i] + 1
		}
		under += count(newGroupTest(group, null, 199, 1).PValue <= 0.05)
		faint += count(newGroupTest(lifted, null, 199, 1).PValue <= 0.05)
	}
	if most := 0.05*tests + 3*math.Sqrt(0.05*0.95*tests); float64(under) > most {
		t.Errorf("without a trace, p <= 0.05 in %d of %d tests", under, tests)
	}
	if faint < tests*8/10 {
		t.Errorf("a trace of one standard deviation in 12 samples is noticed in %d of %d tests", faint, tests)
	}
}

func TestRateAtLeast(t *testing.T) {
	// scipy.stats.beta.ppf(0.05, hits, n-hits+1)
	for _, c := range []struct {
		hits, n int
		want    float64
	}{{18, 18, 0.8466824460427218}, {17, 18, 0.7623390849253603}, {1, 5, 0.010206218313011496}, {45, 50, 0.8011669974835816}, {0, 9, 0}} {
		if got := rateAtLeast(c.hits, c.n); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d of %d: %v, want %v", c.hits, c.n, got, c.want)
		}
	}
}

func TestControlsNeeded(t *testing.T) {
	for _, level := range []float64{0.2, 0.05, 0.01} {
		worst := func(c int) float64 {
			most := 0.0
			for q := 0.0; q <= 1; q += 0.0005 {
				most = max(most, q*math.Pow(1-q, float64(c)))
			}
			return most
		}
		if n := controlsNeeded(level); worst(n) > level || worst(n-1) <= level {
			t.Errorf("level %v: %d controls: a kept sample is called unlearned with a probability of up to %v, with one fewer %v", level, n, worst(n), worst(n-1))
		}
	}
}
