package metrics

import (
	"math/rand/v2"
	"testing"
)

// What a known start says is about the first layer that moved alone. A sample that lies far from its span, but to which the
// model's layers answer more strongly than to any image that was never trained on, is not gone: the first layer may have been
// trained without it, frozen, or had it projected out.
func TestSampleInLaterLayersIsNotUnlearned(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const controls, references = 100, 400
	in := Input{Before: passed(), After: passed()}
	for i := range controls + 1 {
		role := Retain
		if i == 0 {
			role = Forget
		}
		in.Samples = append(in.Samples, Sample{Source: "set", Role: role, Label: i % 10})
	}
	scores := func(lift func(i int) float64) Scores {
		var s Scores
		for i := range in.Samples {
			s.Samples = append(s.Samples, rng.NormFloat64()+lift(i))
		}
		for range references {
			s.Null = append(s.Null, rng.NormFloat64())
		}
		return s
	}
	all := func(lift float64) func(int) float64 { return func(int) float64 { return lift } }
	start := Statistic{Name: StartStatistic, Title: "start", Before: scores(all(60)), After: scores(func(i int) float64 {
		if i == 0 {
			return 0
		}
		return 60
	})}
	start.After.Samples[0] = 0.3
	imprint := Statistic{Name: "imprint", Title: "imprint", Use: ForRequest, Before: scores(all(3)), After: scores(all(3))}
	imprint.After.Samples[0] = 5
	in.Statistics = []Statistic{start, imprint}
	got := decide(t, in, Options{})
	if s := got.Samples[0]; s.Verdict == Unlearned || got.Summary.Verdict == Unlearned {
		t.Errorf("the sample is %s, the request %s, though the layers' answer has p = %.4f: %s", s.Verdict, got.Summary.Verdict, s.After.PValues[1], s.Reason)
	}
}
