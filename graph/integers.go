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
	b, ok := o.(binary)
	if !ok {
		return array[Size]{}, fmt.Errorf("%T is not defined for integers", o)
	}
	out := array[Size]{dims, make([]Size, 0, volume(dims))}
	left, right := broadcastTo(operands[0], dims), broadcastTo(operands[1], dims)
	for i := range left.data {
		s, err := b.f.integers(left.data[i], right.data[i])
		if err != nil {
			return array[Size]{}, err
		}
		out.data = append(out.data, s)
	}
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
	}
	if s.PerSample != 0 || t.PerSample != 0 {
		return Size{}, fmt.Errorf("%v and %v depend on the batch size", s, t)
	}
	return fixed(int(f.apply(float64(s.Fixed), float64(t.Fixed)))), nil
}
