package graph

import (
	"fmt"

	"unlearnguard/onnxio"
)

// foldIntegers carries out a primitive on known integers of one type: the arithmetic that exporters do on shapes.
func foldIntegers(o op, in []*value, shape Shape, t onnxio.DType) (array[Size], error) {
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
	out, err := calculate(o, operands, dims)
	if err != nil {
		return out, err
	}
	for i, n := range out.data {
		if out.data[i], err = wrap(n, t); err != nil {
			return out, err
		}
	}
	return out, nil
}

// resultType is the type that a primitive gives integers.
func resultType(o op, in []*value) onnxio.DType {
	if b, ok := o.(binary); ok && b.f.compares() {
		return onnxio.Bool
	}
	return in[len(in)-1].elementType()
}

// calculate works on the integers of a primitive that computes.
func calculate(o op, in []array[Size], shape []int) (array[Size], error) {
	switch o := o.(type) {
	case binary:
		return combineIntegers(o.f, broadcastTo(in[0], shape), broadcastTo(in[1], shape))
	case unary:
		return mapIntegers(o, in[0])
	case reduction:
		return reduceIntegers(o, in[0], shape)
	case choice:
		return chooseIntegers(broadcastTo(in[0], shape), broadcastTo(in[1], shape), broadcastTo(in[2], shape))
	}
	return array[Size]{}, fmt.Errorf("%T is not defined for integers", o)
}

// wrap is what an integer type holds of n: its lowest bits, or for a condition whether it is zero.
func wrap(n Size, t onnxio.DType) (Size, error) {
	if t == onnxio.Int64 || t == onnxio.Uint64 {
		return n, nil
	}
	if n.PerSample != 0 {
		if t == onnxio.Bool {
			return Size{}, fmt.Errorf("whether %v is zero depends on the batch size", n)
		}
		return n, nil // a size, which all types hold
	}
	v := int64(n.Fixed)
	switch t {
	case onnxio.Bool:
		if v != 0 {
			v = 1
		}
	case onnxio.Uint8:
		v = int64(uint8(v))
	case onnxio.Int8:
		v = int64(int8(v))
	case onnxio.Uint16:
		v = int64(uint16(v))
	case onnxio.Int16:
		v = int64(int16(v))
	case onnxio.Uint32:
		v = int64(uint32(v))
	case onnxio.Int32:
		v = int64(int32(v))
	default:
		return Size{}, fmt.Errorf("integers of type %v are not supported", t)
	}
	return fixed(int(v)), nil
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
		n := s.Fixed
		switch o.name {
		case "Neg":
			out.data[i] = Size{}.minus(s)
			continue
		case "Abs":
			n = abs(n)
		case "Sign":
			n = min(max(n, -1), 1)
		case "Relu":
			n = max(n, 0)
		default:
			return out, fmt.Errorf("%s of integers is not supported", o.name)
		}
		if s.PerSample != 0 {
			return out, fmt.Errorf("%s of %v depends on the batch size", o.name, s)
		}
		out.data[i] = fixed(n)
	}
	return out, nil
}

// chooseIntegers takes the second operand's elements where the condition holds, and the third's elsewhere.
func chooseIntegers(condition, then, otherwise array[Size]) (array[Size], error) {
	out := newArray[Size](condition.shape)
	for i, c := range condition.data {
		holds, err := wrap(c, onnxio.Bool)
		if err != nil {
			return out, err
		}
		if out.data[i] = otherwise.data[i]; holds != (Size{}) {
			out.data[i] = then.data[i]
		}
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
	case f == remainder && b != 0:
		// The sign is that of the dividend.
		return fixed(a % b), nil
	case f.compares():
		return fixed(int(combined(f, float64(a), float64(b)))), nil
	}
	return Size{}, fmt.Errorf("%d and %d cannot be combined", a, b)
}
