package graph

import (
	"fmt"
	"math"

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
	switch v := k.in[1]; {
	case v.isInteger() || v.dtype == onnxio.Bool:
		return k.castTo(v.elementType())
	case v.param != nil:
		return k.castTo(v.param.DType)
	}
	return k.castTo(onnxio.Float32)
}

func (k *call) castTo(t onnxio.DType) ([]*value, error) {
	v := k.in[0]
	switch t {
	case onnxio.Float32, onnxio.Float64, onnxio.Float16, onnxio.BFloat16:
		switch {
		case v.isInteger():
			out, err := v.exact()
			return []*value{known(v.name, rounded(out, t))}, err
		case v.reals != nil:
			return []*value{known(v.name, rounded(*v.reals, t))}, nil
		case v.param != nil && narrows(v.param.DType, t):
			// The parameter is what its narrower form holds.
			narrow := *v
			narrow.param = &onnxio.Tensor{Name: v.param.Name, DType: t, Shape: v.param.Shape,
				Float32s: converted[float32](rounded(v.numbers(), t).data)}
			return []*value{&narrow}, nil
		}
		return k.in[:1], nil
	}
	if v.isInteger() {
		return k.castIntegers(v, t)
	}
	if v.dtype == onnxio.Bool && t == onnxio.Bool {
		return k.in[:1], nil
	}
	if t == onnxio.Bool && !v.constant() {
		// A number is true unless it is zero: one less whether it is zero.
		zero, err := k.condition(equal, v, number(0))
		if err != nil {
			return nil, err
		}
		return k.not(zero)
	}
	if !v.constant() {
		return nil, refuse("keep the network's values real numbers", "real numbers are cut to integers")
	}
	numbers := v.numbers()
	out := newArray[Size](numbers.shape)
	for i, x := range numbers.data {
		n, err := truncated(x, t)
		if err != nil {
			return nil, err
		}
		out.data[i] = n
	}
	return []*value{typed(knownSizes(v.name, out.shape, out.data...), t)}, nil
}

// narrows says whether a type of 16 bits holds less than another.
func narrows(from, to onnxio.DType) bool {
	return (to == onnxio.Float16 || to == onnxio.BFloat16) && to != from
}

// rounded are numbers as a type of 16 bits holds them; the others hold them as they are.
func rounded(a array[float64], t onnxio.DType) array[float64] {
	bits, least := 11, -13 // of the fraction, and the least exponent of a normal number in [1/2, 1) 2^e
	switch t {
	case onnxio.BFloat16:
		bits, least = 8, -125
	case onnxio.Float16:
	default:
		return a
	}
	out := newArray[float64](a.shape)
	for i, x := range a.data {
		_, e := math.Frexp(x)
		unit := math.Ldexp(1, max(e, least)-bits)
		if out.data[i] = x; !math.IsInf(x, 0) {
			out.data[i] = math.RoundToEven(x/unit) * unit
		}
	}
	return out
}

// typed gives known integers their type.
func typed(v *value, t onnxio.DType) *value {
	v.dtype = t
	return v
}

func (k *call) castIntegers(v *value, t onnxio.DType) ([]*value, error) {
	sizes, err := v.integers()
	if err != nil {
		return nil, err
	}
	out := newArray[Size](sizes.shape)
	for i, n := range sizes.data {
		if out.data[i], err = wrap(n, t); err != nil {
			return nil, err
		}
	}
	return []*value{typed(knownSizes(v.name, out.shape, out.data...), t)}, nil
}

// truncated is a real number as an integer of the type, which must hold it: what becomes of any other is the runtime's
// choice.
func truncated(x float64, t onnxio.DType) (Size, error) {
	if t == onnxio.Bool {
		return fixed(int(indicator(x != 0))), nil
	}
	x = math.Trunc(x)
	if math.Abs(x) < 1<<62 {
		n := fixed(int(x))
		if held, err := wrap(n, t); err != nil {
			return n, err
		} else if held == n && (x >= 0 || t != onnxio.Uint64) {
			return n, nil
		}
	}
	return Size{}, refuse("keep constants within the range of their type", "%v is out of the range of %v", x, t)
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

// rangeOf counts from start to limit (exclusive) by delta, with numbers that are all integers or all real.
func rangeOf(k *call) ([]*value, error) {
	if err := k.required(3); err != nil {
		return nil, err
	}
	var n [3]float64
	for i, v := range k.in[:3] {
		var numbers array[float64]
		switch {
		case v.isInteger():
			var err error
			if numbers, err = v.exact(); err != nil {
				return nil, err
			}
		case v.constant():
			numbers = v.numbers()
		default:
			return nil, refuse("export with a constant range", "%q is not known before the network runs", v.name)
		}
		if len(numbers.data) != 1 {
			return nil, fmt.Errorf("operand %d is not a single number", i)
		}
		n[i] = numbers.data[0]
	}
	start, delta := n[0], n[2]
	count := math.Ceil((n[1] - start) / delta)
	if delta == 0 || !(count <= maxKnown) {
		return nil, fmt.Errorf("the range from %v to %v by %v is too long", start, n[1], delta)
	}
	out := newArray[float64]([]int{int(max(count, 0))})
	for i := range out.data {
		out.data[i] = start + float64(i)*delta
	}
	if !k.in[0].isInteger() {
		return []*value{known(k.Outputs[0], out)}, nil
	}
	sizes := make([]Size, len(out.data))
	for i, x := range out.data {
		sizes[i] = fixed(int(x))
	}
	return []*value{typed(knownSizes(k.Outputs[0], out.shape, sizes...), k.in[0].elementType())}, nil
}
