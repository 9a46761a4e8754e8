package reconstruct

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/graph/chain"
)

// Networks with convolutions. A convolution's weight is a sum over patches, and its rows span nearly all patches: there is no
// low-dimensional span to search. The search is over all inputs, in the most informative layer, since the first one has too few
// numbers: 16 filters of 3 x 3 perhaps.

// newPixels is the space of all inputs.
func newPixels(net *chain.Convolutional) *span {
	s := &span{net: net}
	conditions := 0.
	s.layer, s.spectrum, conditions = net.Informative()
	s.samples = min(net.Determined(conditions), mostSamples)
	return s
}

// mostSamples bounds the samples that are looked for, and with them the memory of a descent.
const mostSamples = 200

// weigh sets the confidence of samples of a network with convolutions: stability, times how much of a picture the parameters
// hold of it, the contrast times the root of the multiplier, against the most. Restarts also agree on faint particles, which fit the residual of the others.
func weigh(samples []Sample) {
	most := math.SmallestNonzeroFloat64
	for i, s := range samples {
		samples[i].Confidence = stat.StdDev(s.Pixels, nil) * math.Sqrt(s.Multiplier)
		most = max(most, samples[i].Confidence)
	}
	for i := range samples {
		samples[i].Confidence *= samples[i].Stability / most
	}
}

// stable says whether the samples are more than one of many ways to explain the layer: over all inputs, unlike in a span, a
// small residual is weak evidence.
func (d *descent) stable(samples []Sample) (bool, string) {
	if !chain.Enough(d.span.samples) {
		return false, fmt.Sprintf("the weight of layer %q, the most informative one, has too few strong directions to determine "+
			"more than %d images: no sample can be recovered from it", d.span.net.Layers[d.span.layer].Name, d.span.samples)
	}
	stabilities := make([]float64, len(samples))
	for i, s := range samples {
		stabilities[i] = s.Stability
	}
	if agreement, ok := agree(stabilities, d.span.samples); !ok {
		return false, fmt.Sprintf("the restarts agree to %.2f on what they found (%.2f is needed): the samples are more than "+
			"the weights determine, or the descent has not found them", agreement, goodAgreement)
	}
	return true, ""
}

// agree is the mean of the largest stabilities, as many as samples are determined, and whether that is enough.
func agree(stabilities []float64, determined int) (agreement float64, ok bool) {
	slices.Sort(stabilities)
	agreement = stat.Mean(stabilities[max(0, len(stabilities)-determined):], nil)
	return agreement, agreement >= goodAgreement
}
