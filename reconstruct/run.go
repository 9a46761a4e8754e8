package reconstruct

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Run recovers training samples from the parameters of p's network. It returns an error when the problem is unusable, the
// checkpoint is not this run's, or ctx ends (the cause of which it wraps); a run that does not recover anything is a
// result whose Converged is false.
func Run(ctx context.Context, p Problem, o Options) (*Result, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	d := newDescent(&p)
	o = o.withDefaults(d)
	d.steps = o.Steps
	saved, err := openCheckpoint[*trajectory](o.Checkpoint, o.Resume,
		fingerprint(&p, o.Seed, o.Restarts, o.Steps, o.Float64, o.Kernel))
	if err != nil {
		return nil, err
	}
	if r := saved.result(); r != nil {
		if slices.ContainsFunc(r.Samples, func(s Sample) bool { return len(s.Pixels) != p.Inputs() }) {
			return nil, errOtherSize
		}
		return d.complete(r), nil
	}
	found, err := descend(ctx, d, o, saved)
	if err != nil {
		return nil, err
	}
	r, err := d.gather(ctx, found, o)
	if err != nil {
		return nil, err
	}
	saved.finish(r)
	return r, nil
}

// gather moves the candidates of all restarts to the images that are near them and pools what comes out.
func (d *descent) gather(ctx context.Context, found []*trajectory, o Options) (*Result, error) {
	all := d.candidates(found)
	if d.problem.Convolutional != nil {
		return d.result(found, all, all, Floor{}), nil // among all inputs every point can be moved to an image
	}
	// The first restart's candidates tell whether the images have a floor.
	cut := slices.IndexFunc(all, func(c candidate) bool { return c.restart != all[0].restart })
	if cut < 0 {
		cut = len(all)
	}
	first, err := d.pursue(ctx, all[:cut], toFloor, o)
	if err != nil {
		return nil, err
	}
	floor := judgeFloor(first, d.span.rank(), d.problem.Inputs())
	done, left, lean := first, all[cut:], toFloor
	if !floor.Used {
		done, left, lean = nil, all, toSmooth
	}
	rest, err := d.pursue(ctx, left, lean, o)
	if err != nil {
		return nil, err
	}
	return d.result(found, all, append(done, rest...), floor), nil
}

// candidates lists the particles of all restarts but those that diverged.
func (d *descent) candidates(found []*trajectory) []candidate {
	r := d.span.rank()
	var all []candidate
	for k, t := range found {
		if !finite(t.Residual) || !finite(floats.Sum(t.Z)) {
			continue
		}
		dual := multipliers{labels: d.labels, classes: d.problem.Outputs(), log: t.Log}
		for i, label := range d.labels {
			all = append(all, candidate{z: t.Z[i*r:][:r], label: label, multiplier: dual.total(i), restart: k, agreement: 1})
		}
	}
	return all
}

// pursue returns the candidates moved to images; the given ones stay as they are.
func (d *descent) pursue(ctx context.Context, from []candidate, l leaning, o Options) ([]candidate, error) {
	to := append([]candidate(nil), from...)
	v := newPicture(d.span, d.problem)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	engine.Share(o.Threads, len(to), func(next func() (int, bool)) {
		e, err := engine.New[float32](o.engine())
		if err != nil {
			cancel(err)
			return
		}
		p := v.pursuit(e, l)
		for i, ok := next(); ok && ctx.Err() == nil; i, ok = next() {
			to[i].z = append([]float64(nil), from[i].z...)
			to[i].atFloor = p.run(to[i].z)
			to[i].agreement = dot(normalised(to[i].z), normalised(from[i].z))
		}
	})
	return to, context.Cause(ctx)
}

// result gathers what the restarts found: particles where they ended, and candidates, the images made of them.
func (d *descent) result(found []*trajectory, particles, candidates []candidate, floor Floor) *Result {
	r := &Result{Rank: d.span.spectrum.Rank, Edge: d.span.spectrum.Edge, Parameters: parameters(d.problem), Pruning: d.pruning,
		Balance: d.balance, Floor: floor}
	for _, t := range found {
		r.Restarts = append(r.Restarts, Restart{Residual: t.Residual, Attempts: t.Attempt + 1})
	}
	groups := cluster(candidates, floor.Used)
	r.Repeated, r.Distinct = repeated(groups, len(found)), distinct(particles)
	r.Samples = d.samples(groups, floor, chanceStability(groups, candidates, len(found)))
	r.Explained, r.Reason = r.explained()
	if r.Explained && d.problem.Convolutional != nil {
		r.Explained, r.Reason = d.stable(r.Samples)
	}
	if r.Converged = r.Explained; r.Converged && d.problem.Convolutional == nil {
		r.Converged, r.Reason = r.determined()
	}
	r.Confidence = confidence(r.Samples, r.Rank)
	return d.complete(r)
}

// confidence is the mean stability times agreement of the rank most credible samples, the first ones; a sample that is
// missing counts as 0.
func confidence(samples []Sample, rank int) float64 {
	sum := 0.0
	for _, s := range samples[:min(rank, len(samples))] {
		sum += max(0, s.Stability*s.Agreement) / float64(rank)
	}
	return sum
}

// complete adds to a result what is not exported.
func (d *descent) complete(r *Result) *Result {
	if r.Samples == nil { // what a file makes of an empty list
		r.Samples = []Sample{}
	}
	r.span, r.space = d.span, d.space
	for _, s := range r.Samples {
		r.unit = append(r.unit, normalised(d.space.input(s.Pixels)))
	}
	return r
}

func parameters(p *Problem) int {
	n := 0
	for _, l := range p.chain().Layers {
		rows, cols := l.W.Dims()
		n += rows*cols + len(l.B)
	}
	return n
}

// judgeFloor says from the share of pixels that pursuits left at the floor whether this model's images have one.
func judgeFloor(pursued []candidate, rank, d int) Floor {
	shares := make([]float64, len(pursued))
	for i, c := range pursued {
		shares[i] = c.atFloor
	}
	sort.Float64s(shares)
	f := Floor{Chance: float64(rank) / float64(d)}
	if len(shares) > 0 {
		f.Share = shares[len(shares)/2]
	}
	f.Used = f.Share > f.Chance+floorGain
	return f
}

// samples maps the best of each group back to pixels, most credible first. chance is the stability of none.
func (d *descent) samples(groups []group, floor Floor, chance float64) []Sample {
	out := make([]Sample, len(groups))
	if len(groups) == 0 {
		return out
	}
	z := mat.NewDense(len(groups), d.span.rank(), nil)
	for i, g := range groups {
		z.SetRow(i, g.best.z)
	}
	x := d.span.lift(z)
	for i, g := range groups {
		out[i] = Sample{Pixels: d.space.pixels(x.RawRowView(i)), Label: g.best.label, Multiplier: g.best.multiplier, Support: g.support,
			Stability: g.stability, Agreement: g.best.agreement, AtFloor: g.best.atFloor, Confidence: max(0, (g.stability-chance)/(1-chance))}
		if floor.Used {
			out[i].Confidence *= max(0, (g.best.atFloor-floor.Chance)/(1-floor.Chance))
		}
	}
	if d.problem.Convolutional != nil {
		weigh(out)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Confidence > out[j].Confidence })
	return out
}

// explained decides by the least residual of the restarts.
func (r *Result) explained() (bool, string) {
	best := r.Residual()
	if best <= poorResidual {
		return true, ""
	}
	return false, fmt.Sprintf("the stationarity residual stayed at %.2f of the parameters (%.2f is needed): "+
		"the network is not at a stationary point, or its samples cannot be recovered this way", best, poorResidual)
}

// repeated counts the samples that most restarts found.
func repeated(groups []group, restarts int) int {
	n := 0
	for _, g := range groups {
		if 2*g.support > restarts {
			n++
		}
	}
	return n
}

// determined tells whether the parameters determine the samples.
func (r *Result) determined() (bool, string) {
	if ok, reason := r.apart(); !ok {
		return false, reason
	}
	return r.agreed()
}

// agreed tells whether the restarts found the same. A span of nearly as many directions as the images have pixels contains
// other samples that explain the parameters as well, a different set in every restart. A single restart does not show that.
func (r *Result) agreed() (bool, string) {
	if float64(r.Repeated) >= repeatedShare*float64(r.Rank) {
		return true, ""
	}
	return false, fmt.Sprintf("most of %d random starts agree on %d samples only, where the first layer holds %d directions: the "+
		"parameters do not determine the samples, or these cannot be told apart", len(r.Restarts), r.Repeated, r.Rank)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
