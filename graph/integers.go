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
	c, ok := o.(calculator)
	if !ok {
		return array[Size]{}, fmt.Errorf("%T is not defined for integers", o)
	}
	out, err := c.calculate(operands, dims)
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
