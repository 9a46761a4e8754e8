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
	// at computes in float64, so that only the rounding of arguments and results differs from a reference.
	at func(float64) float64
}

func (unary) infer(in []Shape) (Shape, error) { return in[0], nil }

func elementByElement[T float](o unary, a array[T]) array[T] {
	out := newArray[T](a.shape)
	for i, x := range a.data {
		out.data[i] = T(o.at(float64(x)))
	}
	return out
}

// functions are the elementwise ONNX operators without attributes.
var functions = map[string]func(float64) float64{
	"Abs":        math.Abs,
	"Ceil":       math.Ceil,
	"Cos":        math.Cos,
	"Erf":        math.Erf,
	"Exp":        math.Exp,
	"Floor":      math.Floor,
	"HardSwish":  func(x float64) float64 { return x * hardSigmoid(x, 1./6, 0.5) },
	"Log":        math.Log,
	"Mish":       func(x float64) float64 { return x * math.Tanh(softplus(x)) },
	"Neg":        func(x float64) float64 { return -x },
	"Reciprocal": func(x float64) float64 { return 1 / x },
	"Relu":       func(x float64) float64 { return max(x, 0) },
	"Round":      math.RoundToEven,
	"Sigmoid":    sigmoid,
	"Sign":       sign,
	"Sin":        math.Sin,
	"Softplus":   softplus,
	"Softsign":   func(x float64) float64 { return x / (1 + math.Abs(x)) },
	"Sqrt":       math.Sqrt,
	"Tanh":       math.Tanh,
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// softplus is log(1 + exp x), without overflow.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func hardSigmoid(x, alpha, beta float64) float64 { return min(max(alpha*x+beta, 0), 1) }

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// exponential is x above zero and scale (exp(x/width) - 1) below, the form that Elu, Selu and Celu share.
func exponential(x, scale, width float64) float64 {
	if x < 0 {
		return scale * math.Expm1(x/width)
	}
	return x
}

// function lowers an operator without attributes.
func function(name string) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		return k.one(unary{name: name, at: functions[name]}, k.in[0])
	}
}

// parametric lowers an operator whose attributes choose the function.
func parametric(name string, choose func(*call) func(float64) float64) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		return k.one(unary{name: name, at: choose(k)}, k.in[0])
	}
}

func elu(k *call) func(float64) float64 {
	alpha := k.floatAttr("alpha", 1)
	return func(x float64) float64 { return exponential(x, alpha, 1) }
}

func celu(k *call) func(float64) float64 {
	alpha := k.floatAttr("alpha", 1)
	return func(x float64) float64 { return exponential(x, alpha, alpha) }
}

func selu(k *call) func(float64) float64 {
	alpha, gamma := k.floatAttr("alpha", 1.67326319217681884765625), k.floatAttr("gamma", 1.05070102214813232421875)
	return func(x float64) float64 { return gamma * exponential(x, alpha, 1) }
}

func hardSigmoidOf(k *call) func(float64) float64 {
	alpha, beta := k.floatAttr("alpha", 0.2), k.floatAttr("beta", 0.5)
	return func(x float64) float64 { return hardSigmoid(x, alpha, beta) }
}

func thresholdedRelu(k *call) func(float64) float64 {
	alpha := k.floatAttr("alpha", 1)
	return func(x float64) float64 {
		if x > alpha {
			return x
		}
		return 0
	}
}

func gelu(k *call) func(float64) float64 {
	if k.stringAttr("approximate", "none") == "tanh" {
		return func(x float64) float64 {
			return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}
	}
	return func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) }
}

func leakyRelu(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.one(leaky(k.floatAttr("alpha", 0.01)), k.in[0])
}

func leaky(slope float64) unary {
	return unary{name: "LeakyRelu", slope: slope, at: func(x float64) float64 {
		if x < 0 {
			return slope * x
		}
		return x
	}}
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
	if slope.param != nil {
		held := *slope
		held.fixed = true
		slope = &held
	}
	return k.one(binary{prelu}, x, slope)
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
		return function("Relu")(&call{Node: k.Node, c: k.c, in: k.in[:1], opset: k.opset})
	}
	name := fmt.Sprintf("Clip to [%v, %v]", low, high)
	if low > 0 && low <= negligibleNorm && isNone(high, 1) {
		name = "Guard"
	}
	return k.one(unary{name: name, at: func(x float64) float64 { return min(max(x, low), high) }}, k.in[0])
}

// negligibleNorm is the largest lower bound that is taken for a guard of a division by a norm, as in
// torch.nn.functional.normalize (1e-12), which no value ever meets.
const negligibleNorm = 1e-7

// isNone says whether a bound is none: an infinity, or the largest float32 that exporters write for it.
func isNone(bound, sign float64) bool { return bound*sign >= math.MaxFloat32 }
