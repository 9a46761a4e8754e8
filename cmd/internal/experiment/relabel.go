package experiment

import (
	"context"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// relabel reproduces figures 13 and 14: the samples to forget are given other labels and training goes on, upon which the
// network no longer answers for them as it did, yet holds them as before. Training again without them is what it passes
// itself off as.
func relabel(ctx context.Context, r *runner) (*Result, error) {
	all, err := each(ctx, r, func(ctx context.Context, t *trial) (*history, error) {
		before, err := t.train(ctx, "the model before", images.MustJoin(t.forget, t.keep), 0)
		if err != nil {
			return nil, err
		}
		relabelled, err := t.relabel(ctx, before)
		if err != nil {
			return nil, err
		}
		again, err := t.train(ctx, "without the samples", t.keep, 1)
		if err != nil {
			return nil, err
		}
		return t.history(ctx, version{"before", before}, version{"relabelled", relabelled}, version{"retrained", again})
	})
	if err != nil {
		return nil, err
	}
	return histories(all).result([]string{similarity, retained, unlearned, accuracy}, []string{similarity, accuracy}), nil
}

// relabel goes on training a network with other labels for the samples to forget.
func (t *trial) relabel(ctx context.Context, n *specimen.Network) (*specimen.Network, error) {
	samples := images.MustJoin(t.forget, t.keep)
	labels := specimen.Labels(samples, t.task)
	forget := make([]int, t.forget.Len())
	for i := range forget {
		forget[i] = i
	}
	o := t.options("training with other labels", tuned)
	labels, err := fixtures.Relabel(labels, forget, o.Classes, t.seed)
	if err != nil {
		return nil, err
	}
	return n.FineTune(ctx, samples, labels, o)
}
