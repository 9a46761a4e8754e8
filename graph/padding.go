package graph

import (
	"fmt"

	"unlearnguard/graph/engine"
)

// padding adds elements around its operand, or takes some off where a count is negative.
type padding struct {
	before, after []int
	mode          padMode
	// fill is the value of the new elements in mode constant.
	fill float64
}

type padMode string

const (
	padConstant padMode = "constant"
	padReflect  padMode = "reflect"
	padEdge     padMode = "edge"
	padWrap     padMode = "wrap"
)

func (o padding) infer(in []Shape) (Shape, error) {
	out := append(Shape{}, in[0]...)
	if len(o.before) != len(out) {
		return nil, fmt.Errorf("padding for %d axes does not fit shape %v", len(o.before), in[0])
	}
	for i, d := range out {
		if o.before[i] == 0 && o.after[i] == 0 {
			continue
		}
		out[i] = fixed(d.Fixed + o.before[i] + o.after[i])
		if d.PerSample != 0 || out[i].Fixed < 0 {
			return nil, fmt.Errorf("axis %d of shape %v cannot be padded by %d and %d", i, in[0], o.before[i], o.after[i])
		}
		if _, ok := o.source(d.Fixed, -o.before[i]); !ok || d.Fixed == 0 && o.mode != padConstant {
			return nil, fmt.Errorf("axis %d of shape %v is too short for mode %s", i, in[0], o.mode)
		}
		if _, ok := o.source(d.Fixed, out[i].Fixed-1-o.before[i]); !ok {
			return nil, fmt.Errorf("axis %d of shape %v is too short for mode %s", i, in[0], o.mode)
		}
	}
	return out, nil
}

// source is the element of an axis of the given size that stands at place i, which may lie outside: -1 for the fill.
func (o padding) source(size, i int) (int, bool) {
	inside := i >= 0 && i < size
	switch {
	case inside:
	case o.mode == padConstant:
		return -1, true
	case o.mode == padEdge:
		i = min(max(i, 0), size-1)
	case o.mode == padWrap:
		i = (i%size + size) % size
	case i < 0:
		i = -i
	default:
		i = 2*(size-1) - i
	}
	return i, i >= 0 && i < size
}

func (o padding) kernels() kernels { return kernels{padAt[float32](o), padAt[float64](o)} }

// bordering copies each element of the result from where it comes from.
type bordering[T engine.Float] struct {
	*site[T]
	fill T
	// sources are the offsets of the result's elements in the operand, -1 for the fill.
	sources []int
}

func padAt[T engine.Float](o padding) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		return &bordering[T]{s, T(o.fill), o.sources(s.in[0].shape, s.out.shape)}
	}
}

// sources are the offsets of all elements of the result, -1 for the fill.
func (o padding) sources(from, to []int) []int {
	strides := rowMajor(from)
	along := make([][]int, len(to))
	for axis := range to {
		for i := range to[axis] {
			at, _ := o.source(from[axis], i-o.before[axis])
			along[axis] = append(along[axis], at)
		}
	}
	out := make([]int, 0, volume(to))
	eachIndex(to, func(index []int) {
		at := 0
		for axis, i := range index {
			if along[axis][i] < 0 {
				out = append(out, -1)
				return
			}
			at += along[axis][i] * strides[axis]
		}
		out = append(out, at)
	})
	return out
}

func (p *bordering[T]) retains(int) bool { return false }

func (p *bordering[T]) forward() {
	for i, from := range p.sources {
		if from < 0 {
			p.out.data[i] = p.fill
		} else {
			p.out.data[i] = p.in[0].data[from]
		}
	}
}

func (p *bordering[T]) reverse() {
	if !p.in[0].wanted {
		return
	}
	grad := p.in[0].gradient()
	for i, from := range p.sources {
		if from >= 0 {
			grad[from] += p.out.grad[i]
		}
	}
}

// padded: pads and value are operands since opset 11, and the axes since 18.
func padded(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	x := k.in[0]
	o := padding{mode: padMode(k.stringAttr("mode", "constant")), fill: k.floatAttr("value", 0)}
	pads := k.intsAttr("pads")
	if pads == nil {
		pads = k.intsAttr("paddings") // opset 1
	}
	axes := make([]int, len(x.shape))
	for i := range axes {
		axes[i] = i
	}
	if k.opset >= 11 {
		var err error
		if pads, err = k.ints(1); err != nil {
			return nil, err
		}
		if v := k.input(2); v != nil {
			if v.isInteger() || !v.constant() || volume(v.shape.At(1)) != 1 {
				return nil, refuse("export with a constant padding value", "padding value %q is not a known number", v.name)
			}
			o.fill = v.numbers().data[0]
		}
		if k.input(3) != nil {
			if axes, err = k.ints(3); err != nil {
				return nil, err
			}
		}
	}
	if err := sane("pads", pads); err != nil {
		return nil, err
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("%d padding sizes do not fit %d axes", len(pads), len(axes))
	}
	switch o.mode {
	case padConstant, padReflect, padEdge, padWrap:
	default:
		return nil, refuse("", "padding mode %q is not supported", o.mode)
	}
	o.before, o.after = make([]int, len(x.shape)), make([]int, len(x.shape))
	for i, a := range axes {
		a, err := axisOf(a, len(x.shape))
		if err != nil {
			return nil, err
		}
		o.before[a], o.after[a] = pads[i], pads[len(axes)+i]
	}
	if !anyOther(o.before, 0) && !anyOther(o.after, 0) {
		return k.in[:1], nil
	}
	return k.one(o, x)
}

func (o padding) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	return from, o.before[from.axis] == 0 && o.after[from.axis] == 0
}

func (o padding) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	if o.fill != 0 {
		return s.join(st, append(in, degree{}))
	}
	return in[0]
}
