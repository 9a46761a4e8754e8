package graph

import "fmt"

// convolution is ONNX Conv without its bias: the input [batch, channels, spatial...] with the weight
// [filters, channels/groups, kernel...].
type convolution struct {
	window
	groups int
}

func (o convolution) infer(in []Shape) (Shape, error) {
	x, w := in[0], in[1]
	channels, filters := x[1].Fixed, w[0].Fixed
	if x[1].PerSample != 0 || o.groups < 1 || channels != w[1].Fixed*o.groups || filters%o.groups != 0 {
		return nil, fmt.Errorf("a weight of shape %v in %d groups does not fit input shape %v", w, o.groups, x)
	}
	positions, err := o.positions(x[2:])
	if err != nil {
		return nil, err
	}
	return append(Shape{x[0], fixed(filters)}, positions...), nil
}

func (convolution) carry(i int, from along, _ []*value, _ Shape) (along, bool) {
	return from, i == 0 && from.axis == 0
}

func (convolution) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	return in[0].plus(1, in[1])
}

func (o convolution) kernels() kernels {
	return kernels{convolveAt[float32](o), convolveAt[float64](o)}
}

func convolved(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	x, weight := k.in[0], k.in[1]
	if len(weight.shape) != len(x.shape) || len(x.shape) < 3 {
		return nil, fmt.Errorf("a weight of shape %v does not fit input shape %v", weight.shape, x.shape)
	}
	w, err := k.window(x.shape, weight.shape[2:].At(1))
	if err != nil {
		return nil, err
	}
	w.ceil = false
	y, err := k.apply(convolution{w, k.intAttr("group", 1)}, x, weight)
	if err != nil {
		return nil, err
	}
	bias := k.input(2)
	if bias == nil {
		return []*value{y}, nil
	}
	if bias, err = k.alongChannels(bias, len(x.shape)); err != nil {
		return nil, err
	}
	return k.one(binary{add}, y, bias)
}

// alongChannels shapes a vector so that it broadcasts along axis 1 of a value of the given rank.
func (k *call) alongChannels(v *value, rank int) (*value, error) {
	if len(v.shape) != 1 {
		return nil, fmt.Errorf("%q has shape %v, not that of a vector", v.name, v.shape)
	}
	to := append(Shape{}, v.shape...)
	for len(to) < rank-1 {
		to = append(to, fixed(1))
	}
	return k.apply(reshape{to}, v)
}
