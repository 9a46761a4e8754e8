package start

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/graph"
)

// Values are a network's parameters at a start, by their names in the file of the network that is asked about and laid out as
// there. Parameters that are missing are taken to have stayed as they are.
type Values map[string][]float32

// ValuesOf are the parameters of a start that is a network built like net: the same parameters in the same order, whatever their
// names.
func ValuesOf(net, start *graph.Network) (Values, error) {
	mine, err := parameters(net)
	if err != nil {
		return nil, err
	}
	others, err := parameters(start)
	if err != nil {
		return nil, err
	}
	if len(mine) != len(others) {
		return nil, fmt.Errorf("it has %d parameters where the model has %d", len(others), len(mine))
	}
	out := Values{}
	for i, p := range mine {
		if !slices.Equal(p.Shape, others[i].Shape) {
			return nil, fmt.Errorf("its parameter %s has the shape %v where the model's %s has %v", others[i].Name, others[i].Shape, p.Name, p.Shape)
		}
		if slices.ContainsFunc(others[i].Value, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
			return nil, fmt.Errorf("its parameter %s has elements that are no finite numbers", others[i].Name)
		}
		out[p.Name] = others[i].Value
	}
	return out, nil
}

// Missing names a weight of two dimensions or more that the values lack, or is empty.
func (v Values) Missing(net *graph.Network) (string, error) {
	all, err := parameters(net)
	for _, p := range all {
		if len(p.Shape) > 1 && v[p.Name] == nil {
			return p.Name, err
		}
	}
	return "", err
}

func parameters(net *graph.Network) ([]graph.Parameter[float32], error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{})
	if err != nil {
		return nil, err
	}
	return r.Parameters(), nil
}

// moved is the first parameter, in order of use, that is not what it was at the starts, or -1. A parameter that was frozen may
// have been rounded to half precision since.
func moved(of []graph.Parameter[float32], starts []Values) int {
	return slices.IndexFunc(of, func(p graph.Parameter[float32]) bool {
		return slices.ContainsFunc(starts, func(s Values) bool { return s[p.Name] != nil && !alike(p.Value, s[p.Name]) })
	})
}

// alike reports whether x is y, or what rounding y to half precision makes of it.
func alike(x, y []float32) bool {
	return slices.Equal(x, y) || !slices.ContainsFunc(x, func(v float32) bool { return v != half(v) }) && slices.EqualFunc(x, y, func(a, b float32) bool { return a == half(b) })
}

// half is v rounded to IEEE 754 binary16, to even where two numbers are as near.
func half(v float32) float32 {
	_, exponent := math.Frexp(float64(v))
	quantum := math.Ldexp(1, max(exponent-11, -24))
	return float32(quantum * math.RoundToEven(float64(v)/quantum))
}
