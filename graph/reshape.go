package graph

import (
	"fmt"
	"slices"
)

// reshape reads its operand's elements, in order, under another shape.
type reshape struct{ to Shape }

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

func (reshape) flat(in []*value, _ Shape) *rows { return in[0].rows }

// kernels: a reshape computes nothing; its result is its operand.
func (o reshape) kernels() kernels { panic("graph: a reshape has no kernel") }

func flatten(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	axis := k.intAttr("axis", 1)
	if rank := len(k.in[0].shape); axis != rank {
		var err error
		if axis, err = axisOf(axis, rank); err != nil {
			return nil, err
		}
	}
	v, err := k.flattened(k.in[0], axis)
	return []*value{v}, err
}

// flattened joins the axes before the given one, and those from it on.
func (k *call) flattened(v *value, axis int) (*value, error) {
	rows, err := v.shape[:axis].count()
	if err != nil {
		return nil, err
	}
	columns, err := v.shape[axis:].count()
	if err != nil {
		return nil, err
	}
	return k.apply(reshape{Shape{rows, columns}}, v)
}

func reshaped(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	var target []Size
	if k.opset >= 5 {
		var err error
		if target, err = k.sizes(1); err != nil {
			return nil, err
		}
	} else {
		for _, n := range k.intsAttr("shape") {
			target = append(target, fixed(n))
		}
	}
	to, err := k.c.reshapeTarget(k.in[0].shape, target, k.intAttr("allowzero", 0) != 0)
	if err != nil {
		return nil, err
	}
	return k.one(reshape{to}, k.in[0])
}

// reshapeTarget resolves the zeros, the -1 and the literal batch size of a Reshape.
func (c *compiler) reshapeTarget(from Shape, target []Size, zero bool) (Shape, error) {
	to := append(Shape{}, target...)
	open := -1
	for i, d := range to {
		switch {
		case d == Size{} && !zero:
			if i >= len(from) {
				return nil, fmt.Errorf("target %v copies dimension %d of shape %v", to, i, from)
			}
			to[i] = from[i]
		case d == fixed(-1):
			if open >= 0 {
				return nil, fmt.Errorf("target %v leaves two dimensions open", to)
			}
			open = i
		}
	}
	total, err := from.count()
	if err != nil {
		return nil, err
	}
	if total.PerSample != 0 {
		c.openBatch(to, open, total)
	}
	if open >= 0 {
		to[open] = fixed(1)
		rest, err := to.count()
		if err != nil {
			return nil, err
		}
		if to[open], err = total.over(rest); err != nil {
			return nil, fmt.Errorf("shape %v does not reshape to %v", from, Shape(target))
		}
	}
	return to, nil
}

// openBatch puts the batch in place of the batch size that the exporter wrote as a literal first dimension: a target
// without the batch in it that fits at that size and no other. An exporter that leaves the batch open traces one sample.
func (c *compiler) openBatch(to Shape, open int, total Size) {
	batch, stated := max(c.batch, 1), slices.Clone(to)
	if open == 0 || len(to) == 0 || to[0].Fixed%batch != 0 {
		return
	}
	literal := 1
	for i, d := range to {
		if d.PerSample != 0 {
			return
		}
		if i != open {
			literal *= d.Fixed
		}
	}
	if at := total.At(batch); literal == 0 || at%literal != 0 || open < 0 && at != literal {
		return
	}
	to[0] = Size{PerSample: to[0].Fixed / batch}
	if c.batch == 0 && !c.literal {
		c.literal = true
		if open >= 0 {
			c.note("the model leaves the batch open but reshapes a single sample to %v: samples are computed as if each were alone", stated)
		}
	}
}

func squeeze(k *call) ([]*value, error) {
	axes, err := k.axes(13)
	if err != nil {
		return nil, err
	}
	s := k.in[0].shape
	drop := make([]bool, len(s))
	for _, a := range axes {
		if a, err = axisOf(a, len(s)); err != nil {
			return nil, err
		}
		if s[a] != fixed(1) {
			return nil, fmt.Errorf("axis %d of shape %v is squeezed", a, s)
		}
		drop[a] = true
	}
	to := Shape{}
	for i, d := range s {
		if axes == nil && k.c.batch <= 1 && d == (Size{PerSample: 1}) {
			return nil, fmt.Errorf("all axes of size 1 of shape %v are squeezed, a batch of 1 as well", s)
		}
		if !drop[i] && (axes != nil || d != fixed(1)) {
			to = append(to, d)
		}
	}
	return k.one(reshape{to}, k.in[0])
}

// axes reads the attribute axes, an operand since the given opset.
func (k *call) axes(since int64) ([]int, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.intsSince(since, "axes", 1)
}

func unsqueeze(k *call) ([]*value, error) {
	axes, err := k.axes(13)
	if err != nil {
		return nil, err
	}
	s := k.in[0].shape
	to := make(Shape, len(s)+len(axes))
	for _, a := range axes {
		if a, err = axisOf(a, len(to)); err != nil {
			return nil, err
		}
		to[a] = fixed(1)
	}
	for i := range to {
		if to[i] == (Size{}) && len(s) > 0 {
			to[i], s = s[0], s[1:]
		}
	}
	return k.one(reshape{to}, k.in[0])
}
