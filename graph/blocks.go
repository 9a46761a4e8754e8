package graph

import (
	"fmt"

	"unlearnguard/graph/engine"
)

// concat joins its operands along an axis.
type concat struct{ axis int }

func (o concat) infer(in []Shape) (Shape, error) {
	out := append(Shape{}, in[0]...)
	for _, s := range in[1:] {
		if len(s) != len(out) {
			return nil, fmt.Errorf("shapes %v and %v do not join", in[0], s)
		}
		for i, d := range s {
			switch {
			case i == o.axis:
				out[i] = out[i].plus(d)
			case d != out[i]:
				return nil, fmt.Errorf("shapes %v and %v do not join along axis %d", in[0], s, o.axis)
			}
		}
	}
	return out, nil
}

// follow: side by side along another axis, the operands must hold the samples alike. Along that of the samples, their runs
// come one after the other.
func (o concat) follow(in []*value, _ Shape) (along, error) {
	var to *along
	for _, v := range in {
		if v.rows == nil || v.rows.uniform {
			continue
		}
		from, ok := v.along()
		if !ok {
			return along{}, mixed("the samples lie across the axes of %q, which has shape %v", v.name, v.shape)
		}
		if to == nil {
			to = &along{from.axis, 0, from.inner}
		}
		if from.inner != to.inner || from.axis != to.axis {
			return along{}, mixed("the samples lie differently in its operands, which have shapes %v and %v", in[0].shape, v.shape)
		}
	}
	if to == nil {
		to = &along{in[0].shape.batchAxis(), 0, 1}
	}
	for i, v := range in {
		d := v.shape[to.axis]
		if d.Fixed != 0 || d.PerSample%to.inner != 0 {
			return along{}, mixed("%q of shape %v joins the samples", v.name, v.shape)
		}
		if i == 0 || o.axis == to.axis {
			to.outer += d.PerSample / to.inner
		}
	}
	return *to, nil
}

func (concat) degree(s *scaling, st *step) degree { return s.join(st, s.operands(st)) }

func (o concat) kernels() kernels {
	return kernels{chooseAt[float32](o.blocks), chooseAt[float64](o.blocks)}
}

func (o concat) blocks(in [][]int) []chosen {
	var out []chosen
	for i := range volume(in[0][:o.axis]) {
		for k, shape := range in {
			n := volume(shape[o.axis:])
			out = append(out, chosen{k, i * n, n})
		}
	}
	return out
}

// gather takes the given entries along an axis (ONNX Gather: the indices' shape replaces the axis).
type gather struct {
	axis    int
	indices array[int]
}

func (o gather) infer(in []Shape) (Shape, error) {
	d := in[0][o.axis]
	if d.PerSample != 0 {
		return nil, fmt.Errorf("axis %d of shape %v picks samples out of the batch", o.axis, in[0])
	}
	for _, i := range o.indices.data {
		if i < -d.Fixed || i >= d.Fixed {
			return nil, fmt.Errorf("index %d is out of range for axis %d of shape %v", i, o.axis, in[0])
		}
	}
	out := append(Shape{}, in[0][:o.axis]...)
	out = append(out, fixedShape(o.indices.shape)...)
	return append(out, in[0][o.axis+1:]...), nil
}

func (o gather) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	axis := from.axis
	if o.axis < axis {
		from.axis += len(o.indices.shape) - 1
	}
	return from, o.axis != axis
}

func (o gather) kernels() kernels {
	return kernels{chooseAt[float32](o.blocks), chooseAt[float64](o.blocks)}
}

func (o gather) blocks(in [][]int) []chosen {
	var out []chosen
	size, inner := in[0][o.axis], volume(in[0][o.axis+1:])
	for outer := range volume(in[0][:o.axis]) {
		for _, i := range o.indices.data {
			if i < 0 {
				i += size
			}
			out = append(out, chosen{0, (outer*size + i) * inner, inner})
		}
	}
	return out
}

// choosing computes a result made of whole blocks of its operands: concatenations and gathers.
type choosing[T engine.Float] struct {
	*site[T]
	blocks []chosen
}

// chosen is a block of n elements of an operand.
type chosen struct{ operand, from, n int }

func chooseAt[T engine.Float](blocks func(in [][]int) []chosen) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		var shapes [][]int
		for _, o := range s.in {
			shapes = append(shapes, o.shape)
		}
		return &choosing[T]{s, blocks(shapes)}
	}
}

func (c *choosing[T]) retains(int) bool { return false }

func (c *choosing[T]) forward() {
	at := 0
	for _, b := range c.blocks {
		copy(c.out.data[at:at+b.n], c.in[b.operand].data[b.from:])
		at += b.n
	}
}

func (c *choosing[T]) reverse() {
	at := 0
	for _, b := range c.blocks {
		if in := c.in[b.operand]; in.wanted {
			grad := in.grad[b.from : b.from+b.n]
			if !in.touched {
				grad = in.gradient()[b.from : b.from+b.n]
			}
			addTo(c.crew.lanes[0], grad, c.out.grad[at:at+b.n])
		}
		at += b.n
	}
}

func concatenated(k *call) ([]*value, error) {
	if err := k.required(max(1, len(k.in))); err != nil {
		return nil, err
	}
	axis, err := axisOf(k.intAttr("axis", 1), len(k.in[0].shape))
	if err != nil {
		return nil, err
	}
	if len(k.in) == 1 {
		return k.in, nil
	}
	return k.one(concat{axis}, k.in...)
}

func gathered(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	axis, err := axisOf(k.intAttr("axis", 0), len(k.in[0].shape))
	if err != nil {
		return nil, err
	}
	indices, err := k.ints(1)
	if err != nil {
		return nil, err
	}
	return k.one(gather{axis, array[int]{k.in[1].shape.At(1), indices}}, k.in[0])
}
