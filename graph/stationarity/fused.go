package stationarity

import (
	"fmt"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// fusedLoss computes the loss of [Loss] and its gradients in one go, by reverse differentiation of the
// forward and the backward pass written out. For layer l of m candidates, with A_0 = X,
//
//	forward         Z_l = A_{l-1} W_l^T + b_l,  A_l = relu(Z_l),  S_l = surrogate'(Z_l)
//	backward        U_l = Delta_{l+1} W_{l+1},  Delta_l = U_l * S_l,  Delta_L from the multipliers
//	residual        P_l = dL/dDelta_l and Q_l = dL/dA_{l-1} of block l alone (see layer.go)
//	reverse, up     D_l = P_l + Ubar_{l-1} W_l^T,  Ubar_l = D_l * S_l,  T_l = D_l * U_l * S'_l
//	reverse, down   Abar_{l-1} = Q_l + Zbar_l W_l,  Zbar_l = Abar_l * S_l + T_l
//
// where D_L gives the multipliers' gradient and Abar_0 that of X. The weights are constant over all steps and stay
// packed in both orientations.
//
// The pass up is the network's forward tangent along V_l = -2 w_l R_l, R_l being the block's residual: D_l and Ubar_l are
// the tangents of Z_l and A_l, by <V, grad_W M> = d/dt M(W + t V). So an operator needs a tangent and a transpose, and no
// second derivative. A convolution reads patches of the activations below: its A has a row for each patch of each
// candidate, A and the tangent Ubar are laid out for it, and U and Abar are added back.
type fusedLoss[T engine.Float] struct {
	e      *engine.Engine[T]
	m      int
	labels []int
	// sampleSize is the number of elements of a candidate.
	sampleSize int
	layers     []*fusedLayer[T]
	slope      T

	x, gradX        []T
	gradMultipliers []T
	loss, residual  float64
	left            engine.Left[T] // operands packed on the way
	right           engine.Right[T]
	laidOut         []T       // a convolution's patches of what is not kept
	partial         []float64 // sums of rows, added up in order

	samples, multipliers Hinge
	excess               []T // of what a hinge bounds

	// The passes, and the jobs in hand.
	passes  passes
	current *fusedLayer[T]
	pass    func(engine.Block)
	dots    dots[T]
	hinge   hinge[T]
}

// passes are the elementwise functions, as values made once so that none is made a step. The first four follow a product
// whose blocks they work on.
type passes struct {
	activate, delta, tangent, zbar func(engine.Block)
	copyWeights, weighInputs       func(lo, hi int)
	sumColumns, rows               func(lo, hi int)
	dots, hinge                    func(lo, hi int)
}

// defaultAlpha is the surrogate's steepness where none is given.
const defaultAlpha = 10

func newFusedLoss[T engine.Float](net *chain.Convolutional, labels []int, o Options) (*fusedLoss[T], error) {
	if err := check(net, labels, o); err != nil {
		return nil, err
	}
	e, err := engine.New[T](o.Engine)
	if err != nil {
		return nil, fmt.Errorf("stationarity: %w", err)
	}
	f := &fusedLoss[T]{
		e: e, m: len(labels), labels: append([]int(nil), labels...), slope: T(net.Slope),
		samples: o.Samples, multipliers: o.Multipliers,
	}
	for l := range net.Layers {
		f.layers = append(f.layers, f.newLayer(net, l, o))
	}
	f.sampleSize = net.Inputs()
	f.gradX = make([]T, f.m*f.inputs())
	f.gradMultipliers = make([]T, f.m*f.outputs())
	f.allocateScratch()
	f.passes = passes{f.activate, f.deltaOf, f.tangent, f.zbar, f.copyWeights, f.weighInputs, f.sumColumns, f.passRows, f.dotRows, f.hingeRows}
	alpha := o.Alpha
	if alpha == 0 {
		alpha = defaultAlpha
	}
	return f, f.setAlpha([]float64{alpha})
}

// allocateScratch makes what the layers share.
func (f *fusedLoss[T]) allocateScratch() {
	rows, patches := f.m, 0
	for _, l := range f.layers {
		rows = max(rows, l.rows, l.out)
		if l.intake != nil {
			patches = max(patches, l.rows*l.in)
		}
	}
	f.partial = make([]float64, rows)
	f.laidOut = make([]T, patches)
	n := 0
	if f.samples.Weight != 0 {
		n = len(f.gradX)
	}
	if f.multipliers.Weight != 0 {
		n = max(n, len(f.gradMultipliers))
	}
	f.excess = make([]T, n)
}

func (f *fusedLoss[T]) inputs() int  { return f.sampleSize }
func (f *fusedLoss[T]) outputs() int { return f.layers[len(f.layers)-1].out }

func (f *fusedLoss[T]) setAlpha(alpha []float64) error {
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
func (f *fusedLoss[T]) run(x, multipliers []T) float64 {
	last := len(f.layers) - 1
	f.x = x
	f.spreadMultipliers(multipliers)
	for l := range last {
		f.forward(l)
	}
	f.readInput(last)
	for l := last - 1; l >= 0; l-- {
		f.backward(l)
	}
	f.loss, f.residual = 0, 0
	f.block(0, f.passes.tangent)
	for l := 1; l <= last; l++ {
		f.block(l, nil)
		f.reverseUp(l)
	}
	for l := last; l >= 0; l-- {
		f.reverseDown(l)
	}
	f.gatherMultipliers()
	f.loss += f.addHinge(f.samples, x, f.gradX)
	f.loss += f.addHinge(f.multipliers, multipliers, f.gradMultipliers)
	return f.loss
}

// spreadMultipliers sets Delta_L: lambda_i y_i, or onehot(y_i) sum_j lambda_ij - lambda_ij.
func (f *fusedLoss[T]) spreadMultipliers(lambda []T) {
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
func (f *fusedLoss[T]) gatherMultipliers() {
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

// readInput lays out A of layer l.
func (f *fusedLoss[T]) readInput(l int) {
	layer, source := f.layers[l], f.x
	if l > 0 {
		source = f.layers[l-1].h
	}
	if layer.intake == nil {
		layer.a = source
	} else {
		layer.intake.Read(layer.a, source, true)
	}
	if l < len(f.layers)-1 || layer.weight != 0 {
		f.e.ViewLeft(&layer.leftA, layer.rows, layer.in, layer.a, layer.in)
	}
}

// forward computes Z, A and S of hidden layer l. Z is kept without the bias: so the block needs it.
func (f *fusedLoss[T]) forward(l int) {
	f.readInput(l)
	layer := f.layers[l]
	f.current = layer
	f.e.MultiplyThen(1, &layer.leftA, &layer.wT, 0, layer.z, layer.out, f.passes.activate)
}

func (f *fusedLoss[T]) activate(b engine.Block) {
	l := f.current
	for i := b.Row; i < b.ToRow; i++ {
		at, to := i*l.out+b.Col, i*l.out+b.ToCol
		f.e.Activate(l.h[at:to], l.s[at:to], l.z[at:to], l.bias[b.Col:b.ToCol], l.alpha, f.slope)
	}
}

// backward computes U and Delta of hidden layer l.
func (f *fusedLoss[T]) backward(l int) {
	layer, next := f.layers[l], f.layers[l+1]
	f.current = layer
	f.e.ViewLeft(&next.leftDelta, next.rows, next.out, next.delta, next.out)
	if next.readsRowsOf(layer) {
		f.e.MultiplyThen(1, &next.leftDelta, &next.w, 0, layer.u, layer.out, f.passes.delta)
		return
	}
	u := f.outputFor(next, layer.u)
	f.e.Multiply(1, &next.leftDelta, &next.w, 0, u, next.in)
	f.addBack(next, layer.u)
	f.onRows(layer, f.passes.delta)
}

// outputFor is where a product writes a gradient by what a layer reads: to that, or, where it reads patches, to memory
// from which addBack adds them up.
func (f *fusedLoss[T]) outputFor(l *fusedLayer[T], to []T) []T {
	if l.intake == nil {
		return to
	}
	return f.laidOut
}

func (f *fusedLoss[T]) addBack(l *fusedLayer[T], to []T) {
	if l.intake != nil {
		l.intake.Scatter(to, f.laidOut)
	}
}

func (f *fusedLoss[T]) deltaOf(b engine.Block) {
	l := f.current
	for i := b.Row; i < b.ToRow; i++ {
		at, to := i*l.out+b.Col, i*l.out+b.ToCol
		f.e.Mul(l.delta[at:to], l.u[at:to], l.s[at:to])
	}
}

// reverseUp completes D of layer l, for which z holds P, and turns it into Ubar and T. (The first layer's D is P.)
func (f *fusedLoss[T]) reverseUp(l int) {
	layer := f.layers[l]
	f.current = layer
	ubar := f.layers[l-1].z
	if layer.intake != nil {
		layer.intake.Read(f.laidOut, ubar, false)
		ubar = f.laidOut
	}
	f.e.ViewLeft(&f.left, layer.rows, layer.in, ubar, layer.in)
	f.e.MultiplyThen(1, &f.left, &layer.wT, layer.gradientSoFar(), layer.z, layer.out, f.passes.tangent)
}

// tangent adds the bias's part of P to D in z, and in a hidden layer replaces D by Ubar and U by T.
func (f *fusedLoss[T]) tangent(b engine.Block) {
	l := f.current
	for i := b.Row; i < b.ToRow; i++ {
		at, to := i*l.out+b.Col, i*l.out+b.ToCol
		if l.hasBiasBlock() {
			f.e.Axpy(l.z[at:to], -2*T(l.weight), l.biasResidual[b.Col:b.ToCol])
		}
		if l.s != nil {
			f.e.Tangent(l.z[at:to], l.u[at:to], l.z[at:to], l.u[at:to], l.s[at:to], l.alpha, f.slope)
		}
	}
}

// reverseDown computes Abar of layer l's input, and Zbar of the layer below if there is one.
func (f *fusedLoss[T]) reverseDown(l int) {
	layer := f.layers[l]
	if l == 0 {
		f.inputGradient(layer, f.outputFor(layer, f.gradX), nil)
		f.addBack(layer, f.gradX)
		return
	}
	below := f.layers[l-1]
	abar := below.h // what is still needed of it is packed
	f.current = below
	if layer.readsRowsOf(below) {
		f.inputGradient(layer, abar, f.passes.zbar)
		return
	}
	f.inputGradient(layer, f.outputFor(layer, abar), nil)
	f.addBack(layer, abar)
	f.onRows(below, f.passes.zbar)
}

// zbar leaves Zbar = Abar * S + T in u, less 2 w Delta where the block's Q comes by way of it.
func (f *fusedLoss[T]) zbar(b engine.Block) {
	l := f.current
	for i := b.Row; i < b.ToRow; i++ {
		at, to := i*l.out+b.Col, i*l.out+b.ToCol
		f.e.MulAdd(l.u[at:to], l.h[at:to], l.s[at:to])
		if l.gram {
			f.e.Axpy(l.u[at:to], -2*T(l.weight), l.delta[at:to])
		}
	}
}

// onRows runs a pass over a layer's rows, where no product takes it along.
func (f *fusedLoss[T]) onRows(l *fusedLayer[T], pass func(engine.Block)) {
	f.current, f.pass = l, pass
	f.e.Range(l.rows, grainOf(l.out), f.passes.rows)
}

func (f *fusedLoss[T]) passRows(lo, hi int) {
	f.pass(engine.Block{Row: lo, ToRow: hi, Col: 0, ToCol: f.current.out})
}

// grainOf is the number of rows of n elements that are worth a thread's turn.
func grainOf(n int) int { return max(1, 1<<14/max(n, 1)) }

// dots is the job of an inner product: two arrays of rows of some width.
type dots[T engine.Float] struct {
	x, y  []T
	width int
}

// dot is the inner product of two arrays of `rows` rows, accumulated in float64: rows by all threads, then their sums in
// order, so that it does not depend on the number of threads.
func (f *fusedLoss[T]) dot(x, y []T, rows int) float64 {
	f.dots = dots[T]{x, y, len(x) / rows}
	f.e.Range(rows, grainOf(f.dots.width), f.passes.dots)
	return f.sum(rows)
}

func (f *fusedLoss[T]) dotRows(lo, hi int) {
	n := f.dots.width
	for i := lo; i < hi; i++ {
		f.partial[i] = f.e.Dot(f.dots.x[i*n:(i+1)*n], f.dots.y[i*n:(i+1)*n])
	}
}

// sum adds up the first n partial sums in order.
func (f *fusedLoss[T]) sum(n int) float64 {
	var s float64
	for _, v := range f.partial[:n] {
		s += v
	}
	return s
}
