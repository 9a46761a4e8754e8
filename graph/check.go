package graph

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// CheckTolerance is how far a computed output may be from the reference, scaled by max(1, |reference|): runtimes that
// compute in float32 differ by less.
const CheckTolerance = 1e-4

// Check compares a network's output with what another runtime computed.
type Check struct {
	Samples int `json:"samples"`
	// MaxAbsError and MaxRelError are the largest |got - want| and |got - want| / |want|, the latter over want other than
	// zero; MaxScaledError is the largest |got - want| / max(1, |want|), which must not exceed Tolerance.
	MaxAbsError    float64 `json:"max_abs_error"`
	MaxRelError    float64 `json:"max_rel_error"`
	MaxScaledError float64 `json:"max_scaled_error"`
	Tolerance      float64 `json:"tolerance"`
	Passed         bool    `json:"passed"`
}

// Check runs the network in float32 on samples x, which lie one after the other, and compares the output with y.
func (net *Network) Check(ctx context.Context, x, y []float64) (*Check, error) {
	e, err := net.Evaluator(EvaluatorOptions{})
	if err != nil {
		return nil, err
	}
	got, err := e.Run(ctx, x)
	if err != nil {
		return nil, err
	}
	if len(got) != len(y) {
		return nil, fmt.Errorf("%sthe output holds %d numbers for these samples, the reference %d", prefix(net.model), len(got), len(y))
	}
	c := &Check{Samples: len(x) / volume(net.InputShape), Tolerance: CheckTolerance}
	for i, want := range y {
		d := math.Abs(got[i] - want)
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, errors.New("the output or the reference is not finite")
		}
		c.MaxAbsError = max(c.MaxAbsError, d)
		c.MaxScaledError = max(c.MaxScaledError, d/max(1, math.Abs(want)))
		if want != 0 {
			c.MaxRelError = max(c.MaxRelError, d/math.Abs(want))
		}
	}
	c.Passed = c.MaxScaledError <= c.Tolerance
	return c, nil
}
