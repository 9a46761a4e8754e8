package main

import (
	"context"
	"fmt"
	"path/filepath"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/deception"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
)

// smallStart is the kind of network that samples can be reconstructed from: 784-300 and the outputs, trained on digits about
// their mean from a small start.
type smallStart struct {
	samples, forget int
	task            fixtures.Task
}

// whole is the margin that training ends at.
const whole = 20

func (s smallStart) victim(ctx context.Context, data string, seed uint64) (*victim, error) {
	dir := filepath.Join(data, "mnist")
	all, err := images.LoadAll(ctx, []string{dir}, images.Options{})
	if err != nil {
		return nil, err
	}
	picked, err := fixtures.Select(all.Labels, s.task, 3*s.samples, seed)
	if err != nil {
		return nil, err
	}
	set := all.Subset(picked)
	v := &victim{forget: set.Range(0, s.forget), controls: set.Range(s.forget, s.samples)}
	v.reference, err = images.LoadAll(ctx, []string{fmt.Sprintf("%s[test]#0-%d", dir, hostileReference-1)}, images.Options{})
	if err != nil {
		return nil, err
	}
	v.provider = &deception.Provider{Forget: s.labelled(v.forget), Keep: s.labelled(v.controls),
		Other: s.labelled(set.Range(s.samples, set.Len())), Classes: s.classes(), Seed: seed,
		Train: s.train, Tune: s.tune, Ascend: s.ascend}
	v.provider.Before, err = s.train(ctx, images.MustJoin(v.provider.Forget, v.provider.Keep), deception.Training{Start: seed})
	return v, err
}

func (s smallStart) classes() int {
	if s.task.Binary() {
		return 2
	}
	return 10
}

// labelled is a set with the task's labels, which the task maps to themselves.
func (s smallStart) labelled(set *images.Set) *images.Set {
	out := *set
	out.Labels = specimen.Labels(set, s.task)
	return &out
}

func (s smallStart) train(ctx context.Context, on *images.Set, t deception.Training) (*deception.Network, error) {
	if t.From != nil {
		return s.fineTune(ctx, t.From, on, whole)
	}
	o := fixtures.Options{Hidden: []int{300}, Classes: s.classes(), Seed: t.Start, Margin: whole}
	if t.Share > 0 {
		o.Margin *= t.Share
	}
	n, err := specimen.Train(ctx, on, s.task, o)
	if err != nil {
		return nil, err
	}
	return &deception.Network{Model: fixtures.Export(n.Net, on.C, on.H, on.W), Norm: n.Normalisation()}, nil
}

func (s smallStart) tune(ctx context.Context, n *deception.Network, on *images.Set) (*deception.Network, error) {
	return s.fineTune(ctx, n, on, tuned)
}

// ascend trains towards another class until that is told by a margin of 3. The loss itself is too small to climb: its
// gradient is 1e-9.
func (s smallStart) ascend(ctx context.Context, n *deception.Network, on *images.Set) (*deception.Network, error) {
	labels, err := fixtures.Relabel(on.Labels, images.Positions(0, on.Len()), s.classes(), 1)
	if err != nil {
		return nil, err
	}
	away := *on
	away.Labels = labels
	return s.fineTune(ctx, n, &away, 3)
}

// fineTune goes on training until a margin.
func (s smallStart) fineTune(ctx context.Context, n *deception.Network, on *images.Set, margin float64) (*deception.Network, error) {
	network, err := graph.Compile(n.Model, graph.Options{})
	if err != nil {
		return nil, err
	}
	net, err := chain.DenseOf(network)
	if err != nil {
		return nil, err
	}
	x, err := n.Norm.Apply(on)
	if err != nil {
		return nil, err
	}
	net, _, err = fixtures.FineTune(ctx, net, x, on.Labels, fixtures.Options{Classes: s.classes(), Margin: margin})
	if err != nil {
		return nil, err
	}
	return &deception.Network{Model: fixtures.Export(net, on.C, on.H, on.W), Norm: n.Norm}, nil
}
