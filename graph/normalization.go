package graph

import (
	"fmt"
	"math"

	"unlearnguard/onnxio"
)

// batchNormalization lowers to the affine map that it is at inference, y = s x + t with s = scale/sqrt(var + epsilon) and
// t = bias - s mean, a channel each.
func batchNormalization(k *call) ([]*value, error) {
	if err := k.required(5); err != nil {
		return nil, err
	}
	x := k.in[0]
	if len(x.shape) < 2 {
		return nil, fmt.Errorf("input of shape %v has no channels", x.shape)
	}
	if k.opset >= 14 && k.intAttr("training_mode", 0) != 0 || k.opset < 7 && k.intAttr("is_test", 0) == 0 && len(k.Outputs) > 1 {
		k.c.note("BatchNormalization node %q was exported in training mode; its running statistics are used, as at inference", nodeName(k.Node))
	}
	var stats [4]array[float64]
	for i := range stats {
		v := k.in[i+1]
		if !v.constant() {
			return nil, refuse("export the model in evaluation mode", "operand %d (%q) is not a constant", i+1, v.name)
		}
		stats[i] = v.numbers()
		if n := len(stats[i].data); !(Shape{fixed(n)}).equal(x.shape[1:2]) {
			return nil, fmt.Errorf("operand %d (%q) has %d elements for input shape %v", i+1, v.name, n, x.shape)
		}
	}
	epsilon := k.floatAttr("epsilon", 1e-5)
	scale, shift := make([]float64, len(stats[0].data)), make([]float64, len(stats[0].data))
	for i := range scale {
		scale[i] = stats[0].data[i] / math.Sqrt(stats[3].data[i]+epsilon)
		shift[i] = stats[1].data[i] - scale[i]*stats[2].data[i]
	}
	y, err := k.apply(binary{mul}, x, k.perChannel(k.in[1].name, scale, len(x.shape)))
	if err != nil {
		return nil, err
	}
	return k.one(binary{add}, y, k.perChannel(k.in[2].name, shift, len(x.shape)))
}

// perChannel is a parameter that was folded out of others, a number a channel of a value of the given rank.
func (k *call) perChannel(name string, numbers []float64, rank int) *value {
	shape := make([]int, rank-1)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = len(numbers)
	t := &onnxio.Tensor{Name: name, DType: onnxio.Float64, Shape: shape, Float64s: numbers}
	return &value{name: name, shape: fixedShape(shape), param: t}
}
