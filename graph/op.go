package graph

import "fmt"

// op is one primitive of a lowered network.
type op interface {
	// infer gives the shape of the result, or says why the operands do not fit.
	infer(in []Shape) (Shape, error)
}

// compute carries out a primitive; shape is that of the result. The result may share its elements with an operand, so
// neither is ever written to.
func compute[T float](o op, in []array[T], shape []int) array[T] {
	if out, ok := move(o, in, shape); ok {
		return out
	}
	switch o := o.(type) {
	case binary:
		return elementwise(o.f, in[0], in[1], shape)
	case unary:
		return elementByElement(o, in[0])
	case matmul:
		return product(o, in[0], in[1], shape)
	case convolution:
		return convolve(o, in[0], in[1], shape)
	case pooling:
		return pool(o, in[0], shape)
	case reduction:
		return reduce(o, in[0], shape)
	case softmax:
		return normalise(o, in[0])
	case padding:
		return pad(o, in[0], shape)
	case rounding:
		return round(o, in[0], in[1], shape)
	}
	panic(fmt.Sprintf("graph: no kernel for %T", o))
}
