package graph

import (
	"fmt"
	"slices"
)

// batchNormalization has constant statistics, by which it normalises at inference.
func batchNormalization(k *call) ([]*value, error) {
	if err := k.required(5); err != nil {
		return nil, err
	}
	if k.opset >= 14 && k.intAttr("training_mode", 0) != 0 || k.opset < 7 && k.intAttr("is_test", 0) == 0 && len(k.Outputs) > 1 {
		k.c.note("BatchNormalization node %q was exported in training mode; its running statistics are used, as at inference", nodeName(k.Node))
	}
	in := slices.Clone(k.in[:5])
	for i, v := range in[1:] {
		switch {
		case !v.constant():
			return nil, refuse("export the model in evaluation mode", "operand %d (%q) is not a constant", i+1, v.name)
		case v.integer():
			return nil, fmt.Errorf("operand %d (%q) holds integers", i+1, v.name)
		}
	}
	in[normScale] = heldFixed(in[normScale]) // it counts with the weight that it is folded into
	return k.one(batchNorm{k.floatAttr("epsilon", 1e-5), k.floatAttr("momentum", 0.9)}, in...)
}

// heldFixed is a parameter whose scale counts with another's.
func heldFixed(v *value) *value {
	if v.param == nil {
		return v
	}
	held := *v
	held.fixed = true
	return &held
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
	deviation, err := k.apply(unary{name: "Sqrt", function: functions["Sqrt"]}, variance)
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
