package graph

import (
	"math"
	"slices"

	"unlearnguard/graph/engine"
)

// pooling takes the maximum or the mean under a window, channel by channel.
type pooling struct {
	window
	mean bool
	// pads counts padding into the mean, as zeros.
	pads bool
}

func (o pooling) infer(in []Shape) (Shape, error) {
	positions, err := o.positions(in[0][2:])
	if err != nil {
		return nil, err
	}
	return append(append(Shape{}, in[0][:2]...), positions...), nil
}

func (pooling) carry(_ int, from along, _ []*value, _ Shape) (along, bool) {
	return from, from.axis < 2
}

func (o pooling) kernels() kernels { return kernels{poolAt[float32](o), poolAt[float64](o)} }

// pools computes a pooling, plane by plane.
type pools[T engine.Float] struct {
	*site[T]
	mean                bool
	plane, places, size int
	// offsets are, for each position, the plane's elements under the window; counts is by what a mean divides there.
	offsets [][]int
	counts  []int
	// largest is where each maximum was found.
	largest []int32
}

func poolAt[T engine.Float](o pooling) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		if o.ofSquares(s.in[0].shape[2:], s.out.shape[2:]) {
			return squarePools[T]{s}
		}
		return newPools(o, s)
	}
}

func newPools[T engine.Float](o pooling, s *site[T]) *pools[T] {
	x, y := s.in[0].shape[2:], s.out.shape[2:]
	p := &pools[T]{site: s, mean: o.mean, plane: volume(x), places: volume(y), size: volume(o.kernel)}
	all, padded := o.offsets(x, y), o.padded(x, y)
	for i := range p.places {
		under := slices.DeleteFunc(all[i*p.size:(i+1)*p.size:(i+1)*p.size], func(at int) bool { return at < 0 })
		n := len(under)
		if o.pads {
			n = padded[i]
		}
		p.offsets, p.counts = append(p.offsets, under), append(p.counts, max(n, 1))
	}
	if !o.mean {
		p.largest = make([]int32, s.out.size)
	}
	return p
}

func (p *pools[T]) retains(int) bool { return false }

// planes visits all planes: their elements begin at x in the operand and at y in the result.
func (p *pools[T]) planes(visit func(x, y int)) {
	n := p.out.size / p.places
	p.crew.split(n, max(1, worthwhile/4/p.places), func(_ *lane[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			visit(i*p.plane, i*p.places)
		}
	})
}

func (p *pools[T]) forward() {
	p.planes(func(x, y int) {
		from, to := p.in[0].data[x:x+p.plane], p.out.data[y:y+p.places]
		if !p.mean {
			p.maxima(from, to, p.largest[y:y+p.places])
			return
		}
		for i, under := range p.offsets {
			sum := 0.0
			for _, at := range under {
				sum += float64(from[at])
			}
			to[i] = T(sum / float64(p.counts[i]))
		}
	})
}

// maxima: a NaN under the window is its maximum, and of equal ones the first.
func (p *pools[T]) maxima(from, to []T, largest []int32) {
	for i, under := range p.offsets {
		if len(under) == 0 {
			to[i], largest[i] = T(math.Inf(-1)), -1
			continue
		}
		best := under[0]
		top := from[best]
		for _, at := range under[1:] {
			v := from[at]
			if v > top {
				best = at
			}
			top = max(top, v)
		}
		if top != top {
			best = under[slices.IndexFunc(under, func(at int) bool { return from[at] != from[at] })]
		}
		to[i], largest[i] = top, int32(best)
	}
}

func (p *pools[T]) reverse() {
	if !p.in[0].wanted {
		return
	}
	grad, beta := p.in[0].accumulate()
	p.planes(func(x, y int) {
		to, g := grad[x:x+p.plane], p.out.grad[y:y+p.places]
		if beta == 0 {
			clear(to)
		}
		for i, v := range g {
			if !p.mean {
				if at := p.largest[y+i]; at >= 0 {
					to[at] += v
				}
				continue
			}
			v /= T(p.counts[i])
			for _, at := range p.offsets[i] {
				to[at] += v
			}
		}
	})
}

func pooled(mean bool) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		w, err := k.window(k.in[0].shape, nil)
		if err != nil {
			return nil, err
		}
		// A second output, the indices of the maxima, stays unread: whatever needs it is then refused.
		return k.one(pooling{w, mean, k.intAttr("count_include_pad", 0) != 0}, k.in[0])
	}
}

// pooledGlobally reduces all spatial axes to one element each.
func pooledGlobally(f reducer) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		var axes []int
		for i := 2; i < len(k.in[0].shape); i++ {
			axes = append(axes, i)
		}
		if axes == nil {
			return k.in[:1], nil
		}
		return k.one(reduction{f, axes, true}, k.in[0])
	}
}
