package graph

// A ReLU is written in many ways. Those here are recognised by their structure: the same value twice, and constants that are
// known before the network runs.

func relu() unary { return unary{name: "Relu", function: functions["Relu"]} }

func isRelu(v *value) bool {
	if v.step == nil {
		return false
	}
	u, ok := v.step.op.(unary)
	return ok && u.name == "Relu"
}

// rectifies gives x where the function of two values is that of a ReLU of x: max(x, 0), x (x > 0), and (x + |x|)/2.
func rectifies(f binaryFunc, a, b *value) *value {
	for _, pair := range [2][2]*value{{a, b}, {b, a}} {
		x, other := pair[0], pair[1]
		switch {
		case x.constant():
		case f == maximum && isNumber(other, 0) && fitsInto(other, x):
			return x
		case f == mul && positiveOf(other, x):
			return x
		case f == mul && isNumber(other, 0.5) && fitsInto(other, x):
			return absoluteSum(x)
		}
	}
	if f == div && isNumber(b, 2) && fitsInto(b, a) {
		return absoluteSum(a)
	}
	return nil
}

// rectified gives x and the slope where a choice is a ReLU or leaky ReLU of x: x where x > 0, and 0 or c x elsewhere.
func rectified(in []*value) (x *value, slope float64, ok bool) {
	condition, then, otherwise := in[0], in[1], in[2]
	x = then
	switch {
	case x.constant() || !positiveOf(condition, x):
	case isNumber(otherwise, 0) && fitsInto(otherwise, x):
		return x, 0, true
	case otherwise.step != nil:
		if b, is := otherwise.step.op.(binary); is && b.f == mul {
			for i, v := range otherwise.step.inputs {
				if c, single := singleNumber(otherwise.step.inputs[1-i]); v == x && single && fitsInto(otherwise.step.inputs[1-i], x) {
					return x, c, true
				}
			}
		}
	}
	return nil, 0, false
}

// positiveOf says whether v is the condition x > 0 or x >= 0, as a condition or as a number.
func positiveOf(v, x *value) bool {
	if v.step == nil {
		return false
	}
	b, ok := v.step.op.(binary)
	if !ok {
		return false
	}
	l, r := v.step.inputs[0], v.step.inputs[1]
	switch b.f {
	case greater, greaterEqual:
		return l == x && isNumber(r, 0) && fitsInto(r, x)
	case less, lessEqual:
		return r == x && isNumber(l, 0) && fitsInto(l, x)
	}
	return false
}

// absoluteSum gives x where v is x + |x|.
func absoluteSum(v *value) *value {
	if v.step == nil {
		return nil
	}
	if b, ok := v.step.op.(binary); !ok || b.f != add {
		return nil
	}
	for i, x := range v.step.inputs {
		other := v.step.inputs[1-i]
		if other.step == nil {
			continue
		}
		if u, ok := other.step.op.(unary); ok && u.name == "Abs" && other.step.inputs[0] == x {
			return x
		}
	}
	return nil
}

// isNumber says whether a value is a constant of equal elements n.
func isNumber(v *value, n float64) bool {
	c, ok := singleNumber(v)
	return ok && c == n
}

// singleNumber gives the number that all elements of a constant are, one that does not change in training: a weight that
// happens to be zero is still a weight.
func singleNumber(v *value) (float64, bool) {
	v = v.beforeExpand()
	if v.reals == nil && !(v.param != nil && v.param.Int64s == nil) {
		return 0, false
	}
	numbers := v.numbers().data
	if len(numbers) == 0 || anyOther(numbers, numbers[0]) || v.reals == nil && numbers[0] != 0 {
		return 0, false
	}
	return numbers[0], true
}

// fitsInto says whether a value broadcasts to another's shape.
func fitsInto(v, x *value) bool {
	s, err := broadcast(v.shape, x.shape)
	return err == nil && s.equal(x.shape)
}
