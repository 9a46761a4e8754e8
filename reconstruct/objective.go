package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
	"unlearnguard/graph/stationarity"
)

// objective is the relative residual of the stationarity condition on one layer's block, for the first layer
//
//	|| ([W1, kappa b1] - [D1^T Z, kappa D1^T 1]) diag(s, 1) ||^2 / || [W1, kappa b1] ||^2,
//
// for particles z in span coordinates, which the span has weights s for: a [stationarity.Loss] over the reduced network with the other blocks left out.
// That layer's block is the one that holds the samples; the others carry the whole of their initialisation.
type objective[T engine.Float] struct {
	*stationarity.Loss[T]
	prior   prior[T]
	net     *chain.Convolutional
	intakes []*stationarity.Intake[float64] // of the layers, for gains
}

// prior is a penalty on particles, for what is known of images.
type prior[T engine.Float] interface {
	// addGradient adds the gradient at particles z (m x r) to dst.
	addGradient(dst []float64, z []T)
}

// stepper is an objective of either precision, with variables and gradients in float64.
type stepper interface {
	// sharpen sets the surrogate slopes: alpha times each hidden layer's gain.
	sharpen(alpha float64, gain []float64) error
	// step evaluates the objective at particles z with multipliers lambda and writes its gradients, that of the pixel
	// box included. The residual is the relative one, of the block as it is.
	step(z, lambda, gradZ, gradLambda []float64) (loss, residual float64, err error)
	// gains returns one over the typical pre-activation of each hidden layer at z.
	gains(z *mat.Dense) []float64
	// level returns the multiplier, one for all particles, at which the reconstructed block is as large as the
	// parameters' own.
	level(z []float64) (float64, error)
}

// newStepper returns the objective of a descent in the precision that the options ask for.
func newStepper(d *descent, o Options) (stepper, error) {
	if o.Float64 {
		return newObjective[float64](d, o.engine())
	}
	return newObjective[float32](d, o.engine())
}

func newObjective[T engine.Float](d *descent, e engine.Options) (*objective[T], error) {
	loss, err := block[T](d.span.net, d.span.layer, d.span.weights, d.labels, d.kappa, e)
	if err != nil {
		return nil, err
	}
	o := &objective[T]{Loss: loss, net: d.span.net}
	if d.problem.Convolutional != nil {
		o.prior = newPenalty[T](d)
	} else if o.prior, err = newBox[T](d, e); err != nil {
		return nil, err
	}
	double, err := engine.New[float64](e)
	for _, l := range o.net.Layers {
		o.intakes = append(o.intakes, stationarity.NewIntake(double, len(d.labels), l))
	}
	return o, err
}

// block is the relative stationarity residual of layer l's block alone, for particles with labels from 0. inputs, which may
// be nil, are the weights of the first layer's inputs.
func block[T engine.Float](net *chain.Convolutional, l int, inputs []float64, labels []int, kappa float64, e engine.Options) (*stationarity.Loss[T], error) {
	layer := net.Layers[l]
	frobenius := mat.Norm(layer.W, 2)
	weights := make([]float64, len(net.Layers))
	weights[l] = 1 / (frobenius*frobenius + kappa*kappa*dot(layer.B, layer.B))
	scales := make([]float64, len(net.Layers))
	for l := range scales {
		scales[l] = kappa
	}
	if outputs, _ := net.Layers[len(net.Layers)-1].W.Dims(); outputs == 1 {
		signed := make([]int, len(labels))
		for i, y := range labels {
			signed[i] = 2*y - 1
		}
		labels = signed
	}
	return stationarity.New[T](net, labels, stationarity.Options{Engine: e, Weights: weights, BiasScales: scales,
		InputWeights: inputs})
}

func (o *objective[T]) sharpen(alpha float64, gain []float64) error {
	a := make([]float64, len(gain))
	for l, g := range gain {
		a[l] = alpha * g
	}
	return o.SetAlpha(a...)
}

func (o *objective[T]) step(z, lambda, gradZ, gradLambda []float64) (loss, residual float64, err error) {
	convert(o.X(), z)
	convert(o.Multipliers(), lambda)
	loss, err = o.Step()
	convert(gradZ, o.GradX())
	convert(gradLambda, o.GradMultipliers())
	o.prior.addGradient(gradZ, o.X())
	return loss, math.Sqrt(max(o.Residual(), 0)), err
}

// convert copies between precisions.
func convert[D, S engine.Float](dst []D, src []S) {
	for i, v := range src {
		dst[i] = D(v)
	}
}

func (o *objective[T]) gains(z *mat.Dense) []float64 {
	var gain []float64
	m, _ := z.Dims()
	values := z.RawMatrix().Data
	for k, l := range o.net.Layers[:len(o.net.Layers)-1] {
		if in := o.intakes[k]; in != nil {
			read := make([]float64, in.Outputs()*m)
			in.Read(read, values, true)
			values = read
		}
		_, width := l.W.Dims()
		var a mat.Dense
		a.Mul(mat.NewDense(len(values)/width, width, values), l.W.T())
		sum := 0.0
		a.Apply(func(_, j int, v float64) float64 {
			if l.B != nil {
				v += l.B[j]
			}
			sum += math.Abs(v)
			return max(v, o.net.Slope*v)
		}, &a)
		rows, cols := a.Dims()
		gain = append(gain, float64(rows*cols)/max(sum, math.SmallestNonzeroFloat32))
		values = a.RawMatrix().Data
	}
	return gain
}

// level follows from || W - B ||^2 + || W + B ||^2 = 2 || W ||^2 + 2 || B ||^2 for the parameters' block W and the
// reconstructed one B.
func (o *objective[T]) level(z []float64) (float64, error) {
	convert(o.X(), z)
	sum := 0.0
	for _, sign := range []T{1, -1} {
		lambda := o.Multipliers()
		for i := range lambda {
			lambda[i] = sign
		}
		loss, err := o.Step()
		if err != nil {
			return 0, err
		}
		sum += loss
	}
	block := max(sum/2-1, math.SmallestNonzeroFloat32)
	return 1 / math.Sqrt(block), nil
}
