package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"unlearnguard/fixtures"
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

func (r row) measure(ctx context.Context, dir string, seed uint64) (outcome, error) {
	all, shape, err := load(ctx, dir, r.data, seed)
	if err != nil {
		return outcome{}, err
	}
	if r.embedded {
		if all, shape, err = features(ctx, all, shape); err != nil {
			return outcome{}, err
		}
	}
	need := r.samples + references + strangers
	if len(all.labels) < need {
		return outcome{}, fmt.Errorf("%d images where %d are needed", len(all.labels), need)
	}
	trained, known, other := all.slice(0, r.samples), all.slice(r.samples, r.samples+references), all.slice(r.samples+references, need)
	start, err := fixtures.NewModel(r.arch, shape, fixtures.ArchitectureOptions{Hidden: r.hidden, Seed: seed})
	if err != nil {
		return outcome{}, err
	}
	fit := r.fit
	fit.Seed = seed
	model, info, err := fixtures.Fit(ctx, start, trained.x, trained.labels, fit)
	if err != nil {
		return outcome{}, err
	}
	net, err := graph.Compile(model, graph.Options{})
	if err != nil {
		return outcome{}, err
	}
	begun := time.Now()
	queried := part{append(append([]float32{}, trained.x...), other.x...), append(append([]int{}, trained.labels...), other.labels...)}
	found, err := imprint.Examine(ctx, net, imprint.Images{X: queried.x, Labels: queried.labels}, imprint.Images{X: known.x, Labels: known.labels}, imprint.Options{})
	if err != nil {
		return outcome{}, err
	}
	losses, err := lossesOf(ctx, net, queried)
	if err != nil {
		return outcome{}, err
	}
	o := r.judge(found, seed)
	o.margin, _ = rates(found.QueriedMargins[:r.samples], found.QueriedMargins[r.samples:], seed)
	o.loss, _ = rates(losses[:r.samples], losses[r.samples:], seed)
	o.accuracy, o.seconds = info.Accuracy, time.Since(begun).Seconds()
	return o, nil
}

// judge joins the layers' scores by the first training samples and counts the others.
func (r row) judge(found *imprint.Result, seed uint64) outcome {
	row := func(of func(imprint.Score) []float64, from, to int) [][]float64 {
		out := make([][]float64, to-from)
		for i := range out {
			for _, s := range found.Scores {
				out[i] = append(out[i], of(s)[from+i])
			}
		}
		return out
	}
	queried := func(s imprint.Score) []float64 { return s.Queried }
	total := r.samples + strangers
	joined := metrics.Join(row(func(s imprint.Score) []float64 { return s.References }, 0, references),
		row(queried, 0, controls), row(queried, controls, total))
	single, together := rates(joined.Images[:r.samples-controls], joined.Images[r.samples-controls:], seed)
	alarms := 0.0
	for _, s := range joined.Images[r.samples-controls:] {
		if metrics.ConformalPValue(s, joined.Null) <= 0.01 {
			alarms += 1. / strangers
		}
	}
	return outcome{single: single, together: together, alarms: alarms}
}

// rates are the share of members above 99 % of strangers, and of the means of 20 members above 99 % of those of 20 strangers.
func rates(members, strangers []float64, seed uint64) (single, together float64) {
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
	return above(members, metrics.Quantile(strangers, 0.99)), above(means(members), metrics.Quantile(means(strangers), 0.99))
}

// lossesOf are the samples' cross-entropies with their sign changed.
func lossesOf(ctx context.Context, net *graph.Network, p part) ([]float64, error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{})
	if err != nil {
		return nil, err
	}
	y, err := r.Outputs(ctx, p.x)
	if err != nil {
		return nil, err
	}
	width := len(y) / len(p.labels)
	out := make([]float64, len(p.labels))
	for i, label := range p.labels {
		logits := y[i*width : (i+1)*width]
		sum := 0.0
		for _, z := range logits {
			sum += math.Exp(float64(z - logits[label]))
		}
		out[i] = -math.Log(sum)
	}
	return out, nil
}
