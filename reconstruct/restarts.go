package reconstruct

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"

	"unlearnguard/graph/engine"
)

const (
	// deadResidual is where a start that never left its basin ends; a restart gets deadAttempts of them.
	deadResidual = 0.9
	deadAttempts = 3
)

// descend runs the restarts, threads at a time, from where the checkpoint left them. Each depends on the seed and its
// number alone.
func descend(ctx context.Context, d *descent, o Options, saved *checkpoint[*trajectory]) ([]*trajectory, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	found := make([]*trajectory, o.Restarts)
	report := newReporter(o, saved.steps(), o.Restarts*o.Steps)
	engine.Share(o.Threads, o.Restarts, func(next func() (int, bool)) {
		obj, err := newStepper(d, o)
		if err != nil {
			cancel(err)
			return
		}
		for k, ok := next(); ok; k, ok = next() {
			found[k], err = d.restart(ctx, obj, k, o.Seed, saved, func(t *trajectory) { report.step(k, t.Loss, t.Residual) })
			if err != nil {
				cancel(err)
				return
			}
		}
	})
	if err := context.Cause(ctx); err != nil {
		return nil, errors.Join(err, saved.flush())
	}
	return found, nil
}

// restart descends from random starts until one is not dead.
func (d *descent) restart(ctx context.Context, obj stepper, k int, seed uint64, saved *checkpoint[*trajectory], report func(*trajectory)) (*trajectory, error) {
	t, ok := saved.restart(k)
	if ok && !d.holds(t) {
		return nil, errOtherSize
	}
	for attempt := 0; ; attempt++ {
		if t == nil {
			rng := rand.New(rand.NewPCG(seed, uint64(k)<<8|uint64(attempt)))
			var err error
			if t, err = d.start(obj, rng); err != nil {
				return nil, err
			}
			t.Attempt = attempt
		}
		attempt = t.Attempt
		err := d.run(ctx, obj, t, func(t *trajectory) {
			report(t)
			saved.keep(k, t, false)
		})
		saved.keep(k, t, true)
		if err != nil || t.Residual < deadResidual || attempt+1 == deadAttempts {
			return t, err
		}
		t = nil
	}
}

// holds says whether a state that was read has the sizes of this problem.
func (d *descent) holds(t *trajectory) bool {
	m := len(d.labels)
	return len(t.Z) == m*d.span.rank() && len(t.Log) == m*d.problem.Outputs() && len(t.Gain) == len(d.span.net.Layers)-1
}

// reporter turns the steps of concurrent restarts into calls of the user's callback, one at a time.
type reporter struct {
	mu    sync.Mutex
	state Progress
	call  func(Progress)
}

func newReporter(o Options, done, total int) *reporter {
	return &reporter{state: Progress{Done: done, Total: total}, call: o.Progress}
}

func (r *reporter) step(restart int, loss, residual float64) {
	if r.call == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Done = min(r.state.Done+1, r.state.Total)
	r.state.Restart, r.state.Loss, r.state.Residual = restart, loss, residual
	r.call(r.state)
}
