package reconstruct

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"sync"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

const (
	// deadResidual is where a start that never left its basin ends; a restart gets deadAttempts of them.
	deadResidual = 0.9
	deadAttempts = 3
	// poorResidual is the relative residual above which recovery is not to be relied on.
	poorResidual = 0.2
	// floorGain is how far above chance the share of pixels at the floor must lie for the pursuit to be believed.
	floorGain = 0.2
)

// Run recovers training samples from the parameters of p's network. It returns an error when the problem is unusable or
// ctx ends; a run that does not recover anything is a result whose Converged is false.
func Run(ctx context.Context, p Problem, o Options) (*Result, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d := newDescent(&p, 0)
	s, sp := d.span, d.space
	o = o.withDefaults(s.rank())
	d.steps = o.Steps
	found, err := descend(ctx, d, o)
	if err != nil {
		return nil, err
	}
	raw := candidatesOf(d, found)
	pursued, err := pursueFloor(ctx, d, raw, o.Threads)
	if err != nil {
		return nil, err
	}
	r := &Result{Rank: s.rank(), Edge: s.spectrum.Edge, Parameters: parameters(&p),
		Balance: d.balance, span: s, space: sp}
	r.Floor = judgeFloor(pursued, s.rank(), p.Inputs())
	if r.Floor.Used {
		raw = pursued
	}
	for _, f := range found {
		r.Restarts = append(r.Restarts, Restart{Residual: f.residual, Attempts: f.attempts})
	}
	r.Samples = toSamples(d, cluster(raw), o.Restarts)
	for _, found := range r.Samples {
		r.unit = append(r.unit, normalised(sp.input(found.Pixels)))
	}
	r.Converged, r.Reason = converged(r.Restarts)
	return r, nil
}

func parameters(p *Problem) int {
	n := 0
	for _, l := range p.Net.Layers {
		rows, cols := l.W.Dims()
		n += rows*cols + len(l.B)
	}
	return n
}

// converged takes the best restart as the run's word.
func converged(restarts []Restart) (bool, string) {
	best := restarts[0].Residual
	for _, r := range restarts {
		best = min(best, r.Residual)
	}
	if best > poorResidual {
		return false, fmt.Sprintf("the stationarity residual stayed at %.2f of the parameters (%.2f is needed): "+
			"the network is not at a stationary point, or its samples cannot be recovered this way", best, poorResidual)
	}
	return true, ""
}

// outcome is the end of one restart.
type outcome struct {
	*particles
	attempts int
}

// descend runs the restarts, o.Threads at a time. Each depends on the seed and its number alone.
func descend(ctx context.Context, d *descent, o Options) ([]outcome, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	found := make([]outcome, o.Restarts)
	report := newReporter(o, o.Restarts*o.Steps)
	parallel(o.Threads, o.Restarts, func(next func() (int, bool)) {
		obj, err := newObjective(d.span.net, d.labels, d.kappa)
		if err != nil {
			cancel(err)
			return
		}
		for {
			k, ok := next()
			if !ok {
				return
			}
			for attempt := range deadAttempts {
				rng := rand.New(rand.NewPCG(o.Seed, uint64(k)<<8|uint64(attempt)))
				p, err := d.start(obj, rng)
				if err == nil {
					err = d.run(ctx, obj, p, func(residual float64) { report.step(k, residual) })
				}
				if err != nil {
					cancel(err)
					return
				}
				found[k] = outcome{particles: p, attempts: attempt + 1}
				if p.residual < deadResidual {
					break
				}
			}
		}
	})
	return found, context.Cause(ctx)
}

// parallel runs work on up to threads goroutines; next hands out 0 ... n-1.
func parallel(threads, n int, work func(next func() (int, bool))) {
	var mu sync.Mutex
	i := 0
	next := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		i++
		return i - 1, i <= n
	}
	var wg sync.WaitGroup
	for range min(threads, n) {
		wg.Go(func() { work(next) })
	}
	wg.Wait()
}

// reporter turns the steps of concurrent restarts into calls of the user's callback, one at a time.
type reporter struct {
	mu    sync.Mutex
	state Progress
	call  func(Progress)
}

func newReporter(o Options, total int) *reporter {
	return &reporter{state: Progress{Total: total}, call: o.Progress}
}

func (r *reporter) step(restart int, residual float64) {
	if r.call == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Done = min(r.state.Done+1, r.state.Total)
	r.state.Restart, r.state.Residual = restart, residual
	r.call(r.state)
}

func candidatesOf(d *descent, found []outcome) []candidate {
	r := d.span.rank()
	var all []candidate
	for k, f := range found {
		for i := range d.labels {
			all = append(all, candidate{z: f.z[i*r:][:r], label: f.dual.labels[i], multiplier: f.dual.total(i), restart: k})
		}
	}
	return all
}

// pursueFloor returns the candidates moved to the floor; the given ones stay as they are.
func pursueFloor(ctx context.Context, d *descent, from []candidate, threads int) ([]candidate, error) {
	to := append([]candidate(nil), from...)
	f := newFloor(d.span, d.space)
	var failed error
	var once sync.Once
	parallel(threads, len(to), func(next func() (int, bool)) {
		e, err := engine.New[float32](engine.Options{Threads: 1})
		if err != nil {
			once.Do(func() { failed = err })
			return
		}
		p := f.pursuit(e)
		for i, ok := next(); ok && ctx.Err() == nil; i, ok = next() {
			to[i].z = append([]float64(nil), from[i].z...)
			to[i].atFloor = p.run(to[i].z)
		}
	})
	if failed == nil {
		failed = context.Cause(ctx)
	}
	return to, failed
}

func judgeFloor(pursued []candidate, rank, d int) Floor {
	shares := make([]float64, len(pursued))
	for i, c := range pursued {
		shares[i] = c.atFloor
	}
	sort.Float64s(shares)
	f := Floor{Share: shares[len(shares)/2], Chance: float64(rank) / float64(d)}
	f.Used = f.Share > f.Chance+floorGain
	return f
}

func toSamples(d *descent, groups []group, restarts int) []Sample {
	out := make([]Sample, len(groups))
	z := mat.NewDense(len(groups), d.span.rank(), nil)
	for i, g := range groups {
		z.SetRow(i, g.best.z)
	}
	x := d.span.lift(z)
	for i, g := range groups {
		pixels := mat.Row(nil, i, x)
		for j := range pixels {
			pixels[j] = pixels[j]*d.space.std[j] + d.space.mean[j]
		}
		out[i] = Sample{Pixels: pixels, Label: g.best.label, Multiplier: g.best.multiplier, Support: g.support,
			AtFloor: g.best.atFloor, Confidence: float64(g.support) / float64(restarts)}
	}
	return out
}
