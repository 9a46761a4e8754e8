package main

import (
	"context"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
)

// suspect is a model after the request.
type suspect struct {
	name string
	// honest says that the samples to forget are not in it.
	honest bool
	// make returns the model and the image that its inputs are centred by.
	make func(context.Context, *bench) (*graph.Dense, images.Values, error)
}

// tuned is the margin that going on to train reaches: twice that of training, so that all multipliers move.
const tuned = 40

var suspects = []suspect{
	{"retrained without them", true, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.train(ctx, b.keep, b.seed+1000)
	}},
	{"retrained without them, same start", true, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.train(ctx, b.keep, b.seed)
	}},
	{"untouched", false, func(_ context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.before, b.mean, nil
	}},
	{"retrained with them", false, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.train(ctx, b.trained(), b.seed+1000)
	}},
	{"fine-tuned on the rest", false, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.tune(ctx, b.keep, b.labels(b.keep))
	}},
	{"fine-tuned on others", false, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		return b.tune(ctx, b.other, b.labels(b.other))
	}},
	{"relabelled", false, func(ctx context.Context, b *bench) (*graph.Dense, images.Values, error) {
		labels, err := fixtures.Relabel(b.labels(b.trained()), positions(b.forget.Len()), b.classes(), b.seed)
		if err != nil {
			return nil, nil, err
		}
		return b.tune(ctx, b.trained(), labels)
	}},
	{"smallest 20 % pruned", false, pruned(fixtures.Magnitude)},
	{"random 20 % pruned", false, pruned(fixtures.Random)},
	{"neurons rescaled and permuted", false, altered(func(b *bench) (*graph.Dense, error) {
		scaled, err := fixtures.RescaleNeurons(b.before, 3, b.seed)
		if err != nil {
			return nil, err
		}
		return fixtures.PermuteNeurons(scaled, b.seed), nil
	})},
	{"noise of 1 %", false, altered(func(b *bench) (*graph.Dense, error) { return fixtures.AddNoise(b.before, 0.01, b.seed), nil })},
	{"rounded to fp16", false, rounded(fixtures.Float16)},
	{"rounded to int8", false, rounded(fixtures.Int8)},
}

// tune goes on training the model before.
func (b *bench) tune(ctx context.Context, set *images.Set, labels []int) (*graph.Dense, images.Values, error) {
	net, _, err := fixtures.FineTune(ctx, b.before, centred(set, b.mean), labels,
		fixtures.Options{Classes: b.classes(), Margin: tuned, Seed: b.seed})
	return net, b.mean, err
}

func positions(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func pruned(by fixtures.Pruning) func(context.Context, *bench) (*graph.Dense, images.Values, error) {
	return altered(func(b *bench) (*graph.Dense, error) { return fixtures.Prune(b.before, 0.2, by, b.seed) })
}

func rounded(to fixtures.Precision) func(context.Context, *bench) (*graph.Dense, images.Values, error) {
	return altered(func(b *bench) (*graph.Dense, error) { return fixtures.Round(b.before, to) })
}

// altered is what was done to the model before without training.
func altered(do func(*bench) (*graph.Dense, error)) func(context.Context, *bench) (*graph.Dense, images.Values, error) {
	return func(_ context.Context, b *bench) (*graph.Dense, images.Values, error) {
		net, err := do(b)
		return net, b.mean, err
	}
}
