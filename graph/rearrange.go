package graph

import "unlearnguard/graph/engine"

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

func (o expand) kernels() kernels {
	return kernels{viewAt[float32](o.strides), viewAt[float64](o.strides)}
}

func (o expand) strides(in, out []int) ([]int, int) { return broadcastStrides(in, out), 0 }

// kernels: a reshape computes nothing; its result is its operand.
func (o reshape) kernels() kernels { panic("graph: a reshape has no kernel") }

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
