package graph

import (
	"context"
	"errors"
	"fmt"
	"math"

	"unlearnguard/onnxio"
)

// Tolerance is how far a computed output may be from the reference, scaled by max(1, |reference|). Runtimes that compute in
// float32 or float64 differ by less than 1e-4. One that computes in 16 bits rounds every value to 11 significant bits
// (float16, 2^-11 of it) or 8 (bfloat16), where this package does not: 8 such roundings are allowed for.
func (net *Network) Tolerance() float64 {
	switch net.elementType() {
	case onnxio.Float16:
		return 8. / (1 << 11)
	case onnxio.BFloat16:
		return 8. / (1 << 8)
	}
	return 1e-4
}

// elementType is the narrowest type among the weights, the input and the output: what the model was made to be computed in.
func (net *Network) elementType() onnxio.DType {
	types := map[onnxio.DType]bool{}
	for _, v := range net.model.Inputs {
		if v.Name == net.InputName {
			types[v.DType] = true
		}
	}
	for _, v := range net.model.Outputs {
		if v.Name == net.OutputName {
			types[v.DType] = true
		}
	}
	for _, s := range net.stepsTo(net.output) {
		for _, v := range s.inputs {
			if v.param != nil {
				types[v.param.DType] = true
			}
		}
	}
	for _, t := range []onnxio.DType{onnxio.BFloat16, onnxio.Float16} {
		if types[t] {
			return t
		}
	}
	return onnxio.Float32
}

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
	// Output is the output that was compared, where it is not the network's: the only other one of the size of the reference.
	Output string `json:"output,omitempty"`
	// Gradients are the errors of gradients, by "x" and "d:NAME", where the reference has any; GradientTolerance is theirs.
	Gradients         map[string]GradientError `json:"gradients,omitempty"`
	GradientTolerance float64                  `json:"gradient_tolerance,omitempty"`
}

// Check runs the network in float32 on samples x, which lie one after the other, and compares the output with y. Of a model
// with several outputs, y may be that of another one.
func (net *Network) Check(ctx context.Context, x, y []float64) (*Check, error) {
	got, err := net.outputs(ctx, x)
	if err != nil {
		return nil, err
	}
	if len(got) == len(y) {
		return net.compare(x, got, y)
	}
	var found *Network
	for _, o := range net.model.Outputs {
		if o.Name == net.OutputName {
			continue
		}
		other, err := Compile(net.model, Options{InputShape: net.sample, Output: o.Name})
		if err != nil || other.InputName != net.InputName {
			continue
		}
		if got, err := other.outputs(ctx, x); err != nil || len(got) != len(y) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%sthe reference of %d numbers may be that of output %q or %q: choose one with Options.Output (--output)",
				prefix(net.model), len(y), found.OutputName, o.Name)
		}
		found = other
	}
	if found == nil {
		return nil, fmt.Errorf("%sthe output %q holds %d numbers for these samples, the reference %d", prefix(net.model), net.OutputName, len(got), len(y))
	}
	c, err := found.Check(ctx, x, y)
	if err == nil {
		c.Output = found.OutputName
	}
	return c, err
}

// OutputElements is the most numbers that any output of the model holds for so many samples: a reference of more is of no use
// to Check.
func (net *Network) OutputElements(samples int) int {
	most := volume(net.output.shape.At(samples))
	for _, o := range net.model.Outputs {
		if o.Name == net.OutputName {
			continue
		}
		if other, err := Compile(net.model, Options{InputShape: net.sample, Output: o.Name}); err == nil {
			most = max(most, volume(other.output.shape.At(samples)))
		}
	}
	return most
}

func (net *Network) outputs(ctx context.Context, x []float64) ([]float64, error) {
	e, err := net.Evaluator(EvaluatorOptions{})
	if err != nil {
		return nil, err
	}
	return e.Run(ctx, x)
}

func (net *Network) compare(x, got, y []float64) (*Check, error) {
	c := &Check{Samples: len(x) / volume(net.InputShape), Tolerance: net.Tolerance()}
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
