package graph

import "unlearnguard/onnxio"

// Conditions are known before the network runs, as integers of type Bool, or are computed by it, as the numbers 0 and 1.

// comparison lowers an operator that compares two operands.
func comparison(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(2); err != nil {
			return nil, err
		}
		b, err := k.legacyBroadcast(k.in[0], k.in[1])
		if err != nil {
			return nil, err
		}
		v, err := k.condition(f, k.in[0], b)
		return []*value{v}, err
	}
}

// condition compares two values.
func (k *call) condition(f binaryFunc, a, b *value) (*value, error) {
	v, err := k.apply(binary{f}, a, b)
	if err != nil {
		return nil, err
	}
	return condition(v), nil
}

// condition marks a value as one, and turns one that is known into integers.
func condition(v *value) *value {
	if v.reals == nil {
		v.dtype = onnxio.Bool
		return v
	}
	sizes := make([]Size, len(v.reals.data))
	for i, x := range v.reals.data {
		sizes[i] = fixed(int(x))
	}
	return typed(knownSizes(v.name, v.reals.shape, sizes...), onnxio.Bool)
}

// numeric is a condition, known or not, as numbers.
func numeric(v *value) (*value, error) {
	if !v.isInteger() {
		return v, nil
	}
	exact, err := v.exact()
	if err != nil {
		return nil, err
	}
	return known(v.name, exact), nil
}

// conditions refuses operands that are none.
func (k *call) conditions(n int) error {
	if err := k.required(n); err != nil {
		return err
	}
	for _, v := range k.in[:n] {
		if v.elementType() != onnxio.Bool || !v.isInteger() && v.dtype != onnxio.Bool {
			return refuse("", "%q is no condition", v.name)
		}
	}
	return nil
}

// logical lowers a function of two conditions, given by what it is of the numbers 0 and 1; a difference by its square.
func logical(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.conditions(2); err != nil {
			return nil, err
		}
		var in [2]*value
		for i := range in {
			var err error
			if in[i], err = numeric(k.in[i]); err != nil {
				return nil, err
			}
		}
		v, err := k.apply(binary{f}, in[0], in[1])
		if err != nil {
			return nil, err
		}
		if f == sub {
			if v, err = k.apply(binary{mul}, v, v); err != nil {
				return nil, err
			}
		}
		return []*value{condition(v)}, nil
	}
}

func negated(k *call) ([]*value, error) {
	if err := k.conditions(1); err != nil {
		return nil, err
	}
	return k.not(k.in[0])
}

// not is 1 - v of a condition.
func (k *call) not(v *value) ([]*value, error) {
	n, err := numeric(v)
	if err != nil {
		return nil, err
	}
	if n, err = k.apply(binary{sub}, number(1), n); err != nil {
		return nil, err
	}
	return []*value{condition(n)}, nil
}
