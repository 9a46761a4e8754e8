// Package torch regenerates the initial parameters that PyTorch gives a network, bit for bit, from the seed.
//
// torch.manual_seed seeds a Mersenne Twister (MT19937; Matsumoto and Nishimura 1998). The modules Linear and Conv2d then fill
// their parameters on the CPU in the order in which they are constructed: the weight, and after it the bias where there is
// one. So whoever knows the seed need not believe anybody about the start. Parameters that were initialised otherwise, on a
// GPU, or after other random numbers were drawn, are not found.
package torch

import (
	"math"

	"gonum.org/v1/gonum/mathext/prng"
)

// Layer is a module Linear or Conv2d.
type Layer struct {
	// Shape is that of PyTorch's weight: outputs x inputs, or output channels x input channels of a group x kernel.
	Shape []int
	Bias  bool
}

// Parameters are the initial values of a layer, in PyTorch's order of elements; Bias is nil where it has none.
type Parameters struct{ Weight, Bias []float32 }

// Initialise draws the parameters of layers that are constructed in this order after torch.manual_seed(seed), by the
// initialiser that Linear and Conv2d have (kaiming_uniform_ with a = sqrt 5; He et al. 2015).
func Initialise(seed uint64, layers []Layer) []Parameters {
	g := prng.NewMT19937()
	g.Seed(seed)
	out := make([]Parameters, len(layers))
	for i, l := range layers {
		elements, fan := l.size()
		// As in torch.nn.init, in float64 and in this order, for the same rounding.
		deviation := math.Sqrt(2.0/(1+5)) / math.Sqrt(float64(fan))
		out[i].Weight = uniform(g, elements, math.Sqrt(3)*deviation)
		if l.Bias {
			out[i].Bias = uniform(g, l.Shape[0], 1/math.Sqrt(float64(fan)))
		}
	}
	return out
}

// size is the number of elements of the weight and of those that one output is computed from.
func (l Layer) size() (elements, fan int) {
	fan = 1
	for _, n := range l.Shape[1:] {
		fan *= n
	}
	return l.Shape[0] * fan, fan
}

// uniform are n numbers between -bound and bound, as Tensor.uniform_ draws them.
func uniform(g *prng.MT19937, n int, bound float64) []float32 {
	const digits = 24 // of a float32
	from, to := float32(-bound), float32(bound)
	out := make([]float32, n)
	for i := range out {
		// The bounds are float32, all that is done with them float64.
		x := float64(g.Uint32()&(1<<digits-1)) / (1 << digits)
		out[i] = float32(float64(x*float64(to-from)) + float64(from))
	}
	return out
}
