package imprint

import (
	"math"
	"slices"

	"unlearnguard/graph"
)

// weights finds the weights of the fully connected layers among those that are kept. A weight that the file computes from
// other tensors has none of its name.
func (p *passes) weights(pass graph.Pass[float32], parameters []graph.Parameter[float32]) {
	for i, l := range pass.Layers {
		kept := p.taps[i]
		if kept == nil || len(l.Output) != 2 {
			continue
		}
		k := slices.IndexFunc(parameters, func(q graph.Parameter[float32]) bool { return q.Name == l.Name })
		if k < 0 || len(parameters[k].Shape) != 2 {
			continue
		}
		if kept.weight = rowsFor(kept.width, l, parameters[k]); kept.weight != nil {
			kept.loudness = make([]float64, l.Output[1])
		}
	}
}

// rowsFor are the rows of a weight, one a neuron, or nil where they are not as wide as what the layer reads.
func rowsFor(width int, l graph.LayerPass[float32], w graph.Parameter[float32]) []float64 {
	neurons := l.Output[1]
	if len(w.Value) != width*neurons {
		return nil
	}
	stored := widened(w.Value) // neurons x width, as Gemm has it with transB
	turned := make([]float64, len(stored))
	for r := range width {
		for c := range neurons {
			turned[c*width+r] = stored[r*neurons+c]
		}
	}
	switch {
	case width != neurons && w.Shape[1] == width:
		return stored
	case width != neurons:
		return turned
	case explains(stored, l) <= explains(turned, l):
		return stored
	}
	return turned
}

// explains is how far the gradient by the layer's input is from the weight transposed times that by its output, for the first
// sample: a square weight does not tell its rows from its columns.
func explains(w []float64, l graph.LayerPass[float32]) float64 {
	n, sum := l.Output[1], 0.0
	for c := range n {
		g := 0.0
		for r := range n {
			g += float64(l.Signals[r]) * w[r*n+c]
		}
		sum += math.Abs(g - float64(l.InputGradient[c]))
	}
	return sum
}
