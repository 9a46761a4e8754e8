package graph

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/graph/engine"
	"unlearnguard/onnxio"
)

// rounding is the first half of a quantisation: its first operand, already divided by the scale, to the nearest integer
// (halves to even), plus the zero point, held between two bounds. The integers stay numbers of the network's type.
type rounding struct{ low, high float64 }

func (rounding) infer(in []Shape) (Shape, error) { return broadcast(in[0], in[1]) }

func (rounding) flat(in []*value, shape Shape) *rows { return flatElementwise(in, shape) }

func (rounding) carry(i int, from along, in []*value, shape Shape) (along, bool) {
	return from.aligned(in[i].shape, shape), true
}

func (rounding) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	return s.breaks(st, in[0], in[0], "its results are rounded to integers", "export the model before its activations are quantised")
}

func (o rounding) kernels() kernels { return kernels{roundAt[float32](o), roundAt[float64](o)} }

// quantizing computes a rounding. Its gradient goes straight through where the integer is not held by a bound.
type quantizing[T engine.Float] struct {
	*site[T]
	o rounding
	// zeros are the zero point's strides along the result's axes.
	zeros []int
}

func roundAt[T engine.Float](o rounding) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		return &quantizing[T]{s, o, broadcastStrides(s.in[1].shape, s.out.shape)}
	}
}

func (q *quantizing[T]) each(visit func(i int, rounded float64)) {
	i := 0
	x, zero := q.in[0].data, q.in[1].data
	walk(q.out.shape, [][]int{q.zeros}, func(o []int) {
		visit(i, math.RoundToEven(float64(x[i]))+float64(zero[o[0]]))
		i++
	})
}

func (q *quantizing[T]) forward() {
	q.each(func(i int, rounded float64) { q.out.data[i] = T(min(max(rounded, q.o.low), q.o.high)) })
}

func (q *quantizing[T]) retains(i int) bool { return i != result }

func (q *quantizing[T]) reverse() {
	if !q.in[0].wanted {
		return
	}
	grad := q.in[0].gradient()
	q.each(func(i int, rounded float64) {
		if rounded >= q.o.low && rounded <= q.o.high {
			grad[i] += q.out.grad[i]
		}
	})
}

// integerRange is what a quantised type holds.
func integerRange(t onnxio.DType) (low, high float64, ok bool) {
	switch t {
	case onnxio.Uint8:
		return 0, math.MaxUint8, true
	case onnxio.Int8:
		return math.MinInt8, math.MaxInt8, true
	case onnxio.Uint16:
		return 0, math.MaxUint16, true
	case onnxio.Int16:
		return math.MinInt16, math.MaxInt16, true
	case onnxio.Int32:
		return math.MinInt32, math.MaxInt32, true
	}
	return 0, 0, false
}

// quantization reads scale and zero point, laid along the quantised axis of operand 0.
func (k *call) quantization() (scale, zero array[float64], err error) {
	if err = k.required(2); err != nil {
		return scale, zero, err
	}
	if k.intAttr("block_size", 0) != 0 {
		return scale, zero, refuse("quantise by tensor or by channel", "blocked quantisation is not supported")
	}
	x, s := k.in[0], k.in[1]
	if !s.constant() || s.isInteger() || len(s.shape) > 1 {
		return scale, zero, refuse("quantise with constant scales", "scale %q is not a known number or vector", s.name)
	}
	scale = s.numbers()
	if len(scale.data) == 1 {
		scale.shape = []int{}
	} else {
		axis, err := axisOf(k.intAttr("axis", 1), len(x.shape))
		if err != nil {
			return scale, zero, err
		}
		scale.shape = slices.Repeat([]int{1}, len(x.shape)-axis)
		scale.shape[0] = len(scale.data)
	}
	zero = newArray[float64](scale.shape)
	if k.input(2) != nil {
		points, err := k.ints(2)
		if err != nil {
			return scale, zero, err
		}
		if len(points) != len(zero.data) {
			return scale, zero, fmt.Errorf("%d zero points for %d scales", len(points), len(zero.data))
		}
		for i, n := range points {
			zero.data[i] = float64(n)
		}
	}
	return scale, zero, nil
}

// known is a constant of the architecture.
func known(name string, a array[float64]) *value {
	return &value{name: name, shape: fixedShape(a.shape), reals: &a}
}

// quantized is QuantizeLinear.
func quantized(k *call) ([]*value, error) {
	scale, zero, err := k.quantization()
	if err != nil {
		return nil, err
	}
	to := onnxio.DType(k.intAttr("output_dtype", int(onnxio.Uint8)))
	if z := k.input(2); z != nil && z.param != nil {
		to = z.param.DType
	}
	low, high, ok := integerRange(to)
	if !ok {
		return nil, refuse("quantise to 8 or 16 bits", "quantisation to type %d is not supported", to)
	}
	y, err := k.apply(binary{div}, k.in[0], known(k.in[1].name, scale))
	if err != nil {
		return nil, err
	}
	return k.one(rounding{low, high}, y, known("zero point", zero))
}

// dequantized is DequantizeLinear. A weight that the file stores as integers becomes the parameter that it stands for.
func dequantized(k *call) ([]*value, error) {
	scale, zero, err := k.quantization()
	if err != nil {
		return nil, err
	}
	x := k.in[0]
	if x.isInteger() {
		return k.decoded(x, scale, zero)
	}
	y, err := k.apply(binary{sub}, x, known("zero point", zero))
	if err != nil {
		return nil, err
	}
	return k.one(binary{mul}, y, known(k.in[1].name, scale))
}

func (k *call) decoded(x *value, scale, zero array[float64]) ([]*value, error) {
	shape, err := broadcast(x.shape, fixedShape(scale.shape))
	if err != nil || !shape.equal(x.shape) {
		return nil, fmt.Errorf("scales of shape %v do not fit shape %v", scale.shape, x.shape)
	}
	exact, err := x.exact()
	if err != nil {
		return nil, err
	}
	dims := shape.At(1)
	centred := compute(binary{sub}, []array[float64]{exact, zero}, dims)
	y := compute(binary{mul}, []array[float64]{centred, scale}, dims)
	return []*value{constantValue(&onnxio.Tensor{Name: x.name, DType: onnxio.Float32, Shape: dims, Float32s: converted[float32](y.data)})}, nil
}
