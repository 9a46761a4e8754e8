package graph

import (
	"fmt"
	"slices"
)

// rows says where the samples of a batch lie in a value that grows with the batch.
//
// Let V(n) be the value for n samples, its elements in row-major order, and let V(1) have q elements. Then q/inner runs of
// inner elements make up V(1), and in V(n) run r of sample s is run r*n+s:
//
//	V(n)[(r*n+s)*inner + i] = V(1, sample s)[r*inner + i]
//
// This is what independence means: whatever the batch, a sample's elements are those that it has when it is run alone. Every
// step must keep it, by the rule that its primitive has ([carrier], [orderly] or [follower]); a step without such a proof is refused, and the network
// is run at the batch size of its file instead.
type rows struct {
	inner int
	// uniform marks a value whose elements are all equal, or that has none: it satisfies the equation for every inner.
	uniform bool
}

// along is the same for a value whose samples lie along one axis, which is made of `outer` runs for each sample, each of
// `inner` entries.
type along struct{ axis, outer, inner int }

// batchAxis is the axis that grows with the batch, -1 where there is none.
func (s Shape) batchAxis() int {
	return slices.IndexFunc(s, func(d Size) bool { return d.PerSample != 0 })
}

// along is false where the runs of samples do not end where the entries of an axis do.
func (v *value) along() (along, bool) {
	axis := v.shape.batchAxis()
	if axis < 0 || v.shape[axis].Fixed != 0 {
		return along{}, false
	}
	n, after := v.shape[axis].PerSample, volume(v.shape[axis+1:].At(1))
	switch {
	case v.rows.uniform:
		return along{axis, 1, n}, true
	case v.rows.inner%after != 0 || n%(v.rows.inner/after) != 0:
		return along{}, false
	}
	inner := v.rows.inner / after
	return along{axis, n / inner, inner}, true
}

// inOrder says whether the samples of a value lie one after the other.
func (v *value) inOrder() bool {
	total, err := v.shape.count()
	return err == nil && v.rows != nil && (v.rows.uniform || v.rows.inner == total.PerSample)
}

// mixed is the refusal of a step that joins the samples of a batch, whatever the size of the batch.
func mixed(format string, args ...any) error {
	return &refusal{reason: fmt.Sprintf(format, args...), advice: "export the model with a batch size of 1", mixes: true}
}

// rowsOf proves that a step keeps the samples apart, and says where they lie in its result.
func rowsOf(o op, in []*value, shape Shape) (*rows, error) {
	growing := slices.ContainsFunc(in, func(v *value) bool { return v.rows != nil })
	total, err := shape.count()
	switch {
	case err != nil:
		return nil, err
	case !growing && shape.batchAxis() < 0:
		return nil, nil
	case total == Size{}:
		return &rows{uniform: true}, nil
	case total.Fixed != 0:
		return nil, mixed("its result of shape %v does not have one part for each sample", shape)
	}
	if f, ok := o.(orderly); ok {
		if flat := f.flat(in, shape); flat != nil {
			return flat, nil
		}
	}
	var to along
	if f, ok := o.(follower); ok {
		to, err = f.follow(in, shape)
	} else {
		to, err = follow(o, in, shape)
	}
	if err != nil {
		return nil, err
	}
	if d := shape[to.axis]; d != (Size{PerSample: to.outer * to.inner}) {
		return nil, mixed("its result of shape %v does not keep the samples apart", shape)
	}
	return &rows{inner: to.inner * volume(shape[to.axis+1:].At(1))}, nil
}

// flatElementwise is for the steps that combine operands element by element: those that grow hold the samples alike.
func flatElementwise(in []*value, shape Shape) *rows {
	var all *rows
	for _, v := range in {
		switch {
		case v.rows != nil && v.rows.uniform, v.rows == nil && volume(v.shape.At(1)) == 1:
		case v.rows == nil || !v.shape.equal(shape) || all != nil && *all != *v.rows:
			return nil
		default:
			all = v.rows
		}
	}
	if all == nil {
		all = &rows{uniform: true}
	}
	return all
}

// follow says along which axis of its result, of the given shape, a step leaves the samples, by where it takes those of each
// operand.
func follow(o op, in []*value, shape Shape) (along, error) {
	var to *along
	settled := false // by an operand that is not uniform
	for i, v := range in {
		if v.rows == nil {
			continue
		}
		from, ok := v.along()
		if !ok {
			return along{}, mixed("the samples lie across the axes of %q, which has shape %v", v.name, v.shape)
		}
		c, ok := o.(carrier)
		if !ok {
			return along{}, mixed("it is not known to keep the samples apart")
		}
		next, ok := c.carry(i, from, in, shape)
		if !ok {
			return along{}, mixed("axis %d of shape %v holds the samples, which it joins", from.axis, v.shape)
		}
		uniform := v.rows.uniform
		if to != nil && (next.axis != to.axis || settled && !uniform && next != *to) {
			return along{}, mixed("the samples lie differently in its operands, which have shapes %v and %v", in[0].shape, v.shape)
		}
		if to == nil || !settled && !uniform {
			to, settled = &next, !uniform
		}
	}
	return *to, nil
}

// aligned is the axis of an operand in the shape that it broadcasts to.
func (a along) aligned(operand, shape Shape) along {
	a.axis += len(shape) - len(operand)
	return a
}
