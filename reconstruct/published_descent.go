package reconstruct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
	"unlearnguard/graph/stationarity"
)

// lambdaWeight is that of the multipliers' penalty against stationarity's; the box's is 1.
const lambdaWeight = 5

// publishedState is the state of one setting's phase 1, complete enough to go on from. Its fields are exported for the
// checkpoint's encoding alone.
type publishedState struct {
	Epochs        int
	X, Lambda     []float64 // m x d and m
	ByX, ByLambda *momentum
	Residual      float64 // of all parameters, relative to them, before the last epoch
}

func (s *publishedState) steps() int { return s.Epochs }

func (s *publishedState) whole() bool {
	return s != nil && s.Epochs >= 0 && s.ByX != nil && len(s.ByX.Velocity) == len(s.X) &&
		s.ByLambda != nil && len(s.ByLambda.Velocity) == len(s.Lambda)
}

func (s *publishedState) clone() *publishedState {
	c := *s
	c.X, c.Lambda = slices.Clone(s.X), slices.Clone(s.Lambda)
	c.ByX, c.ByLambda = &momentum{slices.Clone(s.ByX.Velocity)}, &momentum{slices.Clone(s.ByLambda.Velocity)}
	return &c
}

// publishedDescent is phase 1: descent on the published loss with one setting.
type publishedDescent struct {
	*publishedState
	problem *Problem
	setting PublishedSetting
	labels  []int // class of each candidate
	loss    *stationarity.Loss[float32]
	logits  *logits
	norm    float64 // of all parameters

	gradX, gradLambda []float64
	// entry has the place of each candidate's multiplier among those of the loss, which with several classes has one a
	// candidate and rival class: that of the class that comes closest.
	entry []int
}

// newPublishedDescent draws setting k and its start.
func newPublishedDescent(p *Problem, o PublishedOptions, k, threads int) (*publishedDescent, error) {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(k)))
	m, width, classes := 2*o.Samples, p.Inputs(), max(p.Outputs(), 2)
	d := &publishedDescent{problem: p, setting: o.Setting.drawn(rng), gradX: make([]float64, m*width), gradLambda: make([]float64, m),
		publishedState: &publishedState{X: make([]float64, m*width), ByX: newMomentum(m * width),
			Lambda: make([]float64, m), ByLambda: newMomentum(m)}}
	for i := range m {
		d.labels = append(d.labels, i*classes/m)
		d.entry = append(d.entry, i)
	}
	for i := range d.X {
		d.X[i] = d.setting.Scale * rng.NormFloat64()
	}
	for i := range d.Lambda {
		d.Lambda[i] = rng.Float64()
	}
	for _, l := range p.Net.Layers {
		f := mat.Norm(l.W, 2)
		d.norm += f*f + dot(l.B, l.B)
	}
	d.norm = math.Sqrt(d.norm)
	var err error
	if d.loss, err = stationarity.New[float32](p.Net.Convolutional(), signs(d.labels, p.Outputs()), stationarity.Options{
		Engine: engine.Options{Threads: threads}, Alpha: d.setting.Alpha,
		Samples: stationarity.Hinge{Weight: 1, Low: -1, High: 1}}); err != nil {
		return nil, err
	}
	d.logits, err = newLogits(p.Net, m, d.setting.Alpha, threads)
	return d, err
}

// signs are the labels as the loss takes them: -1 and 1 for a network of one output.
func signs(classes []int, outputs int) []int {
	if outputs > 1 {
		return classes
	}
	y := make([]int, len(classes))
	for i, c := range classes {
		y[i] = 2*c - 1
	}
	return y
}

// run descends to the end, or to where the loss is no longer a number. After every epoch it calls tick, which may keep a
// copy of d's state.
func (d *publishedDescent) run(ctx context.Context, o PublishedOptions, known Result, tick func(loss float64)) (PublishedRun, error) {
	for d.Epochs < o.Epochs {
		if err := ctx.Err(); err != nil {
			return PublishedRun{}, err
		}
		loss, err := d.gradient()
		if err != nil {
			return PublishedRun{}, err
		}
		if !finite(loss) {
			return d.outcome(diverged(known, d)), nil
		}
		d.Residual = math.Sqrt(max(d.loss.Residual(), 0)) / d.norm
		d.ByX.update(d.X, d.gradX, d.setting.RateX)
		d.ByLambda.update(d.Lambda, d.gradLambda, d.setting.RateLambda)
		d.Epochs++
		tick(loss)
	}
	residual, err := d.firstLayer()
	if err != nil {
		return PublishedRun{}, err
	}
	x := slices.Clone(d.X) // phase 2 moves them, and phase 1's state stays as it is
	if err := o.Prior.apply(ctx, d.logits, d.labels, x); err != nil {
		return PublishedRun{}, err
	}
	return d.outcome(d.result(known, x, residual)), nil
}

func (d *publishedDescent) outcome(r *Result) PublishedRun {
	return PublishedRun{Setting: d.setting, Epochs: d.Epochs, Residual: d.Residual, Result: r}
}

// gradient computes the loss and leaves its gradients in gradX and gradLambda.
func (d *publishedDescent) gradient() (float64, error) {
	d.place()
	loss, err := d.loss.Step()
	if err != nil {
		return 0, err
	}
	convert(d.gradX, d.loss.GradX())
	of := d.loss.GradMultipliers()
	for i, at := range d.entry {
		d.gradLambda[i] = float64(of[at]) / float64(len(d.Lambda))
		if short := d.setting.MinLambda - d.Lambda[i]; short > 0 {
			loss += lambdaWeight * short * short
			d.gradLambda[i] -= 2 * lambdaWeight * short
		}
	}
	return loss, nil
}

// place hands the candidates and their multipliers over to the loss.
func (d *publishedDescent) place() {
	convert(d.loss.X(), d.X)
	if classes := d.problem.Outputs(); classes > 1 {
		for i, rival := range rivals(d.logits.at(d.loss.X()), d.labels) {
			d.entry[i] = i*classes + rival
		}
	}
	multipliers := d.loss.Multipliers()
	clear(multipliers)
	for i, at := range d.entry {
		multipliers[at] = float32(d.Lambda[i] / float64(len(d.Lambda)))
	}
}

// firstLayer is the residual that [Run] reports.
func (d *publishedDescent) firstLayer() (float64, error) {
	d.place()
	first, err := block[float32](d.problem.Net.Convolutional(), 0, nil, d.labels, d.problem.space().scale(), engine.Options{Threads: 1})
	if err != nil {
		return 0, err
	}
	if err := first.SetAlpha(d.setting.Alpha); err != nil {
		return 0, err
	}
	convert(first.X(), d.X)
	copy(first.Multipliers(), d.loss.Multipliers())
	loss, err := first.Step()
	return math.Sqrt(max(loss, 0)), err
}

func diverged(known Result, d *publishedDescent) *Result {
	known.Reason = fmt.Sprintf("descent diverged after %d epochs: the rates of this setting, %.2g for x and %.2g for "+
		"lambda, are too large for this network", d.Epochs, d.setting.RateX, d.setting.RateLambda)
	known.Restarts = []Restart{{Residual: d.Residual, Attempts: 1}}
	return &known
}

// result makes a sample of every candidate x.
func (d *publishedDescent) result(known Result, candidates []float64, residual float64) *Result {
	width := d.problem.Inputs()
	order := make([]int, len(d.labels))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return d.Lambda[order[a]] > d.Lambda[order[b]] })
	for _, i := range order {
		x := candidates[i*width:][:width]
		known.Samples = append(known.Samples, Sample{Pixels: known.space.pixels(x), Label: d.labels[i],
			Multiplier: d.Lambda[i] / float64(len(d.Lambda)), Support: 1})
		known.unit = append(known.unit, normalised(x))
	}
	known.Restarts = []Restart{{Residual: residual, Attempts: 1}}
	known.Explained, known.Reason = known.explained()
	known.Converged = known.Explained
	return &known
}
