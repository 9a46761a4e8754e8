package graph

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/graph/engine"
)

// reduction combines the elements along some axes (ascending), which it keeps with size 1 or drops.
type reduction struct {
	f    reducer
	axes []int
	keep bool
}

type reducer string

const (
	reduceMean      reducer = "mean"
	reduceSum       reducer = "sum"
	reduceMax       reducer = "max"
	reduceMin       reducer = "min"
	reduceProd      reducer = "product"
	reduceL1        reducer = "L1 norm"
	reduceL2        reducer = "L2 norm"
	reduceSumSquare reducer = "sum of squares"
	reduceLogSum    reducer = "logarithm of the sum"
	reduceLogSumExp reducer = "logarithm of the sum of exponentials"
	reduceArgMax    reducer = "position of the maximum"
)

func (o reduction) infer(in []Shape) (Shape, error) {
	out := Shape{}
	for i, d := range in[0] {
		switch {
		case !slices.Contains(o.axes, i):
			out = append(out, d)
		case d.PerSample != 0:
			return nil, mixed("axis %d of shape %v is reduced across the batch", i, in[0])
		case d.Fixed == 0:
			return nil, fmt.Errorf("axis %d of shape %v has nothing to reduce", i, in[0])
		case o.keep:
			out = append(out, fixed(1))
		}
	}
	return out, nil
}

func (o reduction) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	to := from
	for _, axis := range o.axes {
		if axis < from.axis && !o.keep {
			to.axis--
		}
	}
	return to, !slices.Contains(o.axes, from.axis)
}

func (o reduction) degree(s *scaling, st *step) degree {
	in := s.operands(st)[0]
	switch o.f {
	case reduceArgMax:
		return degree{}
	case reduceSumSquare:
		return in.plus(1, in)
	case reduceProd:
		n := 1
		for _, axis := range o.axes {
			n *= st.inputs[0].shape[axis].Fixed
		}
		return in.plus(float64(n-1), in)
	case reduceLogSum, reduceLogSumExp:
		return s.breaks(st, in, in, "a logarithm does not scale with its input", "replace it by a sum, a mean or a maximum")
	}
	return in
}

// calculate multiplies or adds all elements.
func (o reduction) calculate(in []array[Size], shape []int) (array[Size], error) {
	out := newArray[Size](shape)
	if len(out.data) != 1 || o.f != reduceProd && o.f != reduceSum {
		return out, fmt.Errorf("the %s of integers is not supported", o.f)
	}
	result := Size{}
	if o.f == reduceProd {
		result = fixed(1)
	}
	for _, s := range in[0].data {
		var err error
		if o.f == reduceSum {
			result = result.plus(s)
		} else if result, err = result.times(s); err != nil {
			return out, err
		}
	}
	out.data[0] = result
	return out, nil
}

func (o reduction) kernels() kernels { return kernels{reduceAt[float32](o), reduceAt[float64](o)} }

// reducing computes a reduction.
type reducing[T engine.Float] struct {
	*site[T]
	f reducer
	// firsts are the first element that each result is made of, run the distances of all of them from the first.
	firsts, run []int
}

func reduceAt[T engine.Float](o reduction) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		r := &reducing[T]{site: s, f: o.f}
		strides := rowMajor(s.in[0].shape)
		var kept, reduced [2][]int // sizes and strides
		for i, d := range s.in[0].shape {
			to := &kept
			if slices.Contains(o.axes, i) {
				to = &reduced
			}
			to[0], to[1] = append(to[0], d), append(to[1], strides[i])
		}
		walk(kept[0], [][]int{kept[1]}, func(o []int) { r.firsts = append(r.firsts, o[0]) })
		walk(reduced[0], [][]int{reduced[1]}, func(o []int) { r.run = append(r.run, o[0]) })
		return r
	}
}

func (r *reducing[T]) retains(i int) bool {
	switch r.f {
	case reduceMean, reduceSum, reduceArgMax:
		return false
	}
	return true
}

// each visits the results, with room for the elements that one is made of.
func (r *reducing[T]) each(visit func(i int, x []float64)) {
	r.crew.split(len(r.firsts), max(1, worthwhile/len(r.run)), func(_ *lane[T], lo, hi int) {
		x := make([]float64, len(r.run))
		for i := lo; i < hi; i++ {
			visit(i, x)
		}
	})
}

// load reads the elements of result i.
func (r *reducing[T]) load(i int, x []float64) {
	from := r.in[0].data[r.firsts[i]:]
	for k, at := range r.run {
		x[k] = float64(from[at])
	}
}

func (r *reducing[T]) forward() {
	r.each(func(i int, x []float64) {
		r.load(i, x)
		r.out.data[i] = T(r.f.of(x))
	})
}

func (r *reducing[T]) reverse() {
	if !r.in[0].wanted || r.f == reduceArgMax {
		return
	}
	all := r.in[0].gradient()
	r.each(func(i int, x []float64) {
		g, grad := float64(r.out.grad[i]), all[r.firsts[i]:]
		switch r.f {
		case reduceSum, reduceMean:
			if r.f == reduceMean {
				g /= float64(len(x))
			}
			for _, at := range r.run {
				grad[at] += T(g)
			}
			return
		}
		r.load(i, x)
		r.f.partials(x, float64(r.out.data[i]))
		for k, at := range r.run {
			grad[at] += T(g * x[k])
		}
	})
}

// partials replaces the elements that y is made of by its derivatives by them.
func (f reducer) partials(x []float64, y float64) {
	each := func(of func(float64) float64) {
		for i, v := range x {
			x[i] = of(v)
		}
	}
	switch f {
	case reduceMax, reduceMin: // equal ones share
		each(func(v float64) float64 { return indicator(v == y) })
		n := 0.0
		for _, v := range x {
			n += v
		}
		each(func(v float64) float64 { return v / n })
	case reduceProd:
		productPartials(x)
	case reduceL1:
		each(sign)
	case reduceL2:
		each(func(v float64) float64 { return v / y })
	case reduceSumSquare:
		each(func(v float64) float64 { return 2 * v })
	case reduceLogSum:
		each(func(float64) float64 { return math.Exp(-y) })
	case reduceLogSumExp:
		each(func(v float64) float64 { return math.Exp(v - y) })
	}
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// productPartials replaces each factor by the product of the others.
func productPartials(x []float64) {
	after := make([]float64, len(x)+1)
	after[len(x)] = 1
	for i := len(x) - 1; i >= 0; i-- {
		after[i] = after[i+1] * x[i]
	}
	before := 1.0
	for i, v := range x {
		x[i] = before * after[i+1]
		before *= v
	}
}

func (f reducer) of(x []float64) float64 {
	sum := func(of func(float64) float64) (s float64) {
		for _, v := range x {
			s += of(v)
		}
		return s
	}
	same := func(v float64) float64 { return v }
	switch f {
	case reduceMean:
		return sum(same) / float64(len(x))
	case reduceSum:
		return sum(same)
	case reduceMax:
		return slices.Max(x)
	case reduceMin:
		return slices.Min(x)
	case reduceProd:
		p := 1.0
		for _, v := range x {
			p *= v
		}
		return p
	case reduceL1:
		return sum(math.Abs)
	case reduceL2:
		return math.Sqrt(sum(func(v float64) float64 { return v * v }))
	case reduceSumSquare:
		return sum(func(v float64) float64 { return v * v })
	case reduceLogSum:
		return math.Log(sum(same))
	case reduceArgMax:
		return float64(slices.Index(x, slices.Max(x)))
	case reduceLogSumExp:
		top := slices.Max(x)
		return top + math.Log(sum(func(v float64) float64 { return math.Exp(v - top) }))
	}
	panic("graph: unknown reduction " + string(f))
}

// reduced: the axes are an operand since opset 13 for ReduceSum and since 18 for the others; none means all, unless the
// node says that none means none.
func reduced(f reducer, since int64) lowering {
	return func(k *call) ([]*value, error) {
		axes, err := k.axes(since)
		if err != nil {
			return nil, err
		}
		x := k.in[0]
		if len(axes) == 0 {
			if k.intAttr("noop_with_empty_axes", 0) != 0 {
				return k.in[:1], nil
			}
			for i := range x.shape {
				axes = append(axes, i)
			}
		}
		seen := map[int]bool{}
		for i, a := range axes {
			if axes[i], err = axisOf(a, len(x.shape)); err != nil {
				return nil, err
			}
			if seen[axes[i]] {
				return nil, fmt.Errorf("axis %d is reduced twice", a)
			}
			seen[axes[i]] = true
		}
		slices.Sort(axes)
		return k.one(reduction{f, axes, k.intAttr("keepdims", 1) != 0}, x)
	}
}

// positionOfMaximum is ArgMax; of several maxima it gives the first.
func positionOfMaximum(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	axis, err := axisOf(k.intAttr("axis", 0), len(k.in[0].shape))
	if err != nil {
		return nil, err
	}
	if k.intAttr("select_last_index", 0) != 0 {
		return nil, refuse("export with select_last_index=0", "the last of several maxima is asked for")
	}
	return k.one(reduction{reduceArgMax, []int{axis}, k.intAttr("keepdims", 1) != 0}, k.in[0])
}
