package graph

import (
	"math"

	"unlearnguard/graph/engine"
)

// softmax normalises the exponentials of its operand along an axis; log gives the logarithm.
type softmax struct {
	axis int
	log  bool
}

func (softmax) infer(in []Shape) (Shape, error) { return in[0], nil }

func (o softmax) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	return from, o.axis != from.axis
}

func (softmax) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	return s.breaks(st, in[0], degree{}, "a softmax does not scale with its input", "train without a softmax inside the network")
}

func (o softmax) kernels() kernels { return kernels{normaliseAt[float32](o), normaliseAt[float64](o)} }

// normalising computes a softmax or its logarithm.
type normalising[T engine.Float] struct {
	*site[T]
	log bool
	// size elements lie inner apart; there are outer times inner such rows.
	outer, size, inner int
}

func normaliseAt[T engine.Float](o softmax) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		shape := s.out.shape
		return &normalising[T]{s, o.log, volume(shape[:o.axis]), shape[o.axis], volume(shape[o.axis+1:])}
	}
}

func (n *normalising[T]) retains(i int) bool { return i == result }

// rows visits the first element of each row.
func (n *normalising[T]) rows(visit func(first int)) {
	n.crew.split(n.outer*n.inner, max(1, worthwhile/16/n.size), func(_ *lane[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			visit(i/n.inner*n.size*n.inner + i%n.inner)
		}
	})
}

func (n *normalising[T]) forward() {
	x, y := n.in[0].data, n.out.data
	n.rows(func(first int) {
		end := first + n.size*n.inner
		top, sum := math.Inf(-1), 0.0
		for i := first; i < end; i += n.inner {
			top = max(top, float64(x[i]))
		}
		for i := first; i < end; i += n.inner {
			e := math.Exp(float64(x[i]) - top)
			y[i] = T(e)
			sum += e
		}
		scale, shift := T(1/sum), math.Log(sum)+top
		for i := first; i < end; i += n.inner {
			if n.log {
				y[i] = T(float64(x[i]) - shift)
			} else {
				y[i] *= scale
			}
		}
	})
}

// reverse: y (g - sum(g y)) for a softmax, g - exp(y) sum(g) for its logarithm.
func (n *normalising[T]) reverse() {
	if !n.in[0].wanted {
		return
	}
	grad, g, y := n.in[0].gradient(), n.out.grad, n.out.data
	n.rows(func(first int) {
		end := first + n.size*n.inner
		sum := 0.0
		for i := first; i < end; i += n.inner {
			if n.log {
				sum += float64(g[i])
			} else {
				sum += float64(g[i]) * float64(y[i])
			}
		}
		for i := first; i < end; i += n.inner {
			if n.log {
				grad[i] += g[i] - T(math.Exp(float64(y[i]))*sum)
			} else {
				grad[i] += y[i] * (g[i] - T(sum))
			}
		}
	})
}

// softmaxed: before opset 13 the axes from the given one on count as one.
func softmaxed(log bool) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		x, otherwise := k.in[0], -1
		if k.opset < 13 {
			otherwise = 1
		}
		axis, err := axisOf(k.intAttr("axis", otherwise), len(x.shape))
		if err != nil {
			return nil, err
		}
		if k.opset >= 13 || axis == len(x.shape)-1 {
			return k.one(softmax{axis, log}, x)
		}
		flat, err := k.flattened(x, axis)
		if err != nil {
			return nil, err
		}
		y, err := k.apply(softmax{1, log}, flat)
		if err != nil {
			return nil, err
		}
		return k.one(reshape{x.shape}, y)
	}
}
