package reconstruct

import (
	"context"
	"math"
	"math/rand/v2"

	"unlearnguard/graph/engine"
)

// The schedule of one descent. The rates are relative to the scale of the inputs and the constants were found once, on
// networks that no test or benchmark uses; none depends on the model at hand.
const (
	startSlope   = 3    // surrogate sharpness over the typical pre-activation: first
	endSlope     = 20   // and last
	slopeSettles = 0.8  // share of the steps after which it stays
	rateZ        = 0.2  // times kappa / sqrt(r)
	rateLog      = 0.1  // for the logarithms of the multipliers
	boxWeight    = 1.0  // of the mean squared violation of the pixel box
	startNorm    = 0.5  // of the particles, times kappa
	startLog     = -4.0 // of the multipliers against the norm that would match the parameters'
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
	m       int
	steps   int
}

// start draws the particles of one restart: random directions, labels in turn over the classes, and one multiplier for
// all such that the reconstructed block begins well below the parameters' norm.
func (d *descent) start(obj *objective, rng *rand.Rand) *particles {
	r, c := d.span.rank(), d.problem.Outputs()
	p := &particles{z: make([]float64, d.m*r), dual: multipliers{classes: c, labels: make([]int, d.m), log: make([]float64, d.m*c)}}
	for i := range d.m {
		row := p.z[i*r:][:r]
		norm := 0.0
		for j := range row {
			row[j] = rng.NormFloat64()
			norm += row[j] * row[j]
		}
		for j := range row {
			row[j] *= startNorm * d.kappa / math.Sqrt(norm)
		}
		p.dual.labels[i] = i % max(c, 2)
	}
	level := startLog + math.Log(obj.balance(p, 1/startNorm))
	for i := range p.dual.log {
		p.dual.log[i] = level
		if c > 1 {
			p.dual.log[i] += 0.1*rng.NormFloat64() - math.Log(float64(c))
		}
	}
	return p
}

// balance sets the surrogate's gains to the typical pre-activations of the particles scaled up to a sample's norm and
// returns the multiplier at which the reconstructed block would be as large as the parameters.
func (o *objective) balance(p *particles, scale float64) float64 {
	big := make([]float64, len(p.z))
	for i, v := range p.z {
		big[i] = scale * v
	}
	ones := p.dual
	ones.log = make([]float64, len(p.dual.log))
	top := make([]float64, len(o.top.Data))
	ones.directions(top)
	o.load(big, top)
	o.forward()
	for l, a := range o.hidden {
		sum := 0.0
		for _, v := range a.pre.Data {
			sum += math.Abs(float64(v))
		}
		o.gain[l] = float64(len(a.pre.Data)) / max(sum, math.SmallestNonzeroFloat32)
	}
	o.load(p.z, top)
	o.forward()
	o.backward(startSlope)
	// With W1 set aside, the residual is the reconstructed block itself.
	d1 := o.hidden[0].delta
	block := dense32(o.res.Rows, o.res.Cols)
	multiply(o.engine, true, false, 1, d1, o.z, 0, block)
	sum := 0.0
	for _, v := range block.Data {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(o.norm2 / max(sum, math.SmallestNonzeroFloat64))
}

// run descends from p for the configured steps and returns the relative residual after the last.
func (d *descent) run(ctx context.Context, e *engine.Engine[float32], obj *objective, p *particles, tick func(residual float64)) error {
	r := d.span.rank()
	box := newBox(e, d)
	az, al := newAdam(len(p.z)), newAdam(len(p.dual.log))
	gz, glog := make([]float64, len(p.z)), make([]float64, len(p.dual.log))
	top, gtop := make([]float64, len(obj.top.Data)), make([]float64, len(obj.top.Data))
	for k := range d.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := float64(k) / float64(d.steps)
		alpha := startSlope * math.Pow(float64(endSlope)/startSlope, min(1, f/slopeSettles))
		cool := 0.5 * (1 + math.Cos(math.Pi*f))
		p.dual.directions(top)
		p.residual = math.Sqrt(obj.step(p.z, top, alpha))
		for i, v := range obj.gz.Data {
			gz[i] = float64(v)
		}
		for i, v := range obj.gtop.Data {
			gtop[i] = float64(v)
		}
		box.addGradient(gz, obj.z)
		p.dual.pullback(glog, gtop)
		az.update(p.z, gz, rateZ*d.kappa/math.Sqrt(float64(r))*cool)
		al.update(p.dual.log, glog, rateLog*cool)
		tick(p.residual)
	}
	return nil
}
