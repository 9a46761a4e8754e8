package graph

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/graph/engine"
)

// transpose makes axis perm[i] of its operand axis i of its result.
type transpose struct{ perm []int }

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

func (o transpose) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	from.axis = slices.Index(o.perm, from.axis)
	return from, true
}

func (o transpose) kernels() kernels {
	return kernels{viewAt[float32](o.strides), viewAt[float64](o.strides)}
}

func (o transpose) strides(in, _ []int) ([]int, int) {
	from := rowMajor(in)
	strides := make([]int, len(from))
	for i, p := range o.perm {
		strides[i] = from[p]
	}
	return strides, 0
}

// slice takes size[i] elements along axis i, the first at start[i], step[i] apart.
type slice struct {
	start, step []int
	size        Shape
}

func (o slice) infer(in []Shape) (Shape, error) {
	for i, d := range in[0] {
		if o.size[i] != d && d.PerSample != 0 {
			return nil, fmt.Errorf("axis %d of shape %v is sliced across the batch", i, in[0])
		}
	}
	return o.size, nil
}

func (o slice) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	return from, o.start[from.axis] == 0 && o.step[from.axis] == 1
}

func (o slice) kernels() kernels {
	return kernels{viewAt[float32](o.strides), viewAt[float64](o.strides)}
}

func (o slice) strides(in, _ []int) ([]int, int) {
	strides, offset := rowMajor(in), 0
	for i, s := range strides {
		offset += s * o.start[i]
		strides[i] = s * o.step[i]
	}
	return strides, offset
}

// expand repeats its operand to a shape that it broadcasts to.
type expand struct{ to Shape }

func (o expand) infer(in []Shape) (Shape, error) {
	s, err := broadcast(in[0], o.to)
	if err == nil && !s.equal(o.to) {
		err = fmt.Errorf("shape %v does not expand to %v", in[0], o.to)
	}
	return s, err
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

func (o expand) kernels() kernels {
	return kernels{viewAt[float32](o.strides), viewAt[float64](o.strides)}
}

func (o expand) strides(in, out []int) ([]int, int) { return broadcastStrides(in, out), 0 }

// viewing computes a result each element of which is one of the operand's, found by strides from an offset: transposes,
// slices and expansions.
type viewing[T engine.Float] struct {
	*site[T]
	dims, strides []int
	offset        int
}

func viewAt[T engine.Float](strides func(in, out []int) ([]int, int)) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		from, offset := strides(s.in[0].shape, s.out.shape)
		dims, from, _ := joinAxes(s.out.shape, from, from)
		return &viewing[T]{s, dims, from, offset}
	}
}

func (v *viewing[T]) retains(int) bool { return false }

func (v *viewing[T]) forward() {
	v.runs(v.longest(false), func(out, in []T, step int) {
		if step == 1 {
			copy(out, in)
			return
		}
		for i, at := 0, 0; i < len(out); i, at = i+1, at+step {
			out[i] = in[at]
		}
	}, v.out.data, v.in[0].data)
}

func (v *viewing[T]) reverse() {
	if !v.in[0].wanted {
		return
	}
	v.runs(v.longest(true), func(g, grad []T, step int) {
		for i, at := 0, 0; i < len(g); i, at = i+1, at+step {
			grad[at] += g[i]
		}
	}, v.out.grad, v.in[0].gradient())
}

// longest is the longest axis; moving asks for one along which the operand moves, so that threads do not meet.
func (v *viewing[T]) longest(moving bool) int {
	axis := -1
	for i, n := range v.dims {
		if (!moving || v.strides[i] != 0) && (axis < 0 || n > v.dims[axis]) {
			axis = i
		}
	}
	return axis
}

// runs visits runs along the last axis, on all threads: a run of the result, and the operand from the run's first element
// on, which its elements are step apart in. A step may be negative, and so the operand is cut to begin at the lowest.
func (v *viewing[T]) runs(axis int, visit func(out, in []T, step int), out, in []T) {
	last := len(v.dims) - 1
	step, n := v.strides[last], v.dims[last]
	part := func(_ *lane[T], axis, lo, hi int) {
		dims := append([]int{}, v.dims...)
		dims[axis] = hi - lo
		rows := rowMajor(v.dims)
		at, from, length := lo*rows[axis], v.offset+lo*v.strides[axis], n
		if axis == last {
			length = hi - lo
		}
		walk(dims[:last], [][]int{rows[:last], v.strides[:last]}, func(o []int) {
			visitRun(out[at+o[0]:at+o[0]+length], in, from+o[1], step, visit)
		})
	}
	if axis < 0 {
		part(nil, 0, 0, v.dims[0])
		return
	}
	v.crew.split(v.dims[axis], max(1, worthwhile*v.dims[axis]/max(v.out.size, 1)), func(l *lane[T], lo, hi int) { part(l, axis, lo, hi) })
}

// visitRun turns a run that goes backwards into single elements.
func visitRun[T engine.Float](out, in []T, from, step int, visit func(out, in []T, step int)) {
	if step >= 0 {
		visit(out, in[from:], step)
		return
	}
	for i := range out {
		visit(out[i:i+1], in[from+i*step:], 0)
	}
}

func transposed(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	perm := k.intsAttr("perm")
	if perm == nil {
		for i := len(k.in[0].shape) - 1; i >= 0; i-- {
			perm = append(perm, i)
		}
	}
	return k.one(transpose{perm}, k.in[0])
}

// wholeOf takes all of a value, for a lowering to cut down.
func wholeOf(s Shape) slice {
	o := slice{make([]int, len(s)), make([]int, len(s)), append(Shape{}, s...)}
	for i := range o.step {
		o.step[i] = 1
	}
	return o
}

// sliced: starts, ends, axes and steps are operands since opset 10, attributes (without steps) before.
func sliced(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	var lists [4][]Size
	for i, name := range []string{"starts", "ends", "axes", "steps"} {
		var err error
		if k.opset < 10 {
			for _, n := range k.intsAttr(name) {
				lists[i] = append(lists[i], fixed(n))
			}
		} else if lists[i], err = k.sizes(i + 1); err != nil {
			return nil, err
		}
	}
	starts, ends, axes, steps := lists[0], lists[1], lists[2], lists[3]
	for i := range starts {
		if len(axes) == i && lists[2] == nil {
			axes = append(axes, fixed(i))
		}
		if len(steps) == i && lists[3] == nil {
			steps = append(steps, fixed(1))
		}
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		return nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps do not match", len(starts), len(ends), len(axes), len(steps))
	}
	x := k.in[0]
	o := wholeOf(x.shape)
	for i := range starts {
		axis, err := axisOf(axes[i].Fixed, len(x.shape))
		if err != nil {
			return nil, err
		}
		if o.start[axis], o.step[axis], o.size[axis], err = cut(x.shape[axis], starts[i], ends[i], steps[i]); err != nil {
			return nil, fmt.Errorf("axis %d: %w", axis, err)
		}
	}
	if o.size.equal(x.shape) && !anyOther(o.step, 1) {
		return k.in[:1], nil
	}
	return k.one(o, x)
}

// cut resolves one axis of a Slice: where it starts, its step and how many elements it takes.
func cut(d, from, to, step Size) (int, int, Size, error) {
	if step == (Size{}) || step.PerSample != 0 {
		return 0, 0, Size{}, fmt.Errorf("step %v is not a number other than zero", step)
	}
	if d.PerSample != 0 {
		if step == fixed(1) && from == (Size{}) && (to == d || to.Fixed >= math.MaxInt32) {
			return 0, 1, d, nil
		}
		return 0, 0, Size{}, fmt.Errorf("the slice %v:%v of %v cuts across the batch", from, to, d)
	}
	if from.PerSample != 0 || to.PerSample != 0 {
		return 0, 0, Size{}, fmt.Errorf("the slice %v:%v depends on the batch size", from, to)
	}
	n, start, end := d.Fixed, from.Fixed, to.Fixed
	if start < 0 {
		start += n
	}
	if end < 0 {
		end += n
	}
	if step.Fixed > 0 {
		start, end = min(max(start, 0), n), min(max(end, 0), n)
		return start, step.Fixed, fixed(max(0, (end-start+step.Fixed-1)/step.Fixed)), nil
	}
	start, end = min(max(start, -1), n-1), min(max(end, -1), n-1)
	return max(start, 0), step.Fixed, fixed(max(0, (start-end-step.Fixed-1)/-step.Fixed)), nil
}

// split gives each of a node's outputs its part of an axis: sizes are an operand since opset 13, an attribute before.
func split(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	x := k.in[0]
	axis, err := axisOf(k.intAttr("axis", 0), len(x.shape))
	if err != nil {
		return nil, err
	}
	sizes, err := k.intsSince(13, "split", 1)
	if err != nil {
		return nil, err
	}
	if sizes == nil {
		if sizes, err = equalParts(x.shape[axis], k.intAttr("num_outputs", len(k.Outputs))); err != nil {
			return nil, err
		}
	}
	var out []*value
	at := 0
	for _, n := range sizes {
		o := wholeOf(x.shape)
		o.start[axis], o.size[axis] = at, fixed(n)
		if at += n; n < 0 || n > x.shape[axis].Fixed || at > x.shape[axis].Fixed {
			return nil, fmt.Errorf("parts %v do not fit axis %d of shape %v", sizes, axis, x.shape)
		}
		v, err := k.apply(o, x)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// equalParts divides an axis; the last part is smaller where it does not divide evenly (opset 18).
func equalParts(d Size, n int) ([]int, error) {
	if d.PerSample != 0 || n < 1 || n > max(d.Fixed, 1) {
		return nil, fmt.Errorf("an axis of size %v does not split into %d parts", d, n)
	}
	part := (d.Fixed + n - 1) / n
	var sizes []int
	for rest := d.Fixed; len(sizes) < n; rest -= part {
		sizes = append(sizes, max(min(part, rest), 0))
	}
	return sizes, nil
}

// expanded repeats to the shape that its operand and the target broadcast to.
func expanded(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	target, err := k.sizes(1)
	if err != nil {
		return nil, err
	}
	to, err := broadcast(k.in[0].shape, target)
	if err != nil {
		return nil, err
	}
	return k.one(expand{to}, k.in[0])
}

// tiled repeats along each axis.
func tiled(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	repeats, err := k.ints(1)
	if err != nil {
		return nil, err
	}
	v := k.in[0]
	if len(repeats) != len(v.shape) {
		return nil, fmt.Errorf("repeats %v do not fit shape %v", repeats, v.shape)
	}
	for axis, n := range repeats {
		if v, err = k.repeated(v, axis, n); err != nil {
			return nil, err
		}
	}
	return []*value{v}, nil
}

// repeated puts n copies of a value one after the other along an axis.
func (k *call) repeated(v *value, axis, n int) (*value, error) {
	if n == 1 {
		return v, nil
	}
	joined, err := v.shape[axis].times(fixed(n))
	if err != nil {
		return nil, err
	}
	one := slices.Insert(slices.Clone(v.shape), axis, fixed(1))
	several := slices.Clone(one)
	several[axis] = fixed(n)
	to := slices.Clone(v.shape)
	to[axis] = joined
	for _, o := range []op{reshape{one}, expand{several}, reshape{to}} {
		if v, err = k.apply(o, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}
