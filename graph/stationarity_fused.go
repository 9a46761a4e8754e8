package graph

import (
	"fmt"

	"unlearnguard/graph/engine"
)

// fusedStationarity computes the loss of [Stationarity] and its gradients in one go, by reverse differentiation of the
// forward and the backward pass written out. For layer l of m candidates, with A_0 = X,
//
//	forward         Z_l = A_{l-1} W_l^T + b_l,  A_l = relu(Z_l),  S_l = surrogate'(Z_l)
//	backward        U_l = Delta_{l+1} W_{l+1},  Delta_l = U_l * S_l,  Delta_L from the multipliers
//	residual        P_l = dL/dDelta_l and Q_l = dL/dA_{l-1} of block l alone (see stationarity_layer.go)
//	reverse, up     D_l = P_l + Ubar_{l-1} W_l^T,  Ubar_l = D_l * S_l,  T_l = D_l * U_l * S'_l
//	reverse, down   Abar_{l-1} = Q_l + Zbar_l W_l,  Zbar_l = Abar_l * S_l + T_l
//
// where D_L gives the multipliers' gradient and Abar_0 that of X. The weights are constant over all steps and stay
// packed in both orientations.
type fusedStationarity[T engine.Float] struct {
	e      *engine.Engine[T]
	m      int
	labels []int
	layers []*stationarityLayer[T]
	slope  T

	hinges           [2]Hinge // of the samples and of the multipliers
	gradX            []T
	gradMultipliers  []T
	loss, residual   float64
	left             engine.Left[T]  // operands packed on the way
	right            engine.Right[T] //
	partial          []float64       // sums of rows, added up in order
	current          *stationarityLayer[T]
	rows             rowTasks
	hingeOf, hingeBy []T // the job of the hinge task
	hinge            Hinge
	excess           []T
}

// rowTasks are the elementwise passes, as values made once so that none is made a step. They work on the rows of the
// current layer.
type rowTasks struct {
	activate, delta, bias, tangent, zbar, copyWeights, sumColumns, hinge func(lo, hi int)
}

// defaultAlpha is the surrogate's steepness where none is given.
const defaultAlpha = 10

func newFusedStationarity[T engine.Float](net *Dense, labels []int, o StationarityOptions) (*fusedStationarity[T], error) {
	if err := checkStationarity(net, labels, o); err != nil {
		return nil, err
	}
	e, err := engine.New[T](o.Engine)
	if err != nil {
		return nil, fmt.Errorf("stationarity: %w", err)
	}
	f := &fusedStationarity[T]{
		e: e, m: len(labels), labels: append([]int(nil), labels...), slope: T(net.Slope),
		hinges: [2]Hinge{o.Samples, o.Multipliers},
	}
	for l := range net.Layers {
		f.layers = append(f.layers, f.newLayer(net, l, o))
	}
	f.gradX = make([]T, f.m*f.inputs())
	f.gradMultipliers = make([]T, f.m*f.outputs())
	f.allocateScratch()
	f.rows = rowTasks{f.activateRows, f.deltaRows, f.biasRows, f.tangentRows, f.zbarRows, f.copyWeightRows, f.sumColumnRange, f.hingeRows}
	alpha := o.Alpha
	if alpha == 0 {
		alpha = defaultAlpha
	}
	return f, f.setAlpha([]float64{alpha})
}

// allocateScratch makes what the layers share.
func (f *fusedStationarity[T]) allocateScratch() {
	longest := f.m
	for _, l := range f.layers {
		longest = max(longest, l.out)
	}
	f.partial = make([]float64, longest)
	n := 0
	if f.hinges[0].Weight != 0 {
		n = len(f.gradX)
	}
	if f.hinges[1].Weight != 0 {
		n = max(n, len(f.gradMultipliers))
	}
	f.excess = make([]T, n)
}

func (f *fusedStationarity[T]) inputs() int  { return f.layers[0].in }
func (f *fusedStationarity[T]) outputs() int { return f.layers[len(f.layers)-1].out }

func (f *fusedStationarity[T]) setAlpha(alpha []float64) error {
	hidden := f.layers[:len(f.layers)-1]
	if len(alpha) != 1 && len(alpha) != len(hidden) {
		return fmt.Errorf("stationarity: %d surrogates for %d hidden layers", len(alpha), len(hidden))
	}
	for l, layer := range hidden {
		a := alpha[min(l, len(alpha)-1)]
		if !(a > 0) {
			return fmt.Errorf("stationarity: surrogate of steepness %v; it must be positive", a)
		}
		layer.alpha = T(a)
	}
	return nil
}

// run computes the loss and leaves the gradients in gradX and gradMultipliers.
func (f *fusedStationarity[T]) run(x, multipliers []T) float64 {
	last := len(f.layers) - 1
	f.layers[0].a = x
	f.spreadMultipliers(multipliers)
	for l := range last {
		f.forward(l)
	}
	for l := last - 1; l >= 0; l-- {
		f.backward(l)
	}
	f.residual = 0
	for l := range f.layers {
		f.residual += f.block(l)
		f.reverseUp(l)
	}
	for l := last; l >= 0; l-- {
		f.reverseDown(l)
	}
	f.gatherMultipliers()
	f.loss = f.residual
	f.loss += f.addHinge(f.hinges[0], x, f.gradX)
	f.loss += f.addHinge(f.hinges[1], multipliers, f.gradMultipliers)
	return f.loss
}

// spreadMultipliers sets Delta_L: lambda_i y_i, or onehot(y_i) sum_j lambda_ij - lambda_ij.
func (f *fusedStationarity[T]) spreadMultipliers(lambda []T) {
	n := f.outputs()
	delta := f.layers[len(f.layers)-1].delta
	for i, y := range f.labels {
		if n == 1 {
			delta[i] = lambda[i] * T(y)
			continue
		}
		row, sum := lambda[i*n:(i+1)*n], T(0)
		for j, v := range row {
			delta[i*n+j] = -v
			sum += v
		}
		delta[i*n+y] += sum
	}
}

// gatherMultipliers is the reverse of spreadMultipliers, from D_L.
func (f *fusedStationarity[T]) gatherMultipliers() {
	n := f.outputs()
	d := f.layers[len(f.layers)-1].z
	for i, y := range f.labels {
		if n == 1 {
			f.gradMultipliers[i] = d[i] * T(y)
			continue
		}
		for j := range n {
			f.gradMultipliers[i*n+j] = d[i*n+y] - d[i*n+j]
		}
	}
}

// forward computes Z, A and S of hidden layer l. Z is kept without the bias: so the block needs it.
func (f *fusedStationarity[T]) forward(l int) {
	layer := f.layers[l]
	f.e.PackLeft(&layer.packedA, false, f.m, layer.in, layer.a, layer.in)
	f.e.Multiply(1, &layer.packedA, &layer.wT, 0, layer.z, layer.out)
	f.onRows(layer, f.rows.activate)
}

func (f *fusedStationarity[T]) activateRows(lo, hi int) {
	l, next := f.current, f.layers[f.current.index+1]
	for i := lo; i < hi; i++ {
		at, to := i*l.out, (i+1)*l.out
		f.e.Activate(next.a[at:to], l.s[at:to], l.z[at:to], l.bias, l.alpha, f.slope)
	}
}

// backward computes U and Delta of hidden layer l.
func (f *fusedStationarity[T]) backward(l int) {
	layer, next := f.layers[l], f.layers[l+1]
	f.e.PackLeft(&next.packedDelta, false, f.m, next.out, next.delta, next.out)
	f.e.Multiply(1, &next.packedDelta, &next.w, 0, layer.u, layer.out)
	f.onRows(layer, f.rows.delta)
}

func (f *fusedStationarity[T]) deltaRows(lo, hi int) {
	l := f.current
	at, to := lo*l.out, hi*l.out
	f.e.Mul(l.delta[at:to], l.u[at:to], l.s[at:to])
}

// reverseUp completes D of layer l, which is P in z so far, and turns it into Ubar and T where there is a layer above.
func (f *fusedStationarity[T]) reverseUp(l int) {
	layer := f.layers[l]
	if l > 0 {
		below := f.layers[l-1]
		f.e.PackLeft(&f.left, false, f.m, layer.in, below.z, layer.in)
		f.e.Multiply(1, &f.left, &layer.wT, layer.gradientSoFar(), layer.z, layer.out)
	}
	if layer.weight == 0 && l == 0 {
		clear(layer.z)
	}
	if layer.weight != 0 && layer.kappa2 != 0 {
		f.onRows(layer, f.rows.bias)
	}
	if l < len(f.layers)-1 {
		f.onRows(layer, f.rows.tangent)
	}
}

// tangentRows replaces D in z by Ubar and U by T.
func (f *fusedStationarity[T]) tangentRows(lo, hi int) {
	l := f.current
	at, to := lo*l.out, hi*l.out
	f.e.Tangent(l.z[at:to], l.u[at:to], l.z[at:to], l.u[at:to], l.s[at:to], l.alpha, f.slope)
}

// reverseDown computes Abar of layer l's input from that of its output.
func (f *fusedStationarity[T]) reverseDown(l int) {
	layer := f.layers[l]
	abar := f.gradX
	if l > 0 {
		abar = layer.a // packed wherever it is still needed
	}
	hidden := l < len(f.layers)-1
	if hidden {
		f.onRows(layer, f.rows.zbar)
	}
	f.inputGradient(layer, abar, hidden)
}

// zbarRows leaves Zbar = Abar * S + T in u.
func (f *fusedStationarity[T]) zbarRows(lo, hi int) {
	l, abar := f.current, f.layers[f.current.index+1].a
	at, to := lo*l.out, hi*l.out
	f.e.MulAdd(l.u[at:to], abar[at:to], l.s[at:to])
	if l.gram {
		f.e.Axpy(l.u[at:to], -2*T(l.weight), l.delta[at:to])
	}
}

// onRows runs a pass over the m rows of a layer.
func (f *fusedStationarity[T]) onRows(l *stationarityLayer[T], pass func(lo, hi int)) {
	f.current = l
	f.e.Range(f.m, grainOf(l.out), pass)
}

// grainOf is the number of rows of n elements that are worth a thread's turn.
func grainOf(n int) int { return max(1, 1<<14/max(n, 1)) }

// sum adds up the first n partial sums in order.
func (f *fusedStationarity[T]) sum(n int) float64 {
	var s float64
	for _, v := range f.partial[:n] {
		s += v
	}
	return s
}
