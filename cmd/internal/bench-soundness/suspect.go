package main

import (
	"context"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph/chain"
)

// suspect is a model after the request.
type suspect struct {
	name string
	// honest says that the samples to forget are not in it.
	honest bool
	// make returns the model.
	make func(context.Context, *bench) (*specimen.Network, error)
}

// tuned is the margin that going on to train reaches: twice that of training, so that all multipliers move.
const tuned = 40

var suspects = []suspect{
	{"retrained without them", true, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		return b.train(ctx, b.keep, b.seed+1000)
	}},
	{"retrained without them, same start", true, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		return b.train(ctx, b.keep, b.seed)
	}},
	{"untouched", false, func(_ context.Context, b *bench) (*specimen.Network, error) {
		return b.before, nil
	}},
	{"retrained with them", false, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		return b.train(ctx, b.trained(), b.seed+1000)
	}},
	{"fine-tuned on the rest", false, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		return b.tune(ctx, b.keep, nil)
	}},
	{"fine-tuned on others", false, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		return b.tune(ctx, b.other, nil)
	}},
	{"relabelled", false, func(ctx context.Context, b *bench) (*specimen.Network, error) {
		labels, err := fixtures.Relabel(specimen.Labels(b.trained(), b.task), images.Positions(0, b.forget.Len()), b.classes(), b.seed)
		if err != nil {
			return nil, err
		}
		return b.tune(ctx, b.trained(), labels)
	}},
	{"smallest 20 % pruned", false, pruned(fixtures.Magnitude)},
	{"random 20 % pruned", false, pruned(fixtures.Random)},
	{"neurons rescaled and permuted", false, altered(func(b *bench) (*chain.Dense, error) {
		scaled, err := fixtures.RescaleNeurons(b.before.Net, 3, b.seed)
		if err != nil {
			return nil, err
		}
		return fixtures.PermuteNeurons(scaled, b.seed), nil
	})},
	{"noise of 1 %", false, altered(func(b *bench) (*chain.Dense, error) { return fixtures.AddNoise(b.before.Net, 0.01, b.seed), nil })},
	{"rounded to fp16", false, rounded(fixtures.Float16)},
	{"rounded to int8", false, rounded(fixtures.Int8)},
}

// tune goes on training the model before, with other labels where some are given.
func (b *bench) tune(ctx context.Context, set *images.Set, labels []int) (*specimen.Network, error) {
	return b.before.FineTune(ctx, set, labels, fixtures.Options{Classes: b.classes(), Margin: tuned, Seed: b.seed})
}

func pruned(by fixtures.Pruning) func(context.Context, *bench) (*specimen.Network, error) {
	return altered(func(b *bench) (*chain.Dense, error) { return fixtures.Prune(b.before.Net, 0.2, by, b.seed) })
}

func rounded(to fixtures.Precision) func(context.Context, *bench) (*specimen.Network, error) {
	return altered(func(b *bench) (*chain.Dense, error) { return fixtures.Round(b.before.Net, to) })
}

// altered is what was done to the model before without training.
func altered(do func(*bench) (*chain.Dense, error)) func(context.Context, *bench) (*specimen.Network, error) {
	return func(_ context.Context, b *bench) (*specimen.Network, error) {
		net, err := do(b)
		if err != nil {
			return nil, err
		}
		return b.before.With(net), nil
	}
}
