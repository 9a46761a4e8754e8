package graph

import "math"

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

func pool[T float](o pooling, x array[T], shape []int) array[T] {
	out := newArray[T](shape)
	offsets, counts := o.offsets(x.shape[2:], shape[2:]), o.padded(x.shape[2:], shape[2:])
	plane, places, size := volume(x.shape[2:]), volume(shape[2:]), volume(o.kernel)
	for i := range volume(x.shape[:2]) {
		from := x.data[i*plane : (i+1)*plane]
		for p := range places {
			under := offsets[p*size : (p+1)*size]
			if !o.mean {
				out.data[i*places+p] = largest(from, under)
				continue
			}
			sum, n := total(from, under)
			if o.pads {
				n = counts[p]
			}
			out.data[i*places+p] = T(sum / float64(max(n, 1)))
		}
	}
	return out
}

func largest[T float](from []T, offsets []int) T {
	top := T(math.Inf(-1))
	for _, o := range offsets {
		if o >= 0 {
			top = max(top, from[o])
		}
	}
	return top
}

func total[T float](from []T, offsets []int) (sum float64, n int) {
	for _, o := range offsets {
		if o >= 0 {
			sum += float64(from[o])
			n++
		}
	}
	return sum, n
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
