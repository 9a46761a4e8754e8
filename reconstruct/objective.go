package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// objective is the relative residual of the stationarity condition on the first layer's block,
//
//	|| [W1, kappa b1] - [D1^T Z, kappa D1^T 1] ||^2 / || [W1, kappa b1] ||^2,
//
// for particles z in span coordinates: a [graph.Stationarity] over the reduced network with the deeper blocks left out.
// The first layer's block is the one that holds the samples; the deeper ones carry the whole of their initialisation.
type objective struct {
	*graph.Stationarity[float32]
	net  *graph.Dense
	norm float64 // || [W1, kappa b1] ||^2
}

func newObjective(net *graph.Dense, labels []int, kappa float64) (*objective, error) {
	o := &objective{net: net}
	first := net.Layers[0]
	frobenius := mat.Norm(first.W, 2)
	o.norm = frobenius*frobenius + kappa*kappa*dot(first.B, first.B)
	weights := make([]float64, len(net.Layers))
	weights[0] = 1 / o.norm
	scales := make([]float64, len(net.Layers))
	for l := range scales {
		scales[l] = kappa
	}
	signed := labels
	if outputs, _ := net.Layers[len(net.Layers)-1].W.Dims(); outputs == 1 {
		signed = make([]int, len(labels))
		for i, y := range labels {
			signed[i] = 2*y - 1
		}
	}
	var err error
	o.Stationarity, err = graph.NewStationarity[float32](net, signed, graph.StationarityOptions{
		Engine: engine.Options{Threads: 1}, Weights: weights, BiasScales: scales})
	return o, err
}

// sharpen sets the surrogate slopes: alpha times each hidden layer's gain.
func (o *objective) sharpen(alpha float64, gain []float64) error {
	a := make([]float64, len(gain))
	for l, g := range gain {
		a[l] = alpha * g
	}
	return o.SetAlpha(a...)
}

// step evaluates the objective and its gradients at particles z with multipliers lambda.
func (o *objective) step(z, lambda []float64) (float64, error) {
	narrow(o.X(), z)
	narrow(o.Multipliers(), lambda)
	return o.Step()
}

func narrow(dst []float32, src []float64) {
	for i, v := range src {
		dst[i] = float32(v)
	}
}

// gains returns one over the typical pre-activation of each hidden layer at z.
func (o *objective) gains(z *mat.Dense) []float64 {
	var gain []float64
	in := z
	for _, l := range o.net.Layers[:len(o.net.Layers)-1] {
		var a mat.Dense
		a.Mul(in, l.W.T())
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
		in = &a
	}
	return gain
}

// level returns the multiplier, one for all particles, at which the reconstructed block B is as large as the parameters'
// own, from || W - B ||^2 + || W + B ||^2 = 2 || W ||^2 + 2 || B ||^2.
func (o *objective) level(z []float64) (float64, error) {
	lambda := make([]float64, len(o.Multipliers()))
	sum := 0.0
	for _, s := range []float64{1, -1} {
		for i := range lambda {
			lambda[i] = s
		}
		loss, err := o.step(z, lambda)
		if err != nil {
			return 0, err
		}
		sum += loss
	}
	block := max(sum/2-1, math.SmallestNonzeroFloat32)
	return 1 / math.Sqrt(block), nil
}
