package reconstruct

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// lambdaWeight is that of the multipliers' penalty against stationarity's; the box's is 1.
const lambdaWeight = 5

// publishedDescent is phase 1: descent on the published loss with one setting.
type publishedDescent struct {
	problem *Problem
	setting PublishedSetting
	labels  []int // class of each candidate
	loss    *graph.Stationarity[float32]
	logits  *logits
	norm    float64 // of all parameters

	x, lambda         []float64 // m x d and m
	gradX, gradLambda []float64
	byX, byLambda     *momentum
	// entry has the place of each candidate's multiplier among those of the loss, which with several classes has one a
	// candidate and rival class: that of the class that comes closest.
	entry []int
}

// newPublishedDescent draws setting k and its start.
func newPublishedDescent(p *Problem, o PublishedOptions, k, threads int) (*publishedDescent, error) {
	rng := rand.New(rand.NewPCG(o.Seed, uint64(k)))
	m, width, classes := 2*o.Samples, p.Inputs(), max(p.Outputs(), 2)
	d := &publishedDescent{problem: p, setting: o.Setting.drawn(rng),
		x: make([]float64, m*width), gradX: make([]float64, m*width), byX: newMomentum(m * width),
		lambda: make([]float64, m), gradLambda: make([]float64, m), byLambda: newMomentum(m)}
	for i := range m {
		d.labels = append(d.labels, i*classes/m)
		d.entry = append(d.entry, i)
	}
	for i := range d.x {
		d.x[i] = d.setting.Scale * rng.NormFloat64()
	}
	for i := range d.lambda {
		d.lambda[i] = rng.Float64()
	}
	for _, l := range p.Net.Layers {
		f := mat.Norm(l.W, 2)
		d.norm += f*f + dot(l.B, l.B)
	}
	d.norm = math.Sqrt(d.norm)
	var err error
	if d.loss, err = graph.NewStationarity[float32](p.Net, signs(d.labels, p.Outputs()), graph.StationarityOptions{
		Engine: engine.Options{Threads: threads}, Alpha: d.setting.Alpha,
		Samples: graph.Hinge{Weight: 1, Low: -1, High: 1}}); err != nil {
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

// run descends to the end, or to where the loss is no longer a number.
func (d *publishedDescent) run(ctx context.Context, o PublishedOptions, known Result, tick func(residual float64)) (PublishedRun, error) {
	run := PublishedRun{Setting: d.setting}
	for run.Epochs < o.Epochs {
		if err := ctx.Err(); err != nil {
			return run, err
		}
		loss, err := d.gradient()
		if err != nil {
			return run, err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			run.Result = diverged(known, run)
			return run, nil
		}
		run.Residual = math.Sqrt(d.loss.Residual()) / d.norm
		d.byX.update(d.x, d.gradX, d.setting.RateX)
		d.byLambda.update(d.lambda, d.gradLambda, d.setting.RateLambda)
		run.Epochs++
		tick(run.Residual)
	}
	residual, err := d.firstLayer()
	if err != nil {
		return run, err
	}
	if err := o.Prior.apply(ctx, d); err != nil {
		return run, err
	}
	run.Result = d.result(known, residual)
	return run, nil
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
		d.gradLambda[i] = float64(of[at]) / float64(len(d.lambda))
		if short := d.setting.MinLambda - d.lambda[i]; short > 0 {
			loss += lambdaWeight * short * short
			d.gradLambda[i] -= 2 * lambdaWeight * short
		}
	}
	return loss, nil
}

// place hands the candidates and their multipliers over to the loss.
func (d *publishedDescent) place() {
	convert(d.loss.X(), d.x)
	if classes := d.problem.Outputs(); classes > 1 {
		for i, rival := range rivals(d.logits.at(d.loss.X()), d.labels) {
			d.entry[i] = i*classes + rival
		}
	}
	multipliers := d.loss.Multipliers()
	clear(multipliers)
	for i, at := range d.entry {
		multipliers[at] = float32(d.lambda[i] / float64(len(d.lambda)))
	}
}

// firstLayer is the residual that [Run] reports.
func (d *publishedDescent) firstLayer() (float64, error) {
	d.place()
	first, err := firstBlock[float32](d.problem.Net, d.labels, d.problem.space().scale(), engine.Options{Threads: 1})
	if err != nil {
		return 0, err
	}
	if err := first.SetAlpha(d.setting.Alpha); err != nil {
		return 0, err
	}
	convert(first.X(), d.x)
	copy(first.Multipliers(), d.loss.Multipliers())
	loss, err := first.Step()
	return math.Sqrt(max(loss, 0)), err
}

func diverged(known Result, run PublishedRun) *Result {
	known.Reason = fmt.Sprintf("descent diverged after %d epochs: the rates of this setting, %.2g for x and %.2g for "+
		"lambda, are too large for this network", run.Epochs, run.Setting.RateX, run.Setting.RateLambda)
	known.Restarts = []Restart{{Residual: run.Residual, Attempts: 1}}
	return &known
}

// result makes a sample of every candidate.
func (d *publishedDescent) result(known Result, residual float64) *Result {
	width := d.problem.Inputs()
	order := make([]int, len(d.labels))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return d.lambda[order[a]] > d.lambda[order[b]] })
	for _, i := range order {
		x := d.x[i*width:][:width]
		pixels := make([]float64, width)
		for j, v := range x {
			pixels[j] = v*known.space.std[j] + known.space.mean[j]
		}
		known.Samples = append(known.Samples, Sample{Pixels: pixels, Label: d.labels[i],
			Multiplier: d.lambda[i] / float64(len(d.lambda)), Support: 1})
		known.unit = append(known.unit, normalised(x))
	}
	known.Restarts = []Restart{{Residual: residual, Attempts: 1}}
	known.Converged, known.Reason = converged(known.Restarts)
	return &known
}
