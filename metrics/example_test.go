package metrics_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"unlearnguard/metrics"
)

// One sample is to be forgotten and thirty are to stay. Before, all score 10 standard deviations above 400 images that were never
// trained on; after, the one to be forgotten scores as these do.
func ExampleDecide() {
	rng := rand.New(rand.NewPCG(1, 1))
	passed := metrics.Check{OK: true}
	in := metrics.Input{Before: metrics.Diagnosis{Scope: passed, Convergence: passed, Integrity: passed}}
	in.After = in.Before
	score := metrics.Statistic{Name: "ncc", Title: "correlation"}
	for i := range 31 {
		role, after := metrics.Retain, 10.
		if i == 0 {
			role, after = metrics.Forget, 0
		}
		in.Samples = append(in.Samples, metrics.Sample{Source: fmt.Sprint(i), Role: role, Label: -1})
		score.Before.Samples, score.After.Samples = append(score.Before.Samples, 10), append(score.After.Samples, after)
	}
	for range 400 {
		score.Before.Null = append(score.Before.Null, rng.NormFloat64())
		score.After.Null = append(score.After.Null, rng.NormFloat64())
	}
	in.Statistics = []metrics.Statistic{score}
	d, err := metrics.Decide(in, metrics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Samples[0].Verdict)
	// Output: unlearned
}
