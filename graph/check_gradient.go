package graph

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// GradientError is how far a gradient is from the reference: the largest |got - want|, and the same over max(1, |want|).
type GradientError struct {
	MaxAbsError    float64 `json:"max_abs_error"`
	MaxScaledError float64 `json:"max_scaled_error"`
}

// GradientTolerance is how far a gradient's numbers may be from the reference, scaled by max(1, |reference|). Every layer with
// a weight adds the rounding of its float32 sums: ResNet-18 with its 21 layers was measured to differ from PyTorch by some
// 1e-4.
func (net *Network) GradientTolerance() float64 {
	layers := 0
	for _, s := range net.stepsTo(net.output) {
		if _, _, ok := s.layer(); ok {
			layers++
		}
	}
	return max(net.Tolerance(), 5e-5*float64(layers))
}

// CheckGradients compares the gradient of sum(dy * y), y the output for samples x, with the reference's: by "x" for the
// samples and by "d:NAME" for the parameter NAME.
func (net *Network) CheckGradients(ctx context.Context, x, dy []float64, want map[string][]float64) (map[string]GradientError, error) {
	r, err := NewRunner[float32](net, RunOptions{Output: true, Input: true, Parameters: true})
	if err != nil {
		return nil, err
	}
	width := volume(r.ResultShape())
	if samples := len(x) / volume(net.InputShape); len(dy) != samples*width {
		return nil, fmt.Errorf("%sdy holds %d numbers, the output %d for each of %d samples", prefix(net.model), len(dy), width, samples)
	}
	got := map[string][]float32{}
	err = r.Run(ctx, converted[float32](x), func(first, n int, _, weight []float32) {
		copy(weight, converted[float32](dy[first*width:(first+n)*width]))
	}, func(p Pass[float32]) error {
		got["x"] = append(got["x"], p.Input...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, p := range r.Parameters() {
		got["d:"+p.Name] = p.Gradient
	}
	out := map[string]GradientError{}
	for name, reference := range want {
		if out[name], err = gradientError(name, got, reference); err != nil {
			return nil, fmt.Errorf("%s%w", prefix(net.model), err)
		}
	}
	return out, nil
}

func gradientError(name string, all map[string][]float32, want []float64) (e GradientError, err error) {
	got := all[name]
	switch {
	case got == nil:
		var known []string
		for name, g := range all {
			if g != nil && name != "x" {
				known = append(known, strings.TrimPrefix(name, "d:"))
			}
		}
		slices.Sort(known)
		return e, fmt.Errorf("array %s: the network has no such parameter; it has %s", name, strings.Join(known, ", "))
	case len(got) != len(want):
		return e, fmt.Errorf("array %s holds %d numbers where the gradient has %d", name, len(want), len(got))
	}
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return e, fmt.Errorf("array %s: the gradient or the reference is not finite", name)
		}
		e.MaxAbsError = max(e.MaxAbsError, d)
		e.MaxScaledError = max(e.MaxScaledError, d/max(1, math.Abs(w)))
	}
	return e, nil
}
