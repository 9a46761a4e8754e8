package reconstruct

import (
	"math"

	"unlearnguard/graph/engine"
)

// penalty is the prior for images where all inputs are searched and no span restricts them: the mean over particles and pixels
// of the squared distance to [0, 1], of the distance of neighbours (total variation; Rudin, Osher and Fatemi 1992) and, where
// images have a floor, of the square root of the distance to it, which favours few pixels off the floor.
type penalty[T engine.Float] struct {
	m            int
	problem      *Problem
	space        space
	floor        bool
	pixels, grad []float64 // of one particle
}

// The weights in the loss, whose scale is that of the relative residual. penaltyRound is the width over which the norms are smoothed at 0.
const (
	penaltyBox       = 10.0
	penaltyVariation = 0.1
	penaltyFloor     = 0.3
	penaltyRound     = 0.1
)

func newPenalty[T engine.Float](d *descent) *penalty[T] {
	p := d.problem
	return &penalty[T]{m: len(d.labels), problem: p, space: d.space, floor: hasFloor(p),
		pixels: make([]float64, p.Inputs()), grad: make([]float64, p.Inputs())}
}

// hasFloor says whether a quarter of the mean image is black, which it is only where all images are.
func hasFloor(p *Problem) bool {
	black := 0
	for _, v := range p.Mean {
		if math.Abs(v) < floorWidth {
			black++
		}
	}
	return len(p.Mean) == p.Inputs() && 4*black > len(p.Mean)
}

// addGradient adds the penalty's gradient at particles z (m x d) to dst.
func (p *penalty[T]) addGradient(dst []float64, z []T) {
	d := len(p.pixels)
	for i := range p.m {
		for j := range p.pixels {
			p.pixels[j] = float64(z[i*d+j])*p.space.std[j] + p.space.mean[j]
		}
		for j, v := range p.pixels {
			p.grad[j] = 2 * penaltyBox * (min(v, 0) + max(v-1, 0))
			if p.floor {
				p.grad[j] += penaltyFloor * v / math.Pow(v*v+penaltyRound*penaltyRound, 0.75)
			}
		}
		neighbours(p.problem, p.addVariation)
		for j, g := range p.grad {
			dst[i*d+j] += g * p.space.std[j] / float64(p.m*d)
		}
	}
}

// addVariation adds the gradient for two neighbouring pixels.
func (p *penalty[T]) addVariation(a, b int) {
	v := p.pixels[a] - p.pixels[b]
	g := penaltyVariation * v / math.Sqrt(v*v+penaltyRound*penaltyRound)
	p.grad[a] += g
	p.grad[b] -= g
}
