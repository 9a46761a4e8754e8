package graph

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"unlearnguard/onnxio"
)

// MeasureHomogeneity runs the network in float64 on random samples, with its parameters as they are and multiplied by
// a^(e_p) for random a, and gives the largest deviation of the logits from a^L times what they were, relative to the
// largest logit of the sample. It is of the order of 1e-15 where h is right. Seeds give reproducible samples.
func (net *Network) MeasureHomogeneity(ctx context.Context, h *Homogeneity, seed uint64) (float64, error) {
	r, err := NewRunner[float64](net, RunOptions{})
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	each := max(4, min(10, r.batch/len(probeScales)))
	if net.batch.Fixed > 0 {
		each = net.batch.Fixed
	}
	x := probes(rng, each, volume(net.InputShape))
	plain, err := r.Outputs(ctx, x)
	if err != nil {
		return 0, err
	}
	deviation, compared := 0.0, false
	for _, a := range []float64{1 + rng.Float64(), 1 / (1 + rng.Float64())} {
		factors := map[*onnxio.Tensor]float64{}
		for _, p := range h.Exponents {
			for _, t := range append(p.followers, p.tensor) {
				factors[t] = math.Pow(a, p.Exponent)
			}
		}
		r.scaleParameters(func(t *onnxio.Tensor) float64 {
			if f, ok := factors[t]; ok {
				return f
			}
			return 1
		})
		scaled, err := r.Outputs(ctx, x)
		if err != nil {
			return 0, err
		}
		width := volume(r.ResultShape())
		for i := 0; i+width <= len(plain); i += width {
			if d := relativeDeviation(scaled[i:i+width], plain[i:i+width], math.Pow(a, h.Degree)); !math.IsNaN(d) {
				deviation, compared = max(deviation, d), true
			}
		}
	}
	if !compared {
		return 0, errors.New("the logits of random samples are not finite: homogeneity cannot be measured")
	}
	return deviation, nil
}

// probeScales spread the probes, so that a bend or a saturation anywhere between is met.
var probeScales = [...]float64{0.01, 0.1, 1, 10, 100, 1000}

// probes are Gaussian samples, so many at each scale.
func probes(rng *rand.Rand, each, size int) []float64 {
	var x []float64
	for _, scale := range probeScales {
		for range each * size {
			x = append(x, scale*rng.NormFloat64())
		}
	}
	return x
}

// relativeDeviation compares got with factor times want, relative to the largest of either; NaN where they are not
// finite.
func relativeDeviation(got, want []float64, factor float64) float64 {
	top, deviation := 0.0, 0.0
	for i := range got {
		expected := factor * want[i]
		top = max(top, math.Abs(expected), math.Abs(got[i]))
		deviation = max(deviation, math.Abs(got[i]-expected))
	}
	if top == 0 {
		return 0
	}
	if math.IsInf(top, 0) {
		return math.NaN()
	}
	return deviation / top
}
