package graph

import (
	"fmt"
	"math"
	"slices"
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

func reduce[T float](o reduction, a array[T], shape []int) array[T] {
	// The reduced axes go last, so that each result is made of one run of elements.
	var perm, kept []int
	run := 1
	for i, d := range a.shape {
		if slices.Contains(o.axes, i) {
			run *= d
		} else {
			perm, kept = append(perm, i), append(kept, d)
		}
	}
	for _, i := range o.axes {
		perm, kept = append(perm, i), append(kept, a.shape[i])
	}
	ordered, _ := move(transpose{perm}, []array[T]{a}, kept)
	out := newArray[T](shape)
	for i := range out.data {
		out.data[i] = T(o.f.of(converted[float64](ordered.data[i*run : (i+1)*run])))
	}
	return out
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
