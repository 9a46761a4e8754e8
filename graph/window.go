package graph

import (
	"fmt"
	"slices"
	"strings"
)

// window is a kernel that slides over the spatial axes of [batch, channels, spatial...], of any number.
type window struct {
	kernel, stride, dilation []int
	// before and after are the padding at each end.
	before, after []int
	// ceil rounds the number of positions up; a window that would start in the padding at the end is dropped.
	ceil bool
}

// window reads the attributes that Conv and the pooling operators share. kernel is the kernel's shape where the weight
// gives it, nil where the attribute must.
func (k *call) window(x Shape, kernel []int) (window, error) {
	if len(x) < 3 {
		return window{}, fmt.Errorf("input of shape %v has no spatial axes", x)
	}
	if kernel == nil {
		if kernel = k.intsAttr("kernel_shape"); kernel == nil {
			return window{}, fmt.Errorf("attribute kernel_shape is missing")
		}
	}
	n := len(kernel)
	w := window{kernel: kernel, ceil: k.intAttr("ceil_mode", 0) != 0}
	var err error
	if w.stride, err = k.perAxis("strides", n); err != nil {
		return w, err
	}
	if w.dilation, err = k.perAxis("dilations", n); err != nil {
		return w, err
	}
	if n != len(x)-2 {
		return w, fmt.Errorf("a kernel of shape %v does not fit input shape %v", kernel, x)
	}
	for i := range n {
		if kernel[i] < 1 || w.stride[i] < 1 || w.dilation[i] < 1 || x[i+2].PerSample != 0 {
			return w, fmt.Errorf("kernel %v, strides %v and dilations %v do not fit input shape %v", kernel, w.stride, w.dilation, x)
		}
	}
	if err := sane("kernel, strides and dilations", slices.Concat(kernel, w.stride, w.dilation)); err != nil {
		return w, err
	}
	return w, k.padding(&w, x[2:].At(1))
}

// perAxis reads a list with one number an axis, 1 by default.
func (k *call) perAxis(name string, n int) ([]int, error) {
	list := k.intsAttr(name)
	if list == nil {
		for range n {
			list = append(list, 1)
		}
	}
	if len(list) != n {
		return nil, fmt.Errorf("attribute %s has %d numbers for %d axes", name, len(list), n)
	}
	return list, nil
}

// padding reads pads and auto_pad.
func (k *call) padding(w *window, spatial []int) error {
	n := len(spatial)
	w.before, w.after = make([]int, n), make([]int, n)
	mode := k.stringAttr("auto_pad", "NOTSET")
	switch {
	case mode == "" || mode == "NOTSET":
		pads := k.intsAttr("pads")
		if pads == nil {
			return nil
		}
		if len(pads) != 2*n {
			return fmt.Errorf("attribute pads has %d numbers for %d axes", len(pads), n)
		}
		if err := sane("pads", pads); err != nil {
			return err
		}
		w.before, w.after = pads[:n], pads[n:]
		for _, p := range pads {
			if p < 0 {
				return fmt.Errorf("padding %v is negative", pads)
			}
		}
	case strings.HasPrefix(mode, "SAME_"):
		for i, size := range spatial {
			positions := (size + w.stride[i] - 1) / w.stride[i]
			total := max((positions-1)*w.stride[i]+w.extent(i)-size, 0)
			w.before[i], w.after[i] = total/2, total-total/2
			if mode == "SAME_LOWER" {
				w.before[i], w.after[i] = w.after[i], w.before[i]
			}
		}
	case mode != "VALID":
		return fmt.Errorf("auto_pad %q is unknown", mode)
	}
	return nil
}

// extent is how far the dilated kernel reaches along an axis.
func (w window) extent(axis int) int { return (w.kernel[axis]-1)*w.dilation[axis] + 1 }

// positions is the number of places along each axis that the window stops at.
func (w window) positions(spatial Shape) (Shape, error) {
	out := make(Shape, len(spatial))
	for i, d := range spatial {
		room := d.Fixed + w.before[i] + w.after[i] - w.extent(i)
		if room < 0 {
			return nil, fmt.Errorf("the window of size %v is larger than the padded input of shape %v", w.kernel, spatial)
		}
		n := room/w.stride[i] + 1
		if w.ceil && room%w.stride[i] != 0 && n*w.stride[i] < d.Fixed+w.before[i] {
			n++
		}
		out[i] = fixed(n)
	}
	if err := append(fixedShape(w.kernel), out...).bounded(); err != nil {
		return nil, fmt.Errorf("a window of size %v at %v positions is too much", w.kernel, out)
	}
	return out, nil
}

// offsets lists, for each position and under it for each kernel element, the offset into one channel's plane, or -1
// in the padding.
func (w window) offsets(spatial, positions []int) []int {
	strides := rowMajor(spatial)
	out := make([]int, 0, volume(positions)*volume(w.kernel))
	eachIndex(positions, func(p []int) {
		eachIndex(w.kernel, func(k []int) {
			offset := 0
			for i := range p {
				at := p[i]*w.stride[i] + k[i]*w.dilation[i] - w.before[i]
				if at < 0 || at >= spatial[i] {
					offset = -1
					break
				}
				offset += at * strides[i]
			}
			out = append(out, offset)
		})
	})
	return out
}

// padded counts, for each position, the kernel elements that lie on the input or its padding, but not beyond (where
// only rounding up reaches).
func (w window) padded(spatial, positions []int) []int {
	out := make([]int, 0, volume(positions))
	eachIndex(positions, func(p []int) {
		n := 1
		for i := range p {
			along := 0
			for k := range w.kernel[i] {
				if p[i]*w.stride[i]+k*w.dilation[i] < spatial[i]+w.before[i]+w.after[i] {
					along++
				}
			}
			n *= along
		}
		out = append(out, n)
	})
	return out
}

// eachIndex calls visit with every index of a shape, in row-major order.
func eachIndex(shape []int, visit func(index []int)) {
	if volume(shape) == 0 {
		return
	}
	index := make([]int, len(shape))
	for {
		visit(index)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			if index[axis]++; index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
		}
		if axis < 0 {
			return
		}
	}
}
