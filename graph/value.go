package graph

import (
	"fmt"

	"unlearnguard/graph/engine"
	"unlearnguard/onnxio"
)

// value is what an ONNX name stands for. At most one of sizes, reals, param and step is set: the network's input has
// none of them, and neither has what follows a node that could not be read.
type value struct {
	name  string
	shape Shape
	// dtype is the element type of known integers, Int64 if it is Undefined, and Bool for a condition that is computed as
	// the numbers 0 and 1.
	dtype onnxio.DType
	// sizes holds integers that are known, up to the batch size, before the network runs.
	sizes *array[Size]
	// reals holds numbers that are fixed: constants of the architecture, which training does not change.
	reals *array[float64]
	// param is a floating-point tensor of the file that training may have changed, or an integer one that encodes it.
	param *onnxio.Tensor
	// step computes the value.
	step *step
	// rows says where the samples lie, and is nil for a value that does not grow with the batch.
	rows *rows
	// weighted marks what depends on a parameter, fixed a parameter whose scale counts with another's.
	weighted, fixed bool
	// text marks a tensor of strings.
	text bool
	// unread marks what follows from a node that could not be read.
	unread bool
}

// step is one application of a primitive.
type step struct {
	op     op
	inputs []*value
	output *value
	// node is the ONNX node that the step was lowered from.
	node *onnxio.Node
}

// isInteger says whether the value holds integers (or booleans) rather than real numbers.
func (v *value) isInteger() bool {
	return v.sizes != nil || v.param != nil && v.param.Int64s != nil
}

// elementType is the type of a value that holds integers.
func (v *value) elementType() onnxio.DType {
	if v.dtype == onnxio.Undefined {
		return onnxio.Int64
	}
	return v.dtype
}

// constant says whether the value is known before the network has seen its input.
func (v *value) constant() bool {
	if v.step == nil {
		return v.sizes != nil || v.reals != nil || v.param != nil
	}
	for _, in := range v.step.inputs {
		if !in.constant() {
			return false
		}
	}
	return true
}

// beforeExpand is the constant that an Expand along the batch repeats for each sample; any other value is itself.
func (v *value) beforeExpand() *value {
	if v.step != nil && v.rows != nil {
		if _, ok := v.step.op.(expand); ok && v.step.inputs[0].rows == nil {
			return v.step.inputs[0]
		}
	}
	return v
}

// integers expands a small integer tensor of the file into known sizes.
func (v *value) integers() (array[Size], error) {
	switch {
	case v.sizes != nil:
		return *v.sizes, nil
	case v.param != nil && v.param.Int64s != nil:
		a := newArray[Size](v.param.Shape)
		for i, n := range v.param.Int64s {
			a.data[i] = fixed(int(n))
		}
		return a, nil
	}
	return array[Size]{}, fmt.Errorf("%q is not known before the network runs", v.name)
}

// exact gives known integers, none of which may depend on the batch size, as real numbers.
func (v *value) exact() (array[float64], error) {
	sizes, err := v.integers()
	if err != nil {
		return array[float64]{}, err
	}
	out := newArray[float64](sizes.shape)
	for i, s := range sizes.data {
		if s.PerSample != 0 {
			return out, fmt.Errorf("%v, which depends on the batch size, becomes a real number", s)
		}
		out.data[i] = float64(s.Fixed)
	}
	return out, nil
}

// numbers gives the elements of a constant value, not of known integers, in float64.
func (v *value) numbers() array[float64] {
	switch {
	case v.reals != nil:
		return *v.reals
	case v.param != nil:
		return array[float64]{v.param.Shape, elements[float64](v.param)}
	}
	in := make([]array[float64], len(v.step.inputs))
	for i, w := range v.step.inputs {
		in[i] = w.numbers()
	}
	return compute(v.step.op, in, v.shape.At(1))
}

// elements gives a tensor's elements as T, sharing them where they are of that type.
func elements[T engine.Float](t *onnxio.Tensor) []T {
	switch {
	case t.Float32s != nil:
		return converted[T](t.Float32s)
	case t.Float64s != nil:
		return converted[T](t.Float64s)
	}
	return converted[T](t.Int64s)
}

func converted[T engine.Float, E engine.Float | ~int64](from []E) []T {
	if same, ok := any(from).([]T); ok {
		return same
	}
	to := make([]T, len(from))
	for i, x := range from {
		to[i] = T(x)
	}
	return to
}
