package graph

import "fmt"

// foldIntegers carries out a primitive on known integers: the arithmetic that exporters do on shapes.
func foldIntegers(o op, in []*value, shape Shape) (array[Size], error) {
	operands := make([]array[Size], len(in))
	for i, v := range in {
		var err error
		if operands[i], err = v.integers(); err != nil {
			return array[Size]{}, err
		}
	}
	for _, d := range shape {
		if d.PerSample != 0 {
			return array[Size]{}, fmt.Errorf("an integer tensor of shape %v grows with the batch", shape)
		}
	}
	dims := shape.At(1)
	if out, ok := move(o, operands, dims); ok {
		return out, nil
	}
	switch o := o.(type) {
	case binary:
		return combineIntegers(o.f, broadcastTo(operands[0], dims), broadcastTo(operands[1], dims))
	case unary:
		return mapIntegers(o, operands[0])
	case reduction:
		return reduceIntegers(o, operands[0], dims)
	}
	return array[Size]{}, fmt.Errorf("%T is not defined for integers", o)
}

func combineIntegers(f binaryFunc, a, b array[Size]) (array[Size], error) {
	out := newArray[Size](a.shape)
	for i := range out.data {
		var err error
		if out.data[i], err = f.integers(a.data[i], b.data[i]); err != nil {
			return out, err
		}
	}
	return out, nil
}

func mapIntegers(o unary, a array[Size]) (array[Size], error) {
	out := newArray[Size](a.shape)
	for i, s := range a.data {
		if s.PerSample != 0 {
			return out, fmt.Errorf("%s of %v depends on the batch size", o.name, s)
		}
		out.data[i] = fixed(int(o.at(float64(s.Fixed))))
	}
	return out, nil
}

// reduceIntegers multiplies or adds all elements.
func reduceIntegers(o reduction, a array[Size], shape []int) (array[Size], error) {
	out := newArray[Size](shape)
	if len(out.data) != 1 || o.f != reduceProd && o.f != reduceSum {
		return out, fmt.Errorf("the %s of integers is not supported", o.f)
	}
	result := Size{}
	if o.f == reduceProd {
		result = fixed(1)
	}
	for _, s := range a.data {
		var err error
		if o.f == reduceSum {
			result = result.plus(s)
		} else if result, err = result.times(s); err != nil {
			return out, err
		}
	}
	out.data[0] = result
	return out, nil
}

func (f binaryFunc) integers(s, t Size) (Size, error) {
	switch f {
	case add:
		return s.plus(t), nil
	case sub:
		return s.minus(t), nil
	case mul:
		return s.times(t)
	case div:
		return s.over(t)
	case equal:
		if s == t {
			return fixed(1), nil
		}
		if s.equalAtSomeBatch(t) {
			return Size{}, fmt.Errorf("whether %v equals %v depends on the batch size", s, t)
		}
		return Size{}, nil
	}
	if s.PerSample != 0 || t.PerSample != 0 {
		return Size{}, fmt.Errorf("%v and %v depend on the batch size", s, t)
	}
	a, b := s.Fixed, t.Fixed
	switch {
	case f == maximum:
		return fixed(max(a, b)), nil
	case f == minimum:
		return fixed(min(a, b)), nil
	case f == modulo && b != 0:
		// The sign is that of the divisor.
		return fixed(((a % b) + b) % b), nil
	}
	return Size{}, fmt.Errorf("%d and %d cannot be combined", a, b)
}
