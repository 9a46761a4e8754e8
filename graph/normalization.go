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
	factor := k.perChannel(k.in[1].name, scale, len(x.shape))
	factor.fixed = true // it counts with the weight that it is folded into
	y, err := k.apply(binary{mul}, x, factor)
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
	return &value{name: name, shape: fixedShape(shape), param: t, weighted: true}
}

// layerNormalization lowers to its definition: the mean and variance of all axes from the given one on.
func layerNormalization(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	axis, err := axisOf(k.intAttr("axis", -1), len(k.in[0].shape))
	if err != nil {
		return nil, err
	}
	y, err := k.standardized(k.in[0], axis)
	if err != nil {
		return nil, err
	}
	return k.scaledAndShifted(y, k.in[1], k.input(2))
}

// instanceNormalization standardises each channel of each sample.
func instanceNormalization(k *call) ([]*value, error) {
	if err := k.required(3); err != nil {
		return nil, err
	}
	rank := len(k.in[0].shape)
	if rank < 3 {
		return nil, fmt.Errorf("input of shape %v has no spatial axes", k.in[0].shape)
	}
	y, err := k.standardized(k.in[0], 2)
	if err != nil {
		return nil, err
	}
	var channels [2]*value
	for i := range channels {
		if channels[i], err = k.alongChannels(k.in[i+1], rank); err != nil {
			return nil, err
		}
	}
	return k.scaledAndShifted(y, channels[0], channels[1])
}

// standardized subtracts the mean over the axes from the given one on and divides by the standard deviation.
func (k *call) standardized(x *value, axis int) (*value, error) {
	var axes []int
	for i := axis; i < len(x.shape); i++ {
		axes = append(axes, i)
	}
	mean, err := k.apply(reduction{reduceMean, axes, true}, x)
	if err != nil {
		return nil, err
	}
	centred, err := k.apply(binary{sub}, x, mean)
	if err != nil {
		return nil, err
	}
	square, err := k.apply(binary{mul}, centred, centred)
	if err != nil {
		return nil, err
	}
	variance, err := k.apply(reduction{reduceMean, axes, true}, square)
	if err != nil {
		return nil, err
	}
	if variance, err = k.apply(binary{add}, variance, number(k.floatAttr("epsilon", 1e-5))); err != nil {
		return nil, err
	}
	deviation, err := k.apply(unary{name: "Sqrt", at: math.Sqrt}, variance)
	if err != nil {
		return nil, err
	}
	return k.apply(binary{div}, centred, deviation)
}

func (k *call) scaledAndShifted(x, scale, shift *value) ([]*value, error) {
	y, err := k.apply(binary{mul}, x, scale)
	if err != nil || shift == nil {
		return []*value{y}, err
	}
	return k.one(binary{add}, y, shift)
}
