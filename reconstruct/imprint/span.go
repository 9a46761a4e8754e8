package imprint

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// span is the part of a deviation d that lies in the span of a layer's weight W (h x k), in the metric N of the reference
// images' activations: with A = W N^-1/2 and b = N^-1/2 d,
//
//	s = b'A'(e^2 I + A A')^-1 A b / b'b = 1 - r/q,   q = d'N^-1 d,   r = e^2 d'(W'W + e^2 N)^-1 d.
//
// From a small start the rows of a weight are combinations of the training samples' activations, however small the parts of
// most of them, so that e is chosen just above the initial values that are left.
type span struct {
	metric *whitening
	// factor is e^2, removed are the reference images' deviations in the metric.
	factor  float64
	removed embedding
}

// newSpan measures the span of the layer's weight; nil where it has none, or is too wide. References are the deviations of the
// reference images.
func (j *judge) newSpan(references []float64) (*span, error) {
	k := j.layer.width
	if j.layer.weight == nil || k > widestSpan {
		return nil, nil
	}
	h := len(j.layer.weight) / k
	weight := heard(j.layer.weight, j.layer.loudness, k)
	spectrum := chain.NoiseRank(mat.NewDense(h, k, weight))
	if len(spectrum.Singular) == 0 || !(spectrum.Singular[0] > 0) {
		return nil, nil
	}
	noise := max(spanNoise*spectrum.Sigma, leastNoise*spectrum.Singular[0])
	s := &span{factor: noise * noise / j.activations.penalty}
	e := j.activations.engine
	m := make([]float64, k*k)
	e.Gemm(true, false, k, k, h, 1, weight, k, weight, k, 0, m, k)
	e.Gemm(true, false, k, k, j.references, s.factor, references, k, references, k, 1, m, k)
	for i := range k {
		m[i*k+i] += s.factor * j.activations.penalty
	}
	factor, err := engine.InverseFactor(e, m, k)
	if err != nil {
		return nil, err
	}
	s.metric = &whitening{engine: e, factor: factor, rank: k, width: k}
	s.removed = s.metric.embed(references, j.references)
	return s, nil
}

// heard is the weight with each neuron's row scaled by the root mean square of the gradient by its output, relative to the median
// neuron. Neurons that the network's outputs do not depend on get 0, and rescaling a neuron has no effect.
func heard(weight, loudness []float64, width int) []float64 {
	sorted := []float64{}
	for _, v := range loudness {
		if v > 0 {
			sorted = append(sorted, v)
		}
	}
	slices.Sort(sorted)
	out := make([]float64, len(weight))
	if len(sorted) == 0 {
		return out
	}
	median := sorted[len(sorted)/2]
	for i, v := range weight {
		out[i] = v * math.Sqrt(loudness[i/width]/median)
	}
	return out
}

// shares are the scores of deviations a, one row for each of some images or their versions; in the metric of the activations
// they are ea. A reference image is scored without itself, as in addCosines: N loses c d d', and W'W + e^2 N loses
// e^2 c d d'.
func (j *judge) shares(a []float64, ea embedding, of []int) []float64 {
	s, out := j.span, make([]float64, len(of))
	em := s.metric.embed(a, len(of))
	for r, i := range of {
		q, p := product(ea, r, ea, r), product(em, r, em, r)
		if i < j.references {
			q += without(product(ea, r, j.removed, i), product(j.removed, i, j.removed, i), j.share)
			p += without(product(em, r, s.removed, i), product(s.removed, i, s.removed, i), j.share*s.factor)
		}
		if q > 0 {
			out[r] = 1 - math.Min(s.factor*p/q, 1)
		}
	}
	return out
}

// without is what u'N^-1 u gains when c d d' is taken off N: c (u'N^-1 d)^2/(1 - c d'N^-1 d).
func without(ud, dd, c float64) float64 { return c * ud * ud / max(1-c*dd, 1e-12) }
