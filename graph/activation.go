package graph

import (
	"fmt"
	"math"

	"unlearnguard/graph/engine"
)

// unary applies a function to each element.
type unary struct {
	// name tells functions apart; slope is that of leaky for negative arguments.
	name  string
	slope float64
	function
}

// function is a function of one number and its derivative. Where it has a kink, the derivative is one of the two sides' as
// PyTorch's is; a step's is zero, and that of a rounding is one: the gradient goes straight through.
type function struct{ at, derivative func(float64) float64 }

func (unary) infer(in []Shape) (Shape, error) { return in[0], nil }

func (unary) flat(in []*value, _ Shape) *rows { return in[0].rows }

// orders are the degrees of elementwise functions: f(c x) = c^order f(x) for c > 0.
var orders = map[string]float64{
	"Abs": 1, "Guard": 1, "LeakyRelu": 1, "Neg": 1, "Relu": 1, "Reciprocal": -1, "Sign": 0, "Sqrt": 0.5,
}

// bounded are functions whose results stay between two bounds, and so do not grow with the parameters.
var bounded = map[string]bool{"Cos": true, "Erf": true, "HardSigmoid": true, "Sigmoid": true, "Sin": true, "Softsign": true, "Tanh": true}

func (o unary) degree(s *scaling, st *step) degree {
	in := s.operands(st)[0]
	if order, ok := orders[o.name]; ok {
		return degree{zero: in.zero && order > 0}.plus(order, in)
	}
	after := in
	if bounded[o.name] {
		after = degree{}
	}
	reason := fmt.Sprintf("%s does not scale with its input", o.name)
	return s.breaks(st, in, after, reason, "train the network with Relu or LeakyRelu instead")
}

func (o unary) calculate(in []array[Size], _ []int) (array[Size], error) {
	out := newArray[Size](in[0].shape)
	for i, s := range in[0].data {
		n := s.Fixed
		switch o.name {
		case "Neg":
			out.data[i] = Size{}.minus(s)
			continue
		case "Abs":
			n = abs(n)
		case "Sign":
			n = min(max(n, -1), 1)
		case "Relu":
			n = max(n, 0)
		default:
			return out, fmt.Errorf("%s of integers is not supported", o.name)
		}
		if s.PerSample != 0 {
			return out, fmt.Errorf("%s of %v depends on the batch size", o.name, s)
		}
		out.data[i] = fixed(n)
	}
	return out, nil
}

func (o unary) kernels() kernels { return kernels{activateAt[float32](o), activateAt[float64](o)} }

// activating applies a function to each element.
type activating[T engine.Float] struct {
	*site[T]
	o unary
	// forwardRun and reverseRun work on a run of elements: results from arguments, and gradients g of results times the
	// derivatives.
	forwardRun func(l *lane[T], y, x []T)
	reverseRun func(l *lane[T], part, g, x, y []T)
	// byResult says that the derivative is computed from the result instead of the argument.
	byResult bool
}

func activateAt[T engine.Float](o unary) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] {
		a := &activating[T]{site: s, o: o}
		a.forwardRun = func(_ *lane[T], y, x []T) {
			for i, v := range x {
				y[i] = T(o.at(float64(v)))
			}
		}
		a.reverseRun = func(_ *lane[T], part, g, x, _ []T) {
			for i, v := range x {
				part[i] = g[i] * T(o.derivative(float64(v)))
			}
		}
		a.specialise()
		return a
	}
}

// specialise replaces the function by a faster way to compute it, where there is one.
func (a *activating[T]) specialise() {
	switch a.o.name {
	case "Relu", "LeakyRelu":
		if a.o.slope >= 0 && a.o.slope <= 1 {
			a.rectify(T(a.o.slope))
		}
	case "Neg":
		a.forwardRun = func(_ *lane[T], y, x []T) {
			for i, v := range x {
				y[i] = -v
			}
		}
	case "Sqrt":
		a.forwardRun = func(_ *lane[T], y, x []T) {
			for i, v := range x {
				y[i] = T(math.Sqrt(float64(v)))
			}
		}
	}
	if _, single := any(a).(*activating[float32]); single {
		a.specialiseSingle()
	}
}

// specialiseSingle: in float32, errors of a few units in the last place are those of other runtimes.
func (a *activating[T]) specialiseSingle() {
	switch a.o.name {
	case "Exp":
		a.forwardRun = func(l *lane[T], y, x []T) { l.engine.Exp(y, x) }
		a.fromResult(func(y T) T { return y })
	case "Sigmoid":
		a.forwardRun = func(l *lane[T], y, x []T) { l.engine.Sigmoid(y, x, 1) }
		a.fromResult(func(y T) T { return y * (1 - y) })
	case "Tanh":
		a.forwardRun = func(l *lane[T], y, x []T) {
			l.engine.Sigmoid(y, x, 2)
			for i, s := range y {
				y[i] = 2*s - 1
			}
			for i, v := range x {
				if v > -0.1 && v < 0.1 { // where 2 s - 1 would cancel
					q := v * v
					y[i] = v * (1 - q*(1./3-q*(2./15-q*17./315)))
				}
			}
		}
		a.fromResult(func(y T) T { return 1 - y*y })
	}
}

func (a *activating[T]) fromResult(derivative func(T) T) {
	a.byResult = true
	a.reverseRun = func(_ *lane[T], part, g, _, y []T) {
		for i, v := range y {
			part[i] = g[i] * derivative(v)
		}
	}
}

// rectify is a leaky ReLU, whose result has the sign of its argument.
func (a *activating[T]) rectify(slope T) {
	a.byResult = true
	a.forwardRun = func(l *lane[T], y, x []T) { l.engine.ReLU(y, x, slope) }
	a.reverseRun = func(l *lane[T], part, g, _, y []T) { l.engine.ReLUGrad(part, g, y, slope) }
}

func (a *activating[T]) retains(i int) bool { return (i == result) == a.byResult }

func (a *activating[T]) forward() {
	a.crew.split(a.out.size, worthwhile, func(l *lane[T], lo, hi int) {
		a.forwardRun(l, a.out.data[lo:hi], a.in[0].data[lo:hi])
	})
}

func (a *activating[T]) reverse() {
	if !a.in[0].wanted {
		return
	}
	grad, beta := a.in[0].accumulate()
	a.crew.split(a.out.size, worthwhile, func(l *lane[T], lo, hi int) {
		l.accumulate(grad[lo:hi], beta, func(part []T, from, to int) {
			a.reverseRun(l, part, a.out.grad[lo+from:lo+to], a.in[0].data[lo+from:lo+to], a.out.data[lo+from:lo+to])
		})
	})
}

// functions are the elementwise ONNX operators without attributes.
var functions = map[string]function{
	"Abs":   {math.Abs, sign},
	"Ceil":  {math.Ceil, one},
	"Cos":   {math.Cos, func(x float64) float64 { return -math.Sin(x) }},
	"Erf":   {math.Erf, func(x float64) float64 { return 2 / math.SqrtPi * math.Exp(-x*x) }},
	"Exp":   {math.Exp, math.Exp},
	"Floor": {math.Floor, one},
	"HardSwish": {func(x float64) float64 { return x * hardSigmoid(x, 1./6, 0.5) }, func(x float64) float64 {
		return hardSigmoid(x, 1./6, 0.5) + x*hardSigmoidSlope(x, 1./6, 0.5)
	}},
	"Log":        {math.Log, func(x float64) float64 { return 1 / x }},
	"Mish":       {func(x float64) float64 { return x * math.Tanh(softplus(x)) }, mishSlope},
	"Neg":        {func(x float64) float64 { return -x }, func(float64) float64 { return -1 }},
	"Reciprocal": {func(x float64) float64 { return 1 / x }, func(x float64) float64 { return -1 / (x * x) }},
	"Relu":       {func(x float64) float64 { return max(x, 0) }, positive},
	"Round":      {math.RoundToEven, one},
	"Sigmoid":    {sigmoid, func(x float64) float64 { return sigmoid(x) * sigmoid(-x) }},
	"Sign":       {sign, zero},
	"Sin":        {math.Sin, math.Cos},
	"Softplus":   {softplus, sigmoid},
	"Softsign": {func(x float64) float64 { return x / (1 + math.Abs(x)) }, func(x float64) float64 {
		return 1 / ((1 + math.Abs(x)) * (1 + math.Abs(x)))
	}},
	"Sqrt": {math.Sqrt, func(x float64) float64 { return 0.5 / math.Sqrt(x) }},
	"Tanh": {math.Tanh, func(x float64) float64 { y := math.Tanh(x); return 1 - y*y }},
}

func one(float64) float64  { return 1 }
func zero(float64) float64 { return 0 }

// positive is 1 above zero.
func positive(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

func mishSlope(x float64) float64 {
	t := math.Tanh(softplus(x))
	return t + x*(1-t*t)*sigmoid(x)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is log(1 + exp x), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func hardSigmoid(x, alpha, beta float64) float64 { return min(max(alpha*x+beta, 0), 1) }

func hardSigmoidSlope(x, alpha, beta float64) float64 {
	if z := alpha*x + beta; z > 0 && z < 1 {
		return alpha
	}
	return 0
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// exponential is x above zero and scale (exp(x/width) - 1) below, times factor: the form that Elu, Selu and Celu share.
func exponential(scale, width, factor float64) function {
	return function{func(x float64) float64 {
		if x < 0 {
			return factor * scale * math.Expm1(x/width)
		}
		return factor * x
	}, func(x float64) float64 {
		if x < 0 {
			return factor * scale / width * math.Exp(x/width)
		}
		return factor
	}}
}

func elu(k *call) function { return exponential(k.floatAttr("alpha", 1), 1, 1) }

func celu(k *call) function {
	alpha := k.floatAttr("alpha", 1)
	return exponential(alpha, alpha, 1)
}

func selu(k *call) function {
	return exponential(k.floatAttr("alpha", 1.67326319217681884765625), 1, k.floatAttr("gamma", 1.05070102214813232421875))
}

func hardSigmoidOf(k *call) function {
	alpha, beta := k.floatAttr("alpha", 0.2), k.floatAttr("beta", 0.5)
	return function{
		func(x float64) float64 { return hardSigmoid(x, alpha, beta) },
		func(x float64) float64 { return hardSigmoidSlope(x, alpha, beta) },
	}
}

func thresholdedRelu(k *call) function {
	alpha := k.floatAttr("alpha", 1)
	return function{func(x float64) float64 {
		if x > alpha {
			return x
		}
		return 0
	}, func(x float64) float64 { return positive(x - alpha) }}
}

func gelu(k *call) function {
	if k.stringAttr("approximate", "none") == "tanh" {
		inner := func(x float64) float64 { return math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x) }
		return function{
			func(x float64) float64 { return 0.5 * x * (1 + math.Tanh(inner(x))) },
			func(x float64) float64 {
				t := math.Tanh(inner(x))
				return 0.5*(1+t) + 0.5*x*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
			},
		}
	}
	return function{
		func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) },
		func(x float64) float64 {
			return 0.5*(1+math.Erf(x/math.Sqrt2)) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		},
	}
}

func leaky(slope float64) unary {
	return unary{"LeakyRelu", slope, function{func(x float64) float64 {
		if x < 0 {
			return slope * x
		}
		return x
	}, func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return slope
	}}}
}

func clamp(low, high float64) function {
	return function{func(x float64) float64 { return min(max(x, low), high) }, func(x float64) float64 {
		if x < low || x > high {
			return 0
		}
		return 1
	}}
}

// negligibleNorm is the largest lower bound that is taken for a guard of a division by a norm, as in
// torch.nn.functional.normalize (1e-12), which no value ever meets.
const negligibleNorm = 1e-7

// isNone says whether a bound is none: an infinity, or the largest float32 that exporters write for it.
func isNone(bound, sign float64) bool { return bound*sign >= math.MaxFloat32 }

// elementary lowers an operator without attributes.
func elementary(name string) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		if name == "Relu" && isRelu(k.in[0]) {
			return k.in[:1], nil // twice is once
		}
		return k.one(unary{name: name, function: functions[name]}, k.in[0])
	}
}

// parametric lowers an operator whose attributes choose the function.
func parametric(name string, choose func(*call) function) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		return k.one(unary{name: name, function: choose(k)}, k.in[0])
	}
}

func leakyRelu(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.one(leaky(k.floatAttr("alpha", 0.01)), k.in[0])
}

// clip has its bounds as operands since opset 11. With a lower bound of 0 and no upper one it is a Relu.
func clip(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	bounds := [2]float64{k.floatAttr("min", math.Inf(-1)), k.floatAttr("max", math.Inf(1))}
	if k.opset >= 11 {
		bounds = [2]float64{math.Inf(-1), math.Inf(1)}
		for i := range bounds {
			v := k.input(i + 1)
			if v == nil {
				continue
			}
			if v.isInteger() || !v.constant() || volume(v.shape.At(1)) != 1 {
				return nil, refuse("export with constant bounds", "bound %q is not a known number", v.name)
			}
			bounds[i] = v.numbers().data[0]
		}
	}
	low, high := bounds[0], bounds[1]
	if isNone(low, -1) && isNone(high, 1) {
		return k.in[:1], nil
	}
	if low == 0 && isNone(high, 1) {
		return elementary("Relu")(&call{Node: k.Node, c: k.c, in: k.in[:1], opset: k.opset})
	}
	name := fmt.Sprintf("Clip to [%v, %v]", low, high)
	if low > 0 && low <= negligibleNorm && isNone(high, 1) {
		name = "Guard"
	}
	return k.one(unary{name: name, function: clamp(low, high)}, k.in[0])
}

// isFunction says whether an operator is an elementwise function without attributes.
func isFunction(name string) bool {
	_, ok := functions[name]
	return ok
}
