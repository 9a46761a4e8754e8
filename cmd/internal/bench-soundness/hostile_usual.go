package main

import (
	"context"
	"math"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/deception"
	"unlearnguard/fixtures/images"
)

// usualKind is a row of package practice and the number of samples of the request.
type usualKind struct {
	row    string
	forget int
}

// usualProvider trains as the row does.
type usualProvider struct {
	practice.Row
	seed uint64
}

func (k usualKind) victim(ctx context.Context, data string, seed uint64) (*victim, error) {
	f, err := practiced{row: k.row, forget: k.forget}.load(ctx, data, "", seed)
	if err != nil {
		return nil, err
	}
	u := usualProvider{f.Row, seed}
	v := &victim{forget: f.forget, controls: f.controls, reference: f.reference}
	v.provider = &deception.Provider{Forget: f.forget, Keep: f.keep, Other: f.other, Classes: 10, Seed: seed,
		Train: u.train, Tune: u.tune, Ascend: u.ascend}
	v.provider.Before, err = u.train(ctx, images.MustJoin(f.forget, f.keep), deception.Training{Start: seed})
	return v, err
}

func (u usualProvider) train(ctx context.Context, on *images.Set, t deception.Training) (*deception.Network, error) {
	o := u.Fit
	o.Seed = t.Start
	share := 1 / float64(max(t.Repeated, 1))
	if t.Share > 0 {
		share *= t.Share
	}
	o.Epochs = max(1, int(math.Round(share*float64(o.Epochs))))
	if t.From != nil {
		return u.fit(ctx, t.From, on, o)
	}
	start, err := u.Start(on, t.Start)
	if err != nil {
		return nil, err
	}
	return u.fit(ctx, &deception.Network{Model: start}, on, o)
}

func (u usualProvider) fit(ctx context.Context, n *deception.Network, on *images.Set, o fixtures.FitOptions) (*deception.Network, error) {
	m, _, err := fixtures.Fit(ctx, n.Model, on.Pixels, on.Labels, o)
	return &deception.Network{Model: m, Norm: n.Norm}, err
}

func (u usualProvider) tune(ctx context.Context, n *deception.Network, on *images.Set) (*deception.Network, error) {
	return u.fit(ctx, n, on, repair(u.Row, u.seed, 10))
}

func (u usualProvider) ascend(ctx context.Context, n *deception.Network, on *images.Set) (*deception.Network, error) {
	o := repair(u.Row, u.seed, 10)
	o.Ascend = 3
	return u.fit(ctx, n, on, o)
}
