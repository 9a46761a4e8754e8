package graph

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// compareAlone runs two random samples one by one and both together, as a check of the proof that a batch keeps its samples
// apart, and says if their logits differ. A network that cannot be run has none.
func (net *Network) compareAlone() error {
	if net.batch.PerSample == 0 {
		return nil
	}
	logits := net.classifier() == nil
	alone, err := net.Evaluator(EvaluatorOptions{Batch: 1, Logits: logits})
	if err != nil {
		return nil
	}
	together, err := net.Evaluator(EvaluatorOptions{Batch: 2, Logits: logits})
	if err != nil {
		return fmt.Errorf("two samples cannot be run together: %w", err)
	}
	ctx := context.Background()
	for seed := range uint64(draws) {
		x := make([]float64, 2*volume(net.InputShape))
		rng := rand.New(rand.NewPCG(seed, 0))
		for i := range x {
			x[i] = rng.NormFloat64()
		}
		want, err := alone.Run(ctx, x)
		if err != nil {
			return nil
		}
		got, err := together.Run(ctx, x)
		if err != nil {
			return fmt.Errorf("two samples cannot be run together: %w", err)
		}
		if same(got, want) {
			return nil
		}
	}
	return fmt.Errorf("samples that are run together give other results than each alone: this is a defect, please report it")
}

// draws is how often samples are tried until they agree: a rounding inside the network may go the other way once.
const draws = 3

// same compares results that may differ by rounding; what is not finite must be so in both.
func same(got, want []float64) bool {
	top := 0.0
	for _, w := range want {
		if !math.IsInf(w, 0) {
			top = max(top, math.Abs(w))
		}
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); d > 1e-4*top || math.IsNaN(d) && !(math.IsNaN(w) && math.IsNaN(got[i]) || w == got[i]) {
			return false
		}
	}
	return len(got) == len(want)
}
