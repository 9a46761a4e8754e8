package reconstruct

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
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

// trajectory is the state of one restart's descent, complete enough to go on from: m candidate samples in span
// coordinates with their multipliers, and the optimiser. Its fields are exported for the checkpoint's encoding alone.
type trajectory struct {
	Attempt  int       // starts that were dead before this one
	Step     int       // steps done
	Z        []float64 // m x r
	Log      []float64 // logarithms of the multipliers, m x outputs
	Gain     []float64 // the surrogate's, one a hidden layer
	ByZ      *adam
	ByLog    *adam
	Loss     float64 // before the last step, with the span's weights
	Residual float64 // before the last step, without them: relative, not squared
}

// descent minimises the stationarity residual over particles.
type descent struct {
	problem *Problem
	span    *span
	space   space
	kappa   float64
	labels  []int
	steps   int
	pruning Pruning
	balance Balance
}

func newDescent(p *Problem) *descent {
	d := &descent{problem: p, space: p.space()}
	d.kappa = d.space.scale()
	if p.Convolutional != nil {
		d.span = newPixels(p.Convolutional)
	} else {
		var net *chain.Dense
		net, d.pruning, d.balance = undone(p.Net)
		d.span = newSpan(net)
	}
	// Twice as many particles as the span can hold samples, the classes in turn: a surplus that the descent spends on
	// copies, without which samples are missed.
	for i := range 2 * (d.span.samples + 1) {
		d.labels = append(d.labels, i%max(p.Outputs(), 2))
	}
	return d
}

// work estimates the floating-point operations of one restart: the products of a stationarity step, five of which are
// over the first layer and seven over every deeper one, and the two of the pixel box.
func (d *descent) work(steps int) float64 {
	m, r := float64(len(d.labels)), float64(d.span.rank())
	perParticle := 2 * r * float64(d.problem.Inputs())
	for l, layer := range d.span.net.Layers {
		rows, cols := layer.W.Dims()
		products := 7.0
		if l == 0 {
			products = 5
		}
		perParticle += products * float64(rows) * float64(cols) * float64(layer.Positions())
	}
	return 2 * float64(steps) * m * perParticle
}

// start draws the particles of one restart and calibrates the objective for them: random directions, and one multiplier
// for all such that the reconstructed block begins well below the parameters' norm.
func (d *descent) start(obj stepper, rng *rand.Rand) (*trajectory, error) {
	m, r, c := len(d.labels), d.span.rank(), d.problem.Outputs()
	t := &trajectory{Z: make([]float64, m*r), Log: make([]float64, m*c), ByZ: newAdam(m * r), ByLog: newAdam(m * c)}
	for i := range t.Z {
		t.Z[i] = rng.NormFloat64()
	}
	z := mat.NewDense(m, r, t.Z)
	for i := range m {
		row := z.RawRowView(i)
		norm := math.Sqrt(dot(row, row))
		for j := range row {
			row[j] *= d.kappa / norm
		}
	}
	t.Gain = obj.gains(z)
	z.Scale(startNorm, z)
	if err := obj.sharpen(startSlope, t.Gain); err != nil {
		return nil, err
	}
	level, err := obj.level(t.Z)
	if err != nil {
		return nil, err
	}
	for i := range t.Log {
		t.Log[i] = startLog + math.Log(level)
		if c > 1 {
			t.Log[i] += 0.1 * rng.NormFloat64()
		}
	}
	return t, nil
}

// run descends from t to the configured number of steps. After every step it calls tick, which may keep a copy of t.
func (d *descent) run(ctx context.Context, obj stepper, t *trajectory, tick func(t *trajectory)) error {
	lambda, gradZ, gradLog := make([]float64, len(t.Log)), make([]float64, len(t.Z)), make([]float64, len(t.Log))
	rate := rateZ * d.kappa / math.Sqrt(float64(d.span.rank()))
	for t.Step < d.steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := float64(t.Step) / float64(d.steps)
		if err := obj.sharpen(startSlope*math.Pow(endSlope/startSlope, min(1, f/slopeSettles)), t.Gain); err != nil {
			return err
		}
		dual := multipliers{labels: d.labels, classes: d.problem.Outputs(), log: t.Log}
		dual.values(lambda)
		var err error
		if t.Loss, t.Residual, err = obj.step(t.Z, lambda, gradZ, gradLog); err != nil {
			return err
		}
		dual.pullback(gradLog)
		cool := 0.5 * (1 + math.Cos(math.Pi*f))
		t.ByZ.update(t.Z, gradZ, rate*cool)
		t.ByLog.update(t.Log, gradLog, rateLog*cool)
		t.Step++
		tick(t)
	}
	return nil
}
