package graph

import (
	"unlearnguard/graph/engine"
	"unlearnguard/onnxio"
)

// choice is the second operand's elements where the first is not zero, and the third's elsewhere, with broadcasting.
type choice struct{}

func (choice) infer(in []Shape) (Shape, error) {
	s, err := broadcast(in[1], in[2])
	if err != nil {
		return nil, err
	}
	return broadcast(in[0], s)
}

func (choice) flat(in []*value, shape Shape) *rows { return flatElementwise(in, shape) }

func (choice) carry(i int, from along, in []*value, shape Shape) (along, bool) {
	return from.aligned(in[i].shape, shape), true
}

func (choice) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	s.breaks(st, in[0], degree{}, "its condition scales with the parameters", "compare values that scale alike")
	return s.join(st, in[1:])
}

// calculate takes the second operand's elements where the condition holds, and the third's elsewhere.
func (choice) calculate(in []array[Size], shape []int) (array[Size], error) {
	condition, then, otherwise := broadcastTo(in[0], shape), broadcastTo(in[1], shape), broadcastTo(in[2], shape)
	out := newArray[Size](shape)
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

// each visits the product and the sum that a choice between the value v and constants, by a constant condition, amounts to.
func (o choice) each(s *step, v *value, visit func(*step, *value) error) error {
	if !s.inputs[0].constant() {
		return at(s.node, "its condition is computed from the sample")
	}
	shape := s.output.shape.At(1)
	mask := compute(o, []array[float64]{s.inputs[0].numbers(), constantArray(1), constantArray(0)}, s.inputs[0].shape.At(1))
	other := s.inputs[2]
	if v == other {
		mask = compute(binary{sub}, []array[float64]{constantArray(1), mask}, mask.shape)
		other = s.inputs[1]
	}
	rest := compute(binary{sub}, []array[float64]{constantArray(1), mask}, mask.shape)
	offset := compute(choice{}, []array[float64]{rest, other.numbers(), constantArray(0)}, shape)
	masked := &value{name: s.output.name, shape: s.output.shape, rows: s.output.rows, weighted: v.weighted}
	product := &step{binary{mul}, []*value{v, known(s.inputs[0].name, mask)}, masked, s.node}
	masked.step = product
	if err := visit(product, v); err != nil || !anyOther(offset.data, 0) {
		return err
	}
	return visit(&step{binary{add}, []*value{masked, known(other.name, offset)}, s.output, s.node}, masked)
}

func constantArray(x float64) array[float64] { return array[float64]{[]int{}, []float64{x}} }

func (choice) kernels() kernels { return kernels{choosingAt[float32], choosingAt[float64]} }

// alternating computes a choice.
type alternating[T engine.Float] struct {
	*site[T]
	strides [][]int
}

func choosingAt[T engine.Float](s *site[T]) kernel[T] {
	a := &alternating[T]{site: s}
	for _, in := range s.in {
		a.strides = append(a.strides, broadcastStrides(in.shape, s.out.shape))
	}
	return a
}

func (a *alternating[T]) retains(i int) bool { return i == 0 }

// each visits the elements: their place in the result, and which operand it is taken from, and where.
func (a *alternating[T]) each(visit func(at, operand, from int)) {
	at := 0
	walk(a.out.shape, a.strides, func(o []int) {
		operand := 2
		if a.in[0].data[o[0]] != 0 {
			operand = 1
		}
		visit(at, operand, o[operand])
		at++
	})
}

func (a *alternating[T]) forward() {
	a.each(func(at, operand, from int) { a.out.data[at] = a.in[operand].data[from] })
}

func (a *alternating[T]) reverse() {
	var grads [3][]T
	for i, in := range a.in {
		if in.wanted {
			grads[i] = in.gradient()
		}
	}
	a.each(func(at, operand, from int) {
		if g := grads[operand]; g != nil {
			g[from] += a.out.grad[at]
		}
	})
}

// where chooses between two values, element by element.
func where(k *call) ([]*value, error) {
	if err := k.required(3); err != nil {
		return nil, err
	}
	if err := (&call{Node: k.Node, c: k.c, in: k.in[:1]}).conditions(1); err != nil {
		return nil, err
	}
	if all(k.in, (*value).isInteger) {
		return k.one(choice{}, k.in...)
	}
	if x, slope, ok := rectified(k.in); ok {
		if slope == 0 {
			return k.one(relu(), x)
		}
		return k.one(leaky(slope), x)
	}
	c, err := numeric(k.in[0])
	if err != nil {
		return nil, err
	}
	return k.one(choice{}, c, k.in[1], k.in[2])
}
