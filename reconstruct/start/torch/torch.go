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
	g := Seeded(seed)
	out := make([]Parameters, len(layers))
	for i, l := range layers {
		out[i].Weight = g.Weight(l.Shape)
		if l.Bias {
			out[i].Bias = g.Bias(l.Shape)
		}
	}
	return out
}

// Generator is PyTorch's random number generator on the CPU.
type Generator struct{ twister *prng.MT19937 }

// Seeded is the generator after torch.manual_seed(seed).
func Seeded(seed uint64) *Generator {
	g := &Generator{prng.NewMT19937()}
	g.twister.Seed(seed)
	return g
}

// Weight draws a weight of the given shape, outputs first.
func (g *Generator) Weight(shape []int) []float32 {
	// As in torch.nn.init, in float64 and in this order, for the same rounding.
	deviation := math.Sqrt(2.0/(1+5)) / math.Sqrt(float64(fanIn(shape)))
	return g.uniform(shape[0]*fanIn(shape), math.Sqrt(3)*deviation)
}

// Bias draws the bias of a layer whose weight has the given shape.
func (g *Generator) Bias(shape []int) []float32 {
	return g.uniform(shape[0], 1/math.Sqrt(float64(fanIn(shape))))
}

// fanIn is the number of elements that one output is computed from.
func fanIn(shape []int) int {
	n := 1
	for _, d := range shape[1:] {
		n *= d
	}
	return n
}

// uniform are n numbers between -bound and bound, as Tensor.uniform_ draws them.
func (g *Generator) uniform(n int, bound float64) []float32 {
	const digits = 24 // of a float32
	from, to := float32(-bound), float32(bound)
	out := make([]float32, n)
	for i := range out {
		// The bounds are float32, all that is done with them float64.
		x := float64(g.twister.Uint32()&(1<<digits-1)) / (1 << digits)
		out[i] = float32(float64(x*float64(to-from)) + float64(from))
	}
	return out
}
