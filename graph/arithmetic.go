package graph

import (
	"fmt"
	"math"

	"unlearnguard/graph/engine"
)

// binary combines two operands element by element, with broadcasting.
type binary struct{ f binaryFunc }

// binaryFunc names a function of two numbers.
type binaryFunc int

const (
	add binaryFunc = iota
	sub
	mul
	div
	maximum
	minimum
	power
	prelu // the first operand where it is not negative, else both multiplied
	modulo
	remainder // as C has it: the sign is that of the first operand
	equal
	greater
	greaterEqual
	less
	lessEqual
)

// compares says that the result is a condition: 0 or 1.
func (f binaryFunc) compares() bool { return f >= equal }

func (binary) infer(in []Shape) (Shape, error) { return broadcast(in[0], in[1]) }

func (binary) flat(in []*value, shape Shape) *rows { return flatElementwise(in, shape) }

func (binary) carry(i int, from along, in []*value, shape Shape) (along, bool) {
	return from.aligned(in[i].shape, shape), true
}

func (o binary) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	switch o.f {
	case mul:
		return in[0].plus(1, in[1])
	case div:
		return in[0].plus(-1, in[1])
	case prelu:
		return in[0].plus(1, s.breaks(st, in[1], degree{}, "its slope scales with the parameters", "use a slope that is a parameter or a constant"))
	case power:
		if p := st.inputs[1].reals; p != nil && len(p.data) > 0 && !anyOther(p.data, p.data[0]) {
			return degree{zero: in[0].zero && p.data[0] > 0}.plus(p.data[0], in[0])
		}
		return s.breaks(st, in[0].plus(1, in[1]), in[0], "a power with an exponent that varies does not scale", "use a constant exponent")
	}
	d := s.join(st, in)
	if o.f.compares() {
		return degree{}
	}
	return d
}

func (o binary) calculate(in []array[Size], shape []int) (array[Size], error) {
	a, b, out := broadcastTo(in[0], shape), broadcastTo(in[1], shape), newArray[Size](shape)
	for i := range out.data {
		var err error
		if out.data[i], err = o.f.integers(a.data[i], b.data[i]); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (f binaryFunc) integers(s, t Size) (Size, error) {
	switch f {
	case add:
		return s.plus(t), nil
	case sub:
		return s.minus(t), nil
	case mul:
		return s.times(t)
	case div:
		return s.over(t)
	case equal:
		if s == t {
			return fixed(1), nil
		}
		if s.equalAtSomeBatch(t) {
			return Size{}, fmt.Errorf("whether %v equals %v depends on the batch size", s, t)
		}
		return Size{}, nil
	}
	if s.PerSample != 0 || t.PerSample != 0 {
		return Size{}, fmt.Errorf("%v and %v depend on the batch size", s, t)
	}
	a, b := s.Fixed, t.Fixed
	switch {
	case f == maximum:
		return fixed(max(a, b)), nil
	case f == minimum:
		return fixed(min(a, b)), nil
	case f == modulo && b != 0:
		// The sign is that of the divisor.
		return fixed(((a % b) + b) % b), nil
	case f == remainder && b != 0:
		// The sign is that of the dividend.
		return fixed(a % b), nil
	case f.compares():
		return fixed(int(combinedScalar(f, float64(a), float64(b)))), nil
	}
	return Size{}, fmt.Errorf("%d and %d cannot be combined", a, b)
}

func (o binary) kernels() kernels { return kernels{combineAt[float32](o), combineAt[float64](o)} }

// combination computes a binary function with broadcasting.
type combination[T engine.Float] struct {
	*site[T]
	f binaryFunc
	// dims are the result's axes, joined where both operands run through them alike; a and b the operands' strides along
	// them. Along the last one an operand moves by one element or stands still.
	dims, a, b []int
}

func combineAt[T engine.Float](o binary) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		c := &combination[T]{site: s, f: o.f}
		c.dims, c.a, c.b = joinAxes(s.out.shape, broadcastStrides(s.in[0].shape, s.out.shape), broadcastStrides(s.in[1].shape, s.out.shape))
		return c
	}
}

// joinAxes drops axes of one element and joins neighbours along which both operands keep their strides.
func joinAxes(shape, a, b []int) (dims, ja, jb []int) {
	for i, n := range shape {
		last := len(dims) - 1
		switch {
		case n == 1:
		case last >= 0 && ja[last] == a[i]*n && jb[last] == b[i]*n:
			dims[last], ja[last], jb[last] = dims[last]*n, a[i], b[i]
		default:
			dims, ja, jb = append(dims, n), append(ja, a[i]), append(jb, b[i])
		}
	}
	if len(dims) == 0 {
		return []int{1}, []int{1}, []int{1}
	}
	return dims, ja, jb
}

// retains: sums and differences are linear.
func (c *combination[T]) retains(i int) bool {
	switch c.f {
	case add, sub:
		return false
	case mul, div:
		return i == 1 && c.in[0].wanted || i == 0 && c.in[1].wanted || i == 1 && c.f == div
	}
	return i != result
}

func (c *combination[T]) forward() {
	last := len(c.dims) - 1
	c.spread(c.axis(nil), func(l *lane[T], axis, lo, hi int) {
		c.runs(axis, lo, hi, func(at, i, j, n int) {
			combineRun(l, c.f, c.out.data[at:at+n], c.in[0].data[i:], c.in[1].data[j:], c.a[last], c.b[last])
		})
	})
}

func (c *combination[T]) reverse() {
	for operand, strides := range [][]int{c.a, c.b} {
		if !c.in[operand].wanted {
			continue
		}
		if c.f.sign(operand) == 1 && c.in[operand].size == c.out.size {
			c.reverseSame(operand)
			continue
		}
		if strides[0] == 0 && c.dims[0] >= mostParts && c.in[operand].size <= c.out.size/mostParts {
			c.reverseParts(operand)
			continue
		}
		grad := c.in[operand].gradient()
		// Along an axis through which the operand moves, the parts of different threads are different elements.
		c.spread(c.axis(strides), func(l *lane[T], axis, lo, hi int) {
			c.runs(axis, lo, hi, func(at, i, j, n int) { c.reverseRun(l, operand, grad, at, i, j, n) })
		})
	}
}

// reverseParts takes parts of the first axis back apart, through which the operand does not move: the samples, mostly, and
// a bias.
func (c *combination[T]) reverseParts(operand int) {
	sums := newPartSums(c.crew, c.dims[0], c.in[operand].size, true)
	c.crew.split(sums.parts, max(1, worthwhile*sums.parts/c.out.size), func(l *lane[T], lo, hi int) {
		for part := lo; part < hi; part++ {
			sum, n := sums.of(part), c.dims[0]
			clear(sum)
			c.runs(0, n*part/sums.parts, n*(part+1)/sums.parts, func(at, i, j, n int) { c.reverseRun(l, operand, sum, at, i, j, n) })
			sums.add(l, part)
		}
	})
	sums.addTo(c.crew, c.in[operand].storage)
}

// reverseRun adds the part that n elements of the result from `at` on have in an operand's gradient.
func (c *combination[T]) reverseRun(l *lane[T], operand int, grad []T, at, i, j, n int) {
	last := len(c.dims) - 1
	to, step := i, c.a[last]
	if operand == 1 {
		to, step = j, c.b[last]
	}
	g, x, y := c.out.grad[at:at+n], c.in[0].data[i:], c.in[1].data[j:]
	switch {
	case step == 0 && c.f.sign(operand) != 0:
		grad[to] += T(c.f.sign(operand)) * T(l.engine.Sum(g))
	case step == 0:
		grad[to] += T(sumPartials(c.f, operand, g, x, y, c.a[last], c.b[last]))
	case c.f.sign(operand) != 0:
		l.engine.Axpy(grad[to:to+n], T(c.f.sign(operand)), g)
	default:
		addPartials(c.f, operand, grad[to:to+n], g, x, y, c.a[last], c.b[last])
	}
}

// sign is the derivative by an operand where it is 1 or -1 everywhere, and 0 for other functions.
func (f binaryFunc) sign(operand int) int {
	switch {
	case f == add || f == sub && operand == 0:
		return 1
	case f == sub:
		return -1
	}
	return 0
}

// reverseSame adds the result's gradient to that of an operand of the same size.
func (c *combination[T]) reverseSame(operand int) {
	grad, beta := c.in[operand].accumulate()
	c.crew.split(c.out.size, worthwhile, func(l *lane[T], lo, hi int) {
		if beta == 0 {
			copy(grad[lo:hi], c.out.grad[lo:hi])
		} else {
			l.engine.Axpy(grad[lo:hi], 1, c.out.grad[lo:hi])
		}
	})
}

// axis is the one to divide between the threads: of those along which the strides, if any are given, are not zero, the
// first that is long enough, as other primitives divide the samples, or the longest; -1 if there is none.
func (c *combination[T]) axis(strides []int) int {
	axis := -1
	for i, n := range c.dims {
		if strides != nil && strides[i] == 0 {
			continue
		}
		if n >= 4*len(c.crew.lanes) {
			return i
		}
		if axis < 0 || n > c.dims[axis] {
			axis = i
		}
	}
	return axis
}

// spread calls f on parts of an axis, on all threads; axis -1 is all at once.
func (c *combination[T]) spread(axis int, f func(l *lane[T], axis, lo, hi int)) {
	if axis < 0 {
		f(c.crew.lanes[0], 0, 0, c.dims[0])
		return
	}
	n := c.dims[axis]
	grain := max(1, worthwhile*n/max(c.out.size, 1))
	c.crew.split(n, grain, func(l *lane[T], lo, hi int) { f(l, axis, lo, hi) })
}

// runs visits the part [lo, hi) of an axis by runs along the last axis: their offsets in the result and in both operands,
// and their length.
func (c *combination[T]) runs(axis, lo, hi int, visit func(at, i, j, n int)) {
	last := len(c.dims) - 1
	dims := append([]int{}, c.dims...)
	dims[axis] = hi - lo
	strides := rowMajor(c.dims)
	n := dims[last]
	at, i, j := lo*strides[axis], lo*c.a[axis], lo*c.b[axis]
	walk(dims[:last], [][]int{strides[:last], c.a[:last], c.b[:last]}, func(o []int) { visit(at+o[0], i+o[1], j+o[2], n) })
}

// combineRun sets dst to f of x and y, which move by dx and dy elements, 1 or 0.
func combineRun[T engine.Float](l *lane[T], f binaryFunc, dst, x, y []T, dx, dy int) {
	i, j := 0, 0
	switch {
	case f == add && dx == 0 && dy == 1:
		combineRun(l, f, dst, y, x, dy, dx)
		return
	case f == add && dy == 0:
		l.engine.Affine(dst, x[:len(dst)], 1, y[0])
		return
	case f == add:
		l.engine.Add(dst, x[:len(dst)], y[:len(dst)])
		return
	}
	switch f {
	case sub:
		for k := range dst {
			dst[k] = x[i] - y[j]
			i, j = i+dx, j+dy
		}
	case mul:
		for k := range dst {
			dst[k] = x[i] * y[j]
			i, j = i+dx, j+dy
		}
	case div:
		for k := range dst {
			dst[k] = x[i] / y[j]
			i, j = i+dx, j+dy
		}
	default:
		for k := range dst {
			dst[k] = combinedScalar(f, x[i], y[j])
			i, j = i+dx, j+dy
		}
	}
}

// combinedScalar is f of two numbers, for the functions that combineRun has no loop of its own for.
func combinedScalar[T engine.Float](f binaryFunc, x, y T) T {
	switch f {
	case maximum:
		return max(x, y)
	case minimum:
		return min(x, y)
	case power:
		return T(math.Pow(float64(x), float64(y)))
	case prelu:
		if x < 0 {
			return x * y
		}
		return x
	case remainder:
		return T(math.Mod(float64(x), float64(y)))
	case equal:
		return T(indicator(x == y))
	case greater:
		return T(indicator(x > y))
	case greaterEqual:
		return T(indicator(x >= y))
	case less:
		return T(indicator(x < y))
	case lessEqual:
		return T(indicator(x <= y))
	}
	panic(fmt.Sprintf("graph: binary function %d is for integers only", f))
}

// addPartials adds to dst the gradient g of the results times their derivative by the given operand, of a function
// whose derivative is not the same everywhere.
func addPartials[T engine.Float](f binaryFunc, operand int, dst, g, x, y []T, dx, dy int) {
	i, j := 0, 0
	switch {
	case f == mul && operand == 0:
		for k, v := range g {
			dst[k] += v * y[j]
			j += dy
		}
	case f == mul:
		for k, v := range g {
			dst[k] += v * x[i]
			i += dx
		}
	default:
		for k, v := range g {
			dst[k] += v * partial(f, operand, x[i], y[j])
			i, j = i+dx, j+dy
		}
	}
}

// sumPartials is the sum of what addPartials would add.
func sumPartials[T engine.Float](f binaryFunc, operand int, g, x, y []T, dx, dy int) (sum float64) {
	i, j := 0, 0
	for _, v := range g {
		sum += float64(v * partial(f, operand, x[i], y[j]))
		i, j = i+dx, j+dy
	}
	return sum
}

// partial is the derivative of f by an operand; a condition has none. Where two operands of a maximum or minimum are equal it is a half each.
func partial[T engine.Float](f binaryFunc, operand int, x, y T) T {
	if f.compares() {
		return 0
	}
	switch f {
	case mul:
		return [2]T{y, x}[operand]
	case div:
		if operand == 0 {
			return 1 / y
		}
		return -x / (y * y)
	case maximum:
		return share[T](operand, x > y, x == y)
	case minimum:
		return share[T](operand, x < y, x == y)
	case power:
		if operand == 0 {
			if y == 0 {
				return 0
			}
			return y * T(math.Pow(float64(x), float64(y)-1))
		}
		if x == 0 {
			return 0
		}
		return T(math.Pow(float64(x), float64(y)) * math.Log(float64(x)))
	case prelu:
		switch {
		case operand == 0 && x < 0:
			return y
		case operand == 0:
			return 1
		case x < 0:
			return x
		}
		return 0
	}
	panic(fmt.Sprintf("graph: binary function %d has no derivative", f))
}

// share is an operand's part of a choice between two.
func share[T engine.Float](operand int, first, both bool) T {
	switch {
	case both:
		return 0.5
	case first == (operand == 0):
		return 1
	}
	return 0
}

// arithmetic lowers an operator of two operands.
func arithmetic(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(2); err != nil {
			return nil, err
		}
		b, err := k.legacyBroadcast(k.in[0], k.in[1])
		if err != nil {
			return nil, err
		}
		y, err := k.combined(f, k.in[0], b)
		return []*value{y}, err
	}
}

// combined is a function of two values, or the ReLU that it amounts to.
func (k *call) combined(f binaryFunc, a, b *value) (*value, error) {
	if x := rectifies(f, a, b); x != nil {
		return k.apply(relu(), x)
	}
	return k.apply(binary{f}, a, b)
}

// modular is Mod.
func modular(k *call) ([]*value, error) {
	f := modulo
	if k.intAttr("fmod", 0) != 0 {
		f = remainder
	}
	if err := k.required(2); err != nil {
		return nil, err
	}
	known := func(v *value) bool { return v.isInteger() || v.constant() }
	if !all(k.in, known) || f == modulo && !all(k.in, (*value).isInteger) {
		return nil, refuse("keep it to shapes", "it is supported for known numbers only")
	}
	return arithmetic(f)(k)
}

// legacyBroadcast aligns the second operand of a node of opset 6 or before, whose attribute axis says where it starts.
func (k *call) legacyBroadcast(a, b *value) (*value, error) {
	if k.opset >= 7 || k.attribute("axis") == nil {
		return b, nil
	}
	axis, err := axisOf(k.intAttr("axis", 0), len(a.shape))
	if err != nil {
		return nil, err
	}
	to := append(Shape{}, b.shape...)
	for len(to) < len(a.shape)-axis {
		to = append(to, fixed(1))
	}
	return k.apply(reshape{to}, b)
}

// many lowers an operator of any number of operands, combined pair by pair.
func many(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(max(1, len(k.in))); err != nil {
			return nil, err
		}
		y := k.in[0]
		for _, v := range k.in[1:] {
			var err error
			if y, err = k.combined(f, y, v); err != nil {
				return nil, err
			}
		}
		return []*value{y}, nil
	}
}

// average is Mean, of any number of operands.
func average(k *call) ([]*value, error) {
	sum, err := many(add)(k)
	if err != nil {
		return nil, err
	}
	return k.one(binary{mul}, sum[0], number(1/float64(len(k.in))))
}

// raise is Pow, whose exponents may be integers.
func raise(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	x, y := k.in[0], k.in[1]
	if x.isInteger() {
		return nil, refuse("", "powers of integers are not supported")
	}
	if y.isInteger() {
		exponents, err := y.exact()
		if err != nil {
			return nil, err
		}
		y = known(y.name, exponents)
	}
	return k.one(binary{power}, x, y)
}

// number is a constant of the architecture.
func number(x float64) *value { return known(fmt.Sprint(x), array[float64]{[]int{}, []float64{x}}) }

// parametricRelu is PRelu; its slope broadcasts to the input from the right.
func parametricRelu(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	x, slope := k.in[0], k.in[1]
	if k.opset < 7 && len(slope.shape) == 1 && len(x.shape) > 2 {
		// Before opset 7 the slope is one number a channel.
		to := Shape{slope.shape[0]}
		for len(to) < len(x.shape)-1 {
			to = append(to, fixed(1))
		}
		var err error
		if slope, err = k.apply(reshape{to}, slope); err != nil {
			return nil, err
		}
	}
	return k.one(binary{prelu}, x, heldFixed(slope))
}
