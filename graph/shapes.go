package graph

import (
	"fmt"

	"unlearnguard/onnxio"
)

// cast: real numbers of all widths are one kind here, and integers are exact.
func cast(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.castTo(onnxio.DType(k.intAttr("to", 0)))
}

func castLike(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	if k.in[1].integer() {
		return k.castTo(onnxio.Int64)
	}
	return k.castTo(onnxio.Float32)
}

func (k *call) castTo(t onnxio.DType) ([]*value, error) {
	v := k.in[0]
	switch t {
	case onnxio.Float32, onnxio.Float64, onnxio.Float16, onnxio.BFloat16:
		if !v.integer() {
			return k.in[:1], nil
		}
		out, err := v.exact()
		return []*value{known(v.name, out)}, err
	}
	if v.integer() {
		return k.in[:1], nil
	}
	if v.reals == nil {
		return nil, refuse("keep the network's values real numbers", "real numbers are cut to integers")
	}
	out := newArray[Size](v.reals.shape)
	for i, x := range v.reals.data {
		out.data[i] = fixed(int(x))
	}
	return []*value{knownSizes(v.name, out.shape, out.data...)}, nil
}

func shapeOf(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	s := k.in[0].shape
	from, to := clampRange(k.intAttr("start", 0), k.intAttr("end", len(s)), len(s))
	out := array[Size]{[]int{to - from}, append([]Size{}, s[from:to]...)}
	return []*value{{name: k.Outputs[0], shape: fixedShape(out.shape), sizes: &out}}, nil
}

// clampRange resolves a half-open range whose ends may count from the end or lie beyond it.
func clampRange(from, to, n int) (int, int) {
	clamp := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	from, to = clamp(from), clamp(to)
	return from, max(from, to)
}

// sizeOf is the number of elements.
func sizeOf(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	n, err := k.in[0].shape.count()
	return []*value{knownSizes(k.Outputs[0], []int{}, n)}, err
}

func knownSizes(name string, shape []int, sizes ...Size) *value {
	return &value{name: name, shape: fixedShape(shape), sizes: &array[Size]{shape, sizes}}
}

func constant(k *call) ([]*value, error) {
	for _, a := range k.Attributes {
		t := a.Tensor
		switch a.Name {
		case "value":
		case "value_float":
			t = &onnxio.Tensor{DType: onnxio.Float32, Shape: []int{}, Float32s: []float32{a.Float}}
		case "value_floats":
			t = &onnxio.Tensor{DType: onnxio.Float32, Shape: []int{len(a.Floats)}, Float32s: append([]float32{}, a.Floats...)}
		case "value_int":
			t = &onnxio.Tensor{DType: onnxio.Int64, Shape: []int{}, Int64s: []int64{a.Int}}
		case "value_ints":
			t = &onnxio.Tensor{DType: onnxio.Int64, Shape: []int{len(a.Ints)}, Int64s: append([]int64{}, a.Ints...)}
		default:
			continue
		}
		if t == nil {
			break
		}
		named := *t
		named.Name = k.Outputs[0]
		v := constantValue(&named)
		if v.param != nil && named.Int64s == nil && volume(named.Shape) == 1 {
			// A single number in the graph is a factor or an offset of the architecture, whatever its rank.
			v.param, v.weighted, v.reals = nil, false, &array[float64]{named.Shape, elements[float64](&named)}
		}
		return []*value{v}, nil
	}
	return nil, refuse("export the constant as a tensor of numbers", "the constant holds no numbers")
}

// constantOfShape repeats one number, a float32 zero by default.
func constantOfShape(k *call) ([]*value, error) {
	to, err := k.sizes(0)
	if err != nil {
		return nil, err
	}
	one := number(0)
	if a := k.attribute("value"); a != nil && a.Tensor != nil && volume(a.Tensor.Shape) == 1 {
		one = constantValue(a.Tensor)
		if a.Tensor.Int64s == nil {
			one = number(elements[float64](a.Tensor)[0])
		}
	}
	v, err := k.apply(reshape{Shape{}}, one)
	if err != nil {
		return nil, err
	}
	return k.one(expand{to}, v)
}

// rangeOf counts from start to limit (exclusive) by delta.
func rangeOf(k *call) ([]*value, error) {
	var n [3]int
	for i := range n {
		list, err := k.ints(i)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("operand %d is not a single number", i)
		}
		n[i] = list[0]
	}
	start, limit, delta := n[0], n[1], n[2]
	if err := sane("start, limit and delta", n[:]); err != nil {
		return nil, err
	}
	if delta == 0 || (limit-start)/delta > maxKnown {
		return nil, fmt.Errorf("the range from %d to %d by %d is too long", start, limit, delta)
	}
	var sizes []Size
	for i := start; delta > 0 && i < limit || delta < 0 && i > limit; i += delta {
		sizes = append(sizes, fixed(i))
	}
	return []*value{knownSizes(k.Outputs[0], []int{len(sizes)}, sizes...)}, nil
}

// where chooses between known integers, as exporters do to complete the target of an Expand.
func where(k *call) ([]*value, error) {
	if err := k.required(3); err != nil {
		return nil, err
	}
	for _, v := range k.in {
		if !v.integer() {
			return nil, refuse("replace torch.where by arithmetic", "a choice between values that are not known before the network runs")
		}
	}
	// condition*then + (1-condition)*else
	condition, err := k.apply(binary{equal}, k.in[0], knownSizes("0", []int{}, Size{}))
	if err != nil {
		return nil, err
	}
	unless, err := k.apply(binary{mul}, condition, k.in[2])
	if err != nil {
		return nil, err
	}
	if condition, err = k.apply(binary{equal}, condition, knownSizes("0", []int{}, Size{})); err != nil {
		return nil, err
	}
	then, err := k.apply(binary{mul}, condition, k.in[1])
	if err != nil {
		return nil, err
	}
	return k.one(binary{add}, then, unless)
}
