package chain

import (
	"slices"

	"gonum.org/v1/gonum/mat"
)

// WithoutSilent is the network, reduced, without the neurons that no input between low and high (one number each an input of the
// first layer) makes active, by interval arithmetic: what they read by hides the spectrum of the others. A network whose activation
// has a slope for negative arguments has none.
func (n *Dense) WithoutSilent(low, high []float64) *Dense {
	if n.Slope != 0 {
		return n
	}
	out, found := *n, false
	out.Layers = slices.Clone(n.Layers)
	for l := range len(out.Layers) - 1 {
		layer := &out.Layers[l]
		low, high = layer.bounds(low, high)
		for i, most := range high {
			if most > 0 {
				continue
			}
			if layer.W == n.Layers[l].W {
				layer.W, layer.B = mat.DenseCopyOf(layer.W), slices.Clone(layer.B)
			}
			found = true
			layer.silence(i)
		}
		for i := range high {
			low[i], high[i] = max(low[i], 0), max(high[i], 0)
		}
	}
	if !found {
		return n
	}
	return out.Reduced()
}

// bounds are those of what the layer gives for inputs between low and high.
func (a Affine) bounds(low, high []float64) (least, most []float64) {
	h, _ := a.W.Dims()
	least, most = make([]float64, h), make([]float64, h)
	for i := range h {
		if a.B != nil {
			least[i], most[i] = a.B[i], a.B[i]
		}
		for j, w := range a.W.RawRowView(i) {
			least[i] += min(w*low[j], w*high[j])
			most[i] += max(w*low[j], w*high[j])
		}
	}
	return least, most
}

// silence makes a neuron one that is 0 for any input.
func (a *Affine) silence(i int) {
	clear(a.W.RawRowView(i))
	if a.B != nil {
		a.B[i] = 0
	}
}
