package lineage

import (
	"math"
	"slices"

	"unlearnguard/graph"
)

// sameParameters says that the files hold the same parameters in the same order, to float32's rounding.
func sameParameters(before, after *graph.Network) (bool, error) {
	b, err := graph.NewRunner[float32](before, graph.RunOptions{})
	if err != nil {
		return false, err
	}
	a, err := graph.NewRunner[float32](after, graph.RunOptions{})
	if err != nil {
		return false, err
	}
	return slices.EqualFunc(b.Parameters(), a.Parameters(), sameParameter), nil
}

func sameParameter(b, a graph.Parameter[float32]) bool {
	if !slices.Equal(b.Shape, a.Shape) {
		return false
	}
	difference, size := 0.0, 0.0
	for i, v := range b.Value {
		difference += math.Pow(float64(v-a.Value[i]), 2)
		size += float64(v) * float64(v)
	}
	return math.Sqrt(difference) <= 1e-7*math.Sqrt(size)
}
