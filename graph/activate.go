package graph

import (
	"fmt"
	"math"

	"unlearnguard/graph/engine"
)

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
