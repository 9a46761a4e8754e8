package imprint

import (
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
		w := l.WeightRows(parameters[k])
		if neurons, width := w.Dims(); neurons == l.Output[1] && width == kept.width {
			kept.weight, kept.loudness = w.RawMatrix().Data, make([]float64, neurons)
		}
	}
}
