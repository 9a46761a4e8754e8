package experiment

import (
	"context"
	"slices"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// trial is one repetition of an experiment: a network and what is drawn for it.
type trial struct {
	*runner
	number int
	seed   uint64
	task   fixtures.Task

	// forget and keep are the training samples, other are as many again, to go on training on. reference images are
	// never trained on; population is what shadow models share.
	forget, keep, other, reference, population *images.Set
}

func newTrial(r *runner, number int) (*trial, error) {
	t := &trial{runner: r, number: number, seed: 100*r.Seed + 10*uint64(number), task: fixtures.Classes}
	pool := &pool{set: r.Images, gone: make([]bool, r.Images.Len()), seed: t.seed}
	var samples *images.Set
	s := r.Scale
	for _, part := range []struct {
		into **images.Set
		n    int
	}{{&samples, s.Samples}, {&t.other, s.Samples}, {&t.reference, s.Reference}, {&t.population, s.Population}} {
		var err error
		if *part.into, err = pool.take(part.n); err != nil {
			return nil, err
		}
	}
	t.forget, t.keep = split(samples, s.Forgotten)
	return t, nil
}

// pool hands out images, none of them twice.
type pool struct {
	set  *images.Set
	gone []bool
	seed uint64
}

// take returns n images, as many of each class as of any other, in random order.
func (p *pool) take(n int) (*images.Set, error) {
	var left, classes []int
	for i, class := range p.set.Labels {
		if !p.gone[i] {
			left, classes = append(left, i), append(classes, class)
		}
	}
	picked, err := fixtures.Select(classes, fixtures.Classes, n, p.seed)
	if err != nil {
		return nil, err
	}
	for k, i := range picked {
		picked[k] = left[i]
		p.gone[left[i]] = true
	}
	return p.set.Subset(picked), nil
}

// split divides a set after its first n images.
func split(set *images.Set, n int) (first, rest *images.Set) {
	return set.Range(0, n), set.Range(n, set.Len())
}

// step returns a progress function for a piece of the trial's work.
func (t *trial) step(what string) func(share float64) { return t.runner.step(t.number, what) }

// options are those of every network's training.
func (t *trial) options(what string, margin float64) fixtures.Options {
	o := fixtures.Options{Hidden: t.Scale.Hidden, Classes: t.classes(), Seed: t.seed, Margin: margin, Threads: t.Threads}
	done := t.step(what)
	o.Progress = func(i fixtures.Info) { done(max(0, min(i.Margin/margin, 1))) }
	return o
}

// classes is the number of labels.
func (t *trial) classes() int {
	if t.task.Binary() {
		return 2
	}
	return slices.Max(t.Images.Labels) + 1
}

// The margins that training ends at. Going on to train ends at twice that, so that all multipliers move.
const (
	trained = 20
	tuned   = 2 * trained
)

// train trains a network. One that is trained again, without some samples, starts elsewhere.
func (t *trial) train(ctx context.Context, what string, set *images.Set, start uint64) (*specimen.Network, error) {
	o := t.options("training "+what, trained)
	o.Seed += start
	return specimen.Train(ctx, set, t.task, o)
}

// tune goes on training a network on a set.
func (t *trial) tune(ctx context.Context, what string, n *specimen.Network, set *images.Set) (*specimen.Network, error) {
	return n.FineTune(ctx, set, nil, t.options("training "+what, tuned))
}

// received is a network as an auditor has it, with what was recovered from it.
type received struct {
	*specimen.Network
	model  *audit.Model
	result *reconstruct.Result
}

func (t *trial) recover(ctx context.Context, what string, n *specimen.Network) (*received, error) {
	model, err := n.Open(ctx, t.dir, "model", t.keep)
	if err != nil {
		return nil, err
	}
	done := t.step("reconstructing from " + what)
	o := reconstruct.Options{Seed: t.seed, Restarts: t.Scale.Restarts, Threads: t.Threads,
		Progress: func(p reconstruct.Progress) { done(float64(p.Done) / float64(p.Total)) }}
	result, err := audit.Recover(ctx, model, t.keep.C, t.keep.H, t.keep.W, n.Normalisation(), o)
	return &received{n, model, result}, err
}

// judge asks whether the samples to forget are still in the model after, with the others as controls.
func (t *trial) judge(ctx context.Context, before, after *received) (*audit.Request, *audit.Outcome, error) {
	r := &audit.Request{Before: before.model, After: after.model, NormBefore: before.Normalisation(),
		NormAfter: after.Normalisation(), Reference: t.reference}
	for _, part := range []struct {
		set  *images.Set
		role metrics.Role
	}{{t.forget, metrics.Forget}, {t.keep, metrics.Retain}} {
		if err := r.Add(part.set, part.role); err != nil {
			return nil, nil, err
		}
	}
	outcome, err := audit.Judge(ctx, r, before.result, after.result)
	return r, outcome, err
}
