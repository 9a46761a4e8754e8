package metrics

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/combin"
)

// DifferenceTest asks whether the forgotten samples lost more evidence than the retained ones: E[D | forgotten] >
// E[D | retained], where D is a sample's score for the model before less that for the model after (arXiv 2410.10120,
// eqs. 18-20). Under the hypothesis that the two lost alike, which of the samples are called forgotten is arbitrary, so
// the p-value is the share of all ways to choose as many samples whose mean loss is at least as large.
type DifferenceTest struct {
	// Statistic names the score of which D is the loss.
	Statistic string `json:"statistic"`
	// MeanForgotten and MeanRetained are the mean losses.
	MeanForgotten float64 `json:"mean_forgotten"`
	MeanRetained  float64 `json:"mean_retained"`
	// EffectSize is the probability that a forgotten sample lost more than a retained one (Vargha and Delaney's A):
	// 0.5 where there is no difference, 1 where every forgotten sample lost more than every retained one.
	EffectSize float64 `json:"effect_size"`
	PValue     float64 `json:"p_value"`
	// Exact says that every choice was looked at. Otherwise Permutations of them were drawn at random.
	Exact        bool `json:"exact"`
	Permutations int  `json:"permutations"`
}

// NewDifferenceTest compares the losses of forgotten and retained samples, at least one each. Where all ways to choose
// are too many, draws of them are taken at random from seed.
func NewDifferenceTest(statistic string, forgotten, retained []float64, draws int, seed uint64) DifferenceTest {
	all := append(append([]float64(nil), forgotten...), retained...)
	p := permutationPValue(all, len(forgotten), draws, seed)
	return DifferenceTest{
		Statistic:     statistic,
		MeanForgotten: stat.Mean(forgotten, nil),
		MeanRetained:  stat.Mean(retained, nil),
		EffectSize:    superiority(forgotten, retained),
		PValue:        p.value,
		Exact:         p.exact,
		Permutations:  p.choices,
	}
}

// superiority is the share of pairs of which the first is larger; ties count half.
func superiority(a, b []float64) float64 {
	sum := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x > y:
				sum++
			case x == y:
				sum += 0.5
			}
		}
	}
	return sum / float64(len(a)*len(b))
}

// GroupTest asks whether the samples of the request, taken together, show more evidence in the model after than as many
// never-trained images would. It notices traces too weak to show in any one sample. The statistic is Fisher's sum of
// -log p over the samples, its distribution that over random choices from samples and reference images together.
type GroupTest struct {
	Samples int     `json:"samples"`
	PValue  float64 `json:"p_value"`
}

// newGroupTest compares the scores of a group with those of the null.
func newGroupTest(group, null []float64, draws int, seed uint64) GroupTest {
	pool := append(append([]float64(nil), group...), null...)
	surprise := make([]float64, len(pool))
	for i, v := range pool {
		atLeast := 0
		for _, w := range pool {
			if w >= v {
				atLeast++
			}
		}
		surprise[i] = -math.Log(float64(atLeast) / float64(len(pool)))
	}
	return GroupTest{Samples: len(group), PValue: permutationPValue(surprise, len(group), draws, seed).value}
}

// mostExact is the number of choices up to which a permutation test looks at all of them.
const mostExact = 20000

type permutationResult struct {
	value   float64
	exact   bool
	choices int
}

// permutationPValue is the share of choices of m values whose sum is at least that of the first m.
func permutationPValue(values []float64, m, draws int, seed uint64) permutationResult {
	observed, scale := 0.0, 0.0
	for i, v := range values {
		if i < m {
			observed += v
		}
		scale += math.Abs(v)
	}
	// Equal choices may be summed in another order: their rounding must not tell them apart.
	observed -= 1e-12 * scale
	if n := combin.LogGeneralizedBinomial(float64(len(values)), float64(m)); n <= math.Log(mostExact) {
		return allChoices(values, m, observed)
	}
	return someChoices(values, m, draws, observed, seed)
}

func allChoices(values []float64, m int, observed float64) permutationResult {
	generator, chosen := combin.NewCombinationGenerator(len(values), m), make([]int, m)
	atLeast, all := 0, 0
	for generator.Next() {
		sum := 0.0
		for _, i := range generator.Combination(chosen) {
			sum += values[i]
		}
		if sum >= observed {
			atLeast++
		}
		all++
	}
	return permutationResult{float64(atLeast) / float64(all), true, all}
}

// someChoices counts the observed choice as one of those drawn, which keeps the p-value valid (Phipson and Smyth,
// "Permutation p-values should never be zero", 2010).
func someChoices(values []float64, m, draws int, observed float64, seed uint64) permutationResult {
	rng := rand.New(rand.NewPCG(seed, 0x64696666)) // a stream of its own
	shuffled := append([]float64(nil), values...)
	atLeast := 1
	for range draws {
		if drawSum(rng, shuffled, m) >= observed {
			atLeast++
		}
	}
	return permutationResult{float64(atLeast) / float64(draws+1), false, draws}
}

// drawSum is the sum of n values drawn from a pool without replacement; it reorders the pool.
func drawSum(rng *rand.Rand, pool []float64, n int) float64 {
	sum := 0.0
	for i := range n {
		j := i + rng.IntN(len(pool)-i)
		pool[i], pool[j] = pool[j], pool[i]
		sum += pool[i]
	}
	return sum
}
