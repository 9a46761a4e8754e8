package graph

import (
	"fmt"
	"slices"
)

// The primitives that move elements and compute nothing.
type (
	// reshape reads its operand's elements, in order, under another shape.
	reshape struct{ to Shape }
	// transpose makes axis perm[i] of its operand axis i of its result.
	transpose struct{ perm []int }
	// slice takes size[i] elements along axis i, the first at start[i], step[i] apart.
	slice struct {
		start, step []int
		size        Shape
	}
	// concat joins its operands along an axis.
	concat struct{ axis int }
	// gather takes the given entries along an axis (ONNX Gather: the indices' shape replaces the axis).
	gather struct {
		axis    int
		indices array[int]
	}
	// expand repeats its operand to a shape that it broadcasts to.
	expand struct{ to Shape }
)

func (o reshape) infer(in []Shape) (Shape, error) {
	have, err := in[0].count()
	if err != nil {
		return nil, err
	}
	want, err := o.to.count()
	if err != nil {
		return nil, err
	}
	if have != want {
		return nil, fmt.Errorf("shape %v cannot be reshaped to %v", in[0], o.to)
	}
	return o.to, nil
}

func (o transpose) infer(in []Shape) (Shape, error) {
	if len(o.perm) != len(in[0]) {
		return nil, fmt.Errorf("perm %v does not fit shape %v", o.perm, in[0])
	}
	out := make(Shape, len(o.perm))
	seen := make([]bool, len(o.perm))
	for i, p := range o.perm {
		if p < 0 || p >= len(seen) || seen[p] {
			return nil, fmt.Errorf("perm %v is not a permutation", o.perm)
		}
		seen[p] = true
		out[i] = in[0][p]
	}
	return out, nil
}

func (o slice) infer(in []Shape) (Shape, error) {
	for i, d := range in[0] {
		if o.size[i] != d && d.PerSample != 0 {
			return nil, fmt.Errorf("axis %d of shape %v is sliced across the batch", i, in[0])
		}
	}
	return o.size, nil
}

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

func (o expand) infer(in []Shape) (Shape, error) {
	s, err := broadcast(in[0], o.to)
	if err == nil && !s.equal(o.to) {
		err = fmt.Errorf("shape %v does not expand to %v", in[0], o.to)
	}
	return s, err
}

// move carries out a primitive that only moves elements, of any type; shape is that of the result. It is false for any
// other.
func move[E any](o op, in []array[E], shape []int) (array[E], bool) {
	switch o := o.(type) {
	case reshape:
		return array[E]{shape, in[0].data}, true
	case transpose:
		from := rowMajor(in[0].shape)
		strides := make([]int, len(from))
		for i, p := range o.perm {
			strides[i] = from[p]
		}
		return strided(in[0], shape, strides, 0), true
	case slice:
		strides, offset := rowMajor(in[0].shape), 0
		for i, s := range strides {
			offset += s * o.start[i]
			strides[i] = s * o.step[i]
		}
		return strided(in[0], shape, strides, offset), true
	case concat:
		return join(in, shape, o.axis), true
	case gather:
		return pick(in[0], shape, o), true
	case expand:
		return broadcastTo(in[0], shape), true
	}
	return array[E]{}, false
}

func join[E any](in []array[E], shape []int, axis int) array[E] {
	out := array[E]{shape, make([]E, 0, volume(shape))}
	for i := range volume(shape[:axis]) {
		for _, a := range in {
			n := volume(a.shape[axis:])
			out.data = append(out.data, a.data[i*n:(i+1)*n]...)
		}
	}
	return out
}

func pick[E any](a array[E], shape []int, o gather) array[E] {
	out := array[E]{shape, make([]E, 0, volume(shape))}
	size, inner := a.shape[o.axis], volume(a.shape[o.axis+1:])
	for outer := range volume(a.shape[:o.axis]) {
		for _, i := range o.indices.data {
			if i < 0 {
				i += size
			}
			at := (outer*size + i) * inner
			out.data = append(out.data, a.data[at:at+inner]...)
		}
	}
	return out
}

func (reshape) flat(in []*value, _ Shape) *rows { return in[0].rows }

func (o transpose) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	from.axis = slices.Index(o.perm, from.axis)
	return from, true
}

func (o slice) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	return from, o.start[from.axis] == 0 && o.step[from.axis] == 1
}

func (o gather) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	axis := from.axis
	if o.axis < axis {
		from.axis += len(o.indices.shape) - 1
	}
	return from, o.axis != axis
}

func (expand) flat(in []*value, _ Shape) *rows {
	if in[0].rows == nil && volume(in[0].shape.At(1)) == 1 {
		return &rows{uniform: true}
	}
	return nil
}

func (expand) carry(i int, from along, in []*value, shape Shape) (along, bool) {
	return from.aligned(in[i].shape, shape), true
}

// follow: what is repeated for each sample is one run of each.
func (o expand) follow(in []*value, shape Shape) (along, error) {
	if in[0].rows == nil {
		axis := o.to.batchAxis()
		return along{axis, 1, shape[axis].PerSample}, nil
	}
	return follow(o, in, shape)
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
