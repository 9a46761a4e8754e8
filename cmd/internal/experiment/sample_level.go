package experiment

import (
	"context"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures/images"
	"unlearnguard/fixtures/membership"
	"unlearnguard/metrics"
)

// sampleLevel reproduces figures 3 to 5: a request to forget some samples is honoured by training again without them, and
// what membership inference, a backdoor, the accuracy and recovery say of it. The backdoor is that of another network,
// whose samples to forget carry the trigger.
func sampleLevel(ctx context.Context, r *runner) (*Result, error) {
	all, err := each(ctx, r, func(ctx context.Context, t *trial) (*history, error) {
		marked, err := poisoned(t.forget, target)
		if err != nil {
			return nil, err
		}
		r, err := t.request(ctx, marked, target)
		if err != nil {
			return nil, err
		}
		return r.history, nil
	})
	if err != nil {
		return nil, err
	}
	measures := []string{similarity, retained, unlearned, inferred, attackSuccess, accuracy}
	return histories(all).result(measures, []string{inferred, attackSuccess, accuracy, similarity}), nil
}

// request is one that was honoured.
type request struct {
	before, after *specimen.Network
	history       *history
}

// request trains a network, honours the request by training again, and measures everything before and after. A backdoor
// that leads to a class is planted with marked samples in the place of those to forget.
func (t *trial) request(ctx context.Context, marked *images.Set, target int) (*request, error) {
	var r request
	var backdoored *specimen.Network
	for _, network := range []struct {
		into  **specimen.Network
		what  string
		set   *images.Set
		start uint64
	}{
		{&r.before, "the model before", images.MustJoin(t.forget, t.keep), 0},
		{&r.after, "without the samples", t.keep, 1},
		{&backdoored, "a model with a backdoor", images.MustJoin(marked, t.keep), 0},
	} {
		var err error
		if *network.into, err = t.train(ctx, network.what, network.set, network.start); err != nil {
			return nil, err
		}
	}
	var err error
	if r.history, err = t.history(ctx, version{"before", r.before}, version{"retrained", r.after}); err != nil {
		return nil, err
	}
	for k, n := range []*specimen.Network{r.before, r.after} {
		if err := t.membership(ctx, &r.history.States[k], n); err != nil {
			return nil, err
		}
	}
	for k, n := range []*specimen.Network{backdoored, r.after} {
		if err := t.attacked(&r.history.States[k], n, target); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

// attacked adds the success of a backdoor.
func (t *trial) attacked(s *state, n *specimen.Network, target int) error {
	return s.measure(attackSuccess, t, func(set *images.Set) (float64, error) {
		success, _, err := attack(n, set, target)
		return success, err
	})
}

// membership adds what membership inference says of a network: the share of each group that it calls members.
func (t *trial) membership(ctx context.Context, s *state, n *specimen.Network) error {
	x, err := n.Input(t.population)
	if err != nil {
		return err
	}
	done := t.step("training shadow models of " + s.Model)
	a, err := membership.Train(ctx, x, specimen.Labels(t.population, t.task), membership.Options{
		Network: t.options("", trained), Shadows: t.Scale.Shadows, Members: t.Scale.Samples, Seed: t.seed, Threads: t.Threads,
		Progress: func(trained, total int) { done(float64(trained) / float64(total)) }})
	if err != nil {
		return err
	}
	return s.measure(inferred, t, func(set *images.Set) (float64, error) {
		x, err := n.Input(set)
		if err != nil {
			return 0, err
		}
		members, err := a.Members(n.Net, x, specimen.Labels(set, t.task))
		return metrics.INA(members), err
	})
}
