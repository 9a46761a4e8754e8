package graph

import "math"

// softmax normalises the exponentials of its operand along an axis; log gives the logarithm.
type softmax struct {
	axis int
	log  bool
}

func (softmax) infer(in []Shape) (Shape, error) { return in[0], nil }

func normalise[T float](o softmax, a array[T]) array[T] {
	out := newArray[T](a.shape)
	size, inner := a.shape[o.axis], volume(a.shape[o.axis+1:])
	for outer := range volume(a.shape[:o.axis]) {
		for i := range inner {
			at := func(j int) int { return (outer*size+j)*inner + i }
			top, sum := math.Inf(-1), 0.0
			for j := range size {
				top = max(top, float64(a.data[at(j)]))
			}
			for j := range size {
				sum += math.Exp(float64(a.data[at(j)]) - top)
			}
			for j := range size {
				z := float64(a.data[at(j)]) - top - math.Log(sum)
				if !o.log {
					z = math.Exp(z)
				}
				out.data[at(j)] = T(z)
			}
		}
	}
	return out
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
