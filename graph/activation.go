package graph

import (
	"fmt"
	"math"
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

func (o unary) kernels() kernels { return kernels{activateAt[float32](o), activateAt[float64](o)} }

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

func leakyRelu(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.one(leaky(k.floatAttr("alpha", 0.01)), k.in[0])
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
			if v.integer() || !v.constant() || volume(v.shape.At(1)) != 1 {
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

// isFunction says whether an operator is an elementwise function without attributes.
func isFunction(name string) bool {
	_, ok := functions[name]
	return ok
}
