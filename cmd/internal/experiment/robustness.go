package experiment

import (
	"context"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// pruned is the share of weights that pruning sets to 0.
const pruned = 0.2

// robustness reproduces figures 9 and 10: verification by a backdoor and by recovery when a model is pruned or trained
// further, with the poisoned samples still in it and without them. The samples to forget are the poisoned ones.
func robustness(ctx context.Context, r *runner) (*Result, error) {
	all, err := each(ctx, r, func(ctx context.Context, t *trial) (*history, error) {
		var err error
		if t.forget, err = poisoned(t.forget, target); err != nil {
			return nil, err
		}
		versions, err := t.altered(ctx)
		if err != nil {
			return nil, err
		}
		h, err := t.history(ctx, versions...)
		if err != nil {
			return nil, err
		}
		for k, v := range versions {
			if err := t.attacked(&h.States[k], v.net, target); err != nil {
				return nil, err
			}
		}
		return h, nil
	})
	if err != nil {
		return nil, err
	}
	measures := []string{similarity, retained, unlearned, attackSuccess, accuracy}
	return histories(all).result(measures, []string{attackSuccess, similarity}), nil
}

// altered makes the models of the experiment.
func (t *trial) altered(ctx context.Context) ([]version, error) {
	before, err := t.train(ctx, "the model before", images.MustJoin(t.forget, t.keep), 0)
	if err != nil {
		return nil, err
	}
	net, err := fixtures.Prune(before.Net, pruned, fixtures.Magnitude, t.seed)
	if err != nil {
		return nil, err
	}
	further, err := t.tune(ctx, "the model before further", before, t.other)
	if err != nil {
		return nil, err
	}
	again, err := t.train(ctx, "without the samples", t.keep, 1)
	if err != nil {
		return nil, err
	}
	both, err := t.tune(ctx, "that further", again, t.other)
	return []version{{"before", before}, {"pruned", before.With(net)}, {"fine-tuned", further}, {"retrained", again},
		{"retrained, fine-tuned", both}}, err
}
