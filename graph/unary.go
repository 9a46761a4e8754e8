package graph

import "math"

// unaryFunc is an elementwise function; a and b are its constants.
type unaryFunc struct {
	name string
	a, b float64
}

// apply computes in float64, as the rounding of float32 inputs and results is all that may differ from a reference.
func (f unaryFunc) apply(x float64) float64 {
	switch f.name {
	case "relu":
		return max(x, 0)
	case "leaky":
		if x < 0 {
			return f.a * x
		}
		return x
	case "sigmoid":
		return 1 / (1 + math.Exp(-x))
	case "neg":
		return -x
	}
	panic("graph: unknown function " + f.name)
}
