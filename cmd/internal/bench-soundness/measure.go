package main

import (
	"context"
	"fmt"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// opened is a model with what was recovered from it.
type opened struct {
	model  *audit.Model
	norm   images.Normalisation
	result *reconstruct.Result
}

// outcome is one pair of models, audited.
type outcome struct {
	suspect
	after *reconstruct.Result
	// asked is the decision on the samples to forget, and never that on samples that neither model was trained on.
	asked, never metrics.Decision
}

// run audits every suspect against the model before.
func (b *bench) run(ctx context.Context) error {
	var err error
	if b.before, err = b.train(ctx, b.trained(), b.seed); err != nil {
		return err
	}
	before, err := b.recover(ctx, suspect{name: "before", make: suspects[2].make})
	if err != nil {
		return err
	}
	for _, s := range suspects {
		after, err := b.recover(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		o := outcome{suspect: s, after: after.result}
		if o.asked, err = b.judge(ctx, before, after, b.forget); err != nil {
			return err
		}
		if o.never, err = b.judge(ctx, before, after, b.never); err != nil {
			return err
		}
		b.outcomes = append(b.outcomes, o)
	}
	return nil
}

func (b *bench) recover(ctx context.Context, s suspect) (*opened, error) {
	net, err := s.make(ctx, b)
	if err != nil {
		return nil, err
	}
	o := &opened{norm: net.Normalisation()}
	if o.model, err = net.Open(ctx, b.dir, "model", b.keep); err != nil {
		return nil, err
	}
	o.result, err = b.recoveries.Recover(ctx, o.model, b.keep.C, b.keep.H, b.keep.W, o.norm, reconstruct.Options{Seed: b.seed})
	return o, err
}

// judge asks for a set of samples, with the ones that were kept as controls.
func (b *bench) judge(ctx context.Context, before, after *opened, asked *images.Set) (metrics.Decision, error) {
	r := &audit.Request{Before: before.model, After: after.model, NormBefore: before.norm, NormAfter: after.norm, Reference: b.reference}
	for _, part := range []struct {
		set  *images.Set
		role metrics.Role
	}{{asked, metrics.Forget}, {b.keep, metrics.Retain}} {
		if err := r.Add(part.set, part.role); err != nil {
			return metrics.Decision{}, err
		}
	}
	out, err := audit.Judge(ctx, r, before.result, after.result)
	if err != nil {
		return metrics.Decision{}, err
	}
	return out.Decision, nil
}
