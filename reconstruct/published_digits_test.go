package reconstruct_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/reconstruct"
)

// Of a few settings the best, by the training data as in the published work, comes closer to the training images than as
// many random mixtures of them do, which is what a descent that stays in their span could find by chance.
func TestPublishedRecoversDigits(t *testing.T) {
	set, p := trained(t, 10, fixtures.OddEven, 200)
	first, last := map[int]float64{}, map[int]float64{}
	runs, err := reconstruct.SweepPublished(context.Background(), p, 3, reconstruct.PublishedOptions{
		Samples: set.Len(), Epochs: 4000,
		Setting: reconstruct.PublishedSetting{RateX: 0.003, RateLambda: 0.1, Alpha: 40},
		Progress: func(p reconstruct.Progress) {
			if _, begun := first[p.Restart]; !begun {
				first[p.Restart] = p.Residual
			}
			last[p.Restart] = p.Residual
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	recovered := 0.0
	for i, run := range runs {
		if last[i] != run.Residual || last[i] > 0.3*first[i] {
			t.Errorf("setting %d: the residual went from %v to %v, at the end %v", i, first[i], last[i], run.Residual)
		}
		score := stat.Mean(cosines(set, run.Result), nil)
		t.Logf("setting %d: residual %.3f, mean cosine %.3f", i, run.Residual, score)
		recovered = max(recovered, score)
	}
	if chance := mixtureCosine(set, p.Mean, len(runs[0].Result.Samples)); recovered < chance+0.1 {
		t.Errorf("mean cosine %.3f with the training images, by chance %.3f", recovered, chance)
	}
}

// mixtureCosine is the mean over a set's images of the cosine with the nearest of n random mixtures of them.
func mixtureCosine(set *images.Set, mean []float64, n int) float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := set.Matrix()
	x.Apply(func(_, k int, v float64) float64 { return v - mean[k] }, x)
	weights := mat.NewDense(n, set.Len(), nil)
	weights.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, weights)
	var mixed mat.Dense
	mixed.Mul(weights, x)
	nearest := make([]float64, set.Len())
	for i := range nearest {
		for j := range n {
			a, b := x.RowView(i), mixed.RowView(j)
			nearest[i] = max(nearest[i], mat.Dot(a, b)/mat.Norm(a, 2)/mat.Norm(b, 2))
		}
	}
	return stat.Mean(nearest, nil)
}
