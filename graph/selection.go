package graph

import (
	"fmt"
	"math"
	"slices"
)

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
