package main

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// outcome is what was measured of one network.
type outcome struct {
	// single and together are the shares that the joined scores find, margin and loss those that the baselines do.
	single, together, margin, loss float64
	// alarms is the share of never-trained images whose p-value against the reference set is at most 0.01.
	alarms            float64
	accuracy, seconds float64
}

// Images of each kind: the reference set, those never trained on that are counted, and the controls.
const (
	references = 1000
	strangers  = 1500
	controls   = 30
)

func measure(ctx context.Context, r practice.Row, dir string, seed uint64) (outcome, error) {
	all, err := r.Load(ctx, dir, seed)
	if err != nil {
		return outcome{}, err
	}
	need := r.Samples + references + strangers
	if all.Len() < need {
		return outcome{}, fmt.Errorf("%d images where %d are needed", all.Len(), need)
	}
	trained, known := all.Range(0, r.Samples), all.Range(r.Samples, r.Samples+references)
	other := all.Range(r.Samples+references, need)
	model, info, err := r.Train(ctx, trained, seed)
	if err != nil {
		return outcome{}, err
	}
	net, err := graph.Compile(model, graph.Options{})
	if err != nil {
		return outcome{}, err
	}
	begun := time.Now()
	queried := imprint.Images{X: append(append([]float32{}, trained.Pixels...), other.Pixels...), Labels: append(append([]int{}, trained.Labels...), other.Labels...)}
	found, err := imprint.Examine(ctx, net, queried, imprint.Images{X: known.Pixels, Labels: known.Labels}, imprint.Options{})
	if err != nil {
		return outcome{}, err
	}
	losses := found.QueriedLosses
	alarms := cmp.Or(r.Alarms, 0.01)
	o := judge(found, r.Samples, alarms, seed)
	o.margin, _ = rates(found.QueriedMargins[:r.Samples], found.QueriedMargins[r.Samples:], alarms, seed)
	o.loss, _ = rates(losses[:r.Samples], losses[r.Samples:], alarms, seed)
	o.accuracy, o.seconds = info.Accuracy, time.Since(begun).Seconds()
	return o, nil
}

// judge joins the layers' scores by the first training samples and counts the others.
func judge(found *imprint.Result, samples int, rate float64, seed uint64) outcome {
	known, queried := imprint.Rows(found.Own()) // no training sample here was relabelled
	joined := metrics.Join(known, queried[:controls], queried[controls:])
	single, together := rates(joined.Images[:samples-controls], joined.Images[samples-controls:], rate, seed)
	alarms := 0.0
	for _, s := range joined.Images[samples-controls:] {
		if metrics.ConformalPValue(s, joined.Null) <= 0.01 {
			alarms += 1. / strangers
		}
	}
	return outcome{single: single, together: together, alarms: alarms}
}

// rates are the share of members above all strangers but a share of alarms, and that of the means of 20 members above 99 % of
// those of 20 strangers.
func rates(members, strangers []float64, alarms float64, seed uint64) (single, together float64) {
	above := func(values []float64, limit float64) float64 {
		n := 0
		for _, v := range values {
			if v > limit {
				n++
			}
		}
		return float64(n) / float64(len(values))
	}
	rng := rand.New(rand.NewPCG(seed, 23))
	const draws, group = 2000, 20
	means := func(from []float64) []float64 {
		out := make([]float64, draws)
		for i := range out {
			for _, j := range rng.Perm(len(from))[:group] {
				out[i] += from[j] / group
			}
		}
		return out
	}
	return above(members, metrics.Quantile(strangers, 1-alarms)), above(means(members), metrics.Quantile(means(strangers), 0.99))
}
