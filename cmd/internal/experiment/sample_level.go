package experiment

import (
	"context"

	"unlearnguard/cmd/internal/subject"
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
		return t.request(ctx, marked, target)
	})
	if err != nil {
		return nil, err
	}
	measures := []string{similarity, retained, unlearned, inferred, attackSuccess, accuracy}
	return histories(all).result(measures, []string{inferred, attackSuccess, accuracy, similarity}), nil
}

// request trains a network, honours the request by training again, and measures everything before and after. The backdoor
// of class target is planted with the marked samples, in place of those to forget.
func (t *trial) request(ctx context.Context, marked *images.Set, target int) (*history, error) {
	before, err := t.train(ctx, "the model before", join(t.forget, t.keep), 0)
	if err != nil {
		return nil, err
	}
	after, err := t.train(ctx, "without the samples", t.keep, 1)
	if err != nil {
		return nil, err
	}
	backdoored, err := t.train(ctx, "a model with a backdoor", join(marked, t.keep), 0)
	if err != nil {
		return nil, err
	}
	h, err := t.history(ctx, version{"before", before}, version{"retrained", after})
	if err != nil {
		return nil, err
	}
	for k, n := range []*subject.Network{before, after} {
		if err := t.membership(ctx, &h.States[k], n); err != nil {
			return nil, err
		}
	}
	for k, n := range []*subject.Network{backdoored, after} {
		if err := t.attacked(&h.States[k], n, target); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// attacked adds the success of a backdoor.
func (t *trial) attacked(s *state, n *subject.Network, target int) error {
	return s.measure(attackSuccess, t, func(set *images.Set) (float64, error) {
		success, _, err := attack(n, set, target)
		return success, err
	})
}

// membership adds what membership inference says of a network: the share of each group that it calls members.
func (t *trial) membership(ctx context.Context, s *state, n *subject.Network) error {
	x, err := n.Input(t.population)
	if err != nil {
		return err
	}
	done := t.step("training shadow models of " + s.Model)
	a, err := membership.Train(ctx, x, subject.Labels(t.population, t.task), membership.Options{
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
		members, err := a.Members(n.Net, x, subject.Labels(set, t.task))
		return metrics.INA(members), err
	})
}
