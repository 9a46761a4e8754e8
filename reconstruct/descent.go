package reconstruct

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// The schedule of one descent. The rates are relative to the scale of the inputs and none of the constants depends on the
// model at hand.
const (
	startSlope   = 3.0  // surrogate sharpness over the typical pre-activation: first
	endSlope     = 20.0 // and last
	slopeSettles = 0.8  // share of the steps after which it stays
	rateZ        = 0.2  // times kappa / sqrt(r)
	rateLog      = 0.1  // for the logarithms of the multipliers
	boxWeight    = 1.0  // of the mean squared violation of the pixel box
	startNorm    = 0.5  // of the particles, times kappa
	startLog     = -4.0 // of the multipliers against the level at which the block is as large as the parameters
)

// particles is one restart's state: m candidate samples in span coordinates with their multipliers.
type particles struct {
	z        []float64 // m x r
	dual     multipliers
	residual float64 // relative, not squared
}

// descent minimises the stationarity residual over particles.
type descent struct {
	problem *Problem
	span    *span
	space   space
	kappa   float64
	labels  []int
	steps   int
	balance Balance
}

func newDescent(p *Problem, steps int) *descent {
	net, balance := rebalance(p.Net)
	d := &descent{problem: p, span: newSpan(net), space: p.space(), steps: steps, balance: balance}
	d.kappa = d.space.scale()
	// Twice as many particles as the span can hold samples, the classes in turn: a surplus that the descent spends on
	// copies, without which samples are missed.
	for i := range 2 * (d.span.rank() + 1) {
		d.labels = append(d.labels, i%max(p.Outputs(), 2))
	}
	return d
}

// start draws the particles of one restart and calibrates the objective for them: random directions, and one multiplier
// for all such that the reconstructed block begins well below the parameters' norm.
func (d *descent) start(obj *objective, rng *rand.Rand) (*particles, error) {
	m, r, c := len(d.labels), d.span.rank(), d.problem.Outputs()
	p := &particles{z: make([]float64, m*r), dual: multipliers{classes: c, labels: d.labels, log: make([]float64, m*c)}}
	for i := range p.z {
		p.z[i] = rng.NormFloat64()
	}
	z := mat.NewDense(m, r, p.z)
	for i := range m {
		row := z.RawRowView(i)
		norm := math.Sqrt(dot(row, row))
		for j := range row {
			row[j] *= d.kappa / norm
		}
	}
	obj.calibrate(z)
	z.Scale(startNorm, z)
	if err := obj.sharpen(startSlope); err != nil {
		return nil, err
	}
	level, err := obj.level(p.z, m)
	if err != nil {
		return nil, err
	}
	for i := range p.dual.log {
		p.dual.log[i] = startLog + math.Log(level)
		if c > 1 {
			p.dual.log[i] += 0.1 * rng.NormFloat64()
		}
	}
	return p, nil
}

// run descends from p for the configured steps.
func (d *descent) run(ctx context.Context, obj *objective, p *particles, tick func(residual float64)) error {
	box, err := newBox(d)
	if err != nil {
		return err
	}
	byZ, byLog := newAdam(len(p.z)), newAdam(len(p.dual.log))
	lambda, gradZ, gradLog := make([]float64, len(p.dual.log)), make([]float64, len(p.z)), make([]float64, len(p.dual.log))
	rate := rateZ * d.kappa / math.Sqrt(float64(d.span.rank()))
	for k := range d.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := float64(k) / float64(d.steps)
		if err := obj.sharpen(startSlope * math.Pow(endSlope/startSlope, min(1, f/slopeSettles))); err != nil {
			return err
		}
		p.dual.values(lambda)
		loss, err := obj.step(p.z, lambda)
		if err != nil {
			return err
		}
		p.residual = math.Sqrt(loss)
		widen(gradZ, obj.GradX())
		widen(gradLog, obj.GradMultipliers())
		box.addGradient(gradZ, obj.X())
		p.dual.pullback(gradLog)
		cool := 0.5 * (1 + math.Cos(math.Pi*f))
		byZ.update(p.z, gradZ, rate*cool)
		byLog.update(p.dual.log, gradLog, rateLog*cool)
		tick(p.residual)
	}
	return nil
}

func widen(dst []float64, src []float32) {
	for i, v := range src {
		dst[i] = float64(v)
	}
}
