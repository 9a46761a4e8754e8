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
// step must keep it, by the rule that [rowsOf] has for its primitive; a step without such a proof is refused, and the network
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
	if flat := sameRows(o, in, shape); flat != nil {
		return flat, nil
	}
	to, err := follow(o, in, shape)
	if err != nil {
		return nil, err
	}
	if d := shape[to.axis]; d != (Size{PerSample: to.outer * to.inner}) {
		return nil, mixed("its result of shape %v does not keep the samples apart", shape)
	}
	return &rows{inner: to.inner * volume(shape[to.axis+1:].At(1))}, nil
}

// sameRows is for the steps that leave every element at its place in row-major order. It is nil for any other.
func sameRows(o op, in []*value, shape Shape) *rows {
	switch o.(type) {
	case reshape, unary:
		return in[0].rows
	case expand:
		if in[0].rows == nil && volume(in[0].shape.At(1)) == 1 {
			return &rows{uniform: true}
		}
	case binary, rounding, choice:
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
	return nil
}

// follow says along which axis of its result, of the given shape, a step leaves the samples.
func follow(o op, in []*value, shape Shape) (along, error) {
	if e, ok := o.(expand); ok && in[0].rows == nil {
		axis := e.to.batchAxis()
		return along{axis, 1, shape[axis].PerSample}, nil
	}
	if o, ok := o.(concat); ok {
		return o.follow(in)
	}
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
		next, err := carry(o, i, from, in, shape)
		if err != nil {
			return along{}, err
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

// carry says where a step takes the samples of its operand i. Constants stand still along that axis: they have one entry
// there, or shapes would not fit.
func carry(o op, i int, from along, in []*value, shape Shape) (along, error) {
	s, to := in[i].shape, from
	across := mixed("axis %d of shape %v holds the samples, which it joins", from.axis, s)
	ok := true
	switch o := o.(type) {
	case binary, rounding, choice, expand:
		to.axis += len(shape) - len(s)
	case transpose:
		to.axis = slices.Index(o.perm, from.axis)
	case slice:
		ok = o.start[from.axis] == 0 && o.step[from.axis] == 1
	case gather:
		if ok = o.axis != from.axis; o.axis < from.axis {
			to.axis += len(o.indices.shape) - 1
		}
	case padding:
		ok = o.before[from.axis] == 0 && o.after[from.axis] == 0
	case softmax:
		ok = o.axis != from.axis
	case reduction:
		ok = !slices.Contains(o.axes, from.axis)
		for _, axis := range o.axes {
			if axis < from.axis && !o.keep {
				to.axis--
			}
		}
	case convolution:
		ok = i == 0 && from.axis == 0
	case pooling:
		ok = from.axis < 2
	case batchNorm:
		ok = i == normInput && from.axis != 1
	case matmul:
		to.axis, ok = o.carry(i, from.axis, in, shape)
	default:
		return to, mixed("it is not known to keep the samples apart")
	}
	if !ok {
		return to, across
	}
	return to, nil
}

// carry is false for the axis that a product sums over.
func (o matmul) carry(i, axis int, in []*value, shape Shape) (int, bool) {
	rank, vector := len(in[i].shape), len(in[1-i].shape) == 1
	if rank == 1 {
		return 0, false
	}
	transposed := [2]bool{o.transA, o.transB}[i]
	kept := rank - 2 // the operand's axis that the product keeps: the rows of the first, the columns of the second
	if transposed != (i == 1) {
		kept = rank - 1
	}
	last := len(shape)
	switch {
	case axis < rank-2:
		matrix := 2
		if vector {
			matrix = 1
		}
		return axis + last - matrix - (rank - 2), true
	case axis != kept:
		return 0, false
	case i == 0 && !vector:
		return last - 2, true
	}
	return last - 1, true
}

// follow: side by side along another axis, the operands must hold the samples alike. Along that of the samples, their runs
// come one after the other.
func (o concat) follow(in []*value) (along, error) {
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
