package stationarity

import (
	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// fusedLayer is one layer's constants, and its buffers of a row for each patch of each candidate. Buffers are
// reused as the passes go on: z holds Z, then D, then Ubar; u holds U, then T, then Zbar; h holds the activations, then
// their gradient. a is what the layer reads: X or h of the layer below, or patches of it.
type fusedLayer[T engine.Float] struct {
	in, out, rows  int
	intake         *Intake[T]
	weights        []T             // out x in
	w, wT          engine.Right[T] // W and W^T, packed
	bias           []T
	norm           float64 // ||W||^2
	weight, kappa2 float64 // of the block and of its bias, squared; kappa2 is 0 where there is no bias
	alpha          T
	gram           bool
	inputWeights   []T // of the residual's columns; nil: ones

	a, h, z, s, u, delta []T
	leftA, leftDelta     engine.Left[T]
	biasResidual         []T
	residual             []T // W - Delta^T A, where !gram: out x in
	inputs, signals      []T // A A^T and Delta Delta^T, where gram: rows x rows
}

func (f *fusedLoss[T]) newLayer(net *chain.Convolutional, l int, o Options) *fusedLayer[T] {
	affine := net.Layers[l]
	out, in := affine.W.Dims()
	layer := &fusedLayer[T]{
		in: in, out: out, rows: f.m * affine.Positions(), intake: NewIntake(f.e, f.m, affine),
		weight: 1, weights: make([]T, out*in), bias: make([]T, out),
	}
	for i := range out {
		for j := range in {
			layer.weights[i*in+j] = T(affine.W.At(i, j))
		}
	}
	f.e.PackRight(&layer.w, false, out, in, layer.weights, in)
	f.e.PackRight(&layer.wT, true, in, out, layer.weights, in)
	layer.norm = f.e.Dot(layer.weights, layer.weights)
	if o.Weights != nil {
		layer.weight = o.Weights[l]
	}
	if affine.B != nil {
		layer.kappa2 = 1
		if o.BiasScales != nil {
			layer.kappa2 = o.BiasScales[l] * o.BiasScales[l]
		}
		for i, b := range affine.B {
			layer.bias[i] = T(b)
		}
	}
	if l == 0 && o.InputWeights != nil {
		layer.inputWeights = make([]T, in)
		for j, s := range o.InputWeights {
			layer.inputWeights[j] = T(s)
		}
	}
	last := l == len(net.Layers)-1
	layer.gram = !last && layer.weight != 0 && layer.inputWeights == nil && gramWins(layer.rows, in, out)
	layer.allocate(last)
	return layer
}

// gramWins compares 3 rows^2 (in+out)/2 multiplications with 3 rows in out: the rows against the harmonic mean of the
// widths.
func gramWins(rows, in, out int) bool { return rows*(in+out) < 2*in*out }

func (l *fusedLayer[T]) allocate(last bool) {
	n := l.rows * l.out
	l.delta, l.z = make([]T, n), make([]T, n)
	if l.intake != nil {
		l.a = make([]T, l.rows*l.in)
	}
	if !last {
		l.h, l.s, l.u = make([]T, n), make([]T, n), make([]T, n)
	}
	if l.weight == 0 {
		return
	}
	l.biasResidual = make([]T, l.out)
	if l.gram {
		l.inputs, l.signals = make([]T, l.rows*l.rows), make([]T, l.rows*l.rows)
	} else {
		l.residual = make([]T, l.out*l.in)
	}
}

// readsRowsOf reports whether the layer's A is H of the layer below, row for row: neither patches of it nor, a convolution
// being below, all its positions side by side.
func (l *fusedLayer[T]) readsRowsOf(below *fusedLayer[T]) bool {
	return l.intake == nil && l.in == below.out
}

// gradientSoFar is 1 where z holds the block's P already and 0 where it holds nothing of use.
func (l *fusedLayer[T]) gradientSoFar() T {
	if l.weight == 0 {
		return 0
	}
	return 1
}

// block adds layer l's block to the loss and leaves P in z, but for the bias's part, which tangent adds:
//
//	R = W - Delta^T A,  loss = w (||R||^2 + kappa^2 ||b - Delta^T 1||^2),  P = -2 w A R^T - 2 w kappa^2 1 (b - Delta^T 1)^T
//
// With input weights S = diag(s), ||R S||^2 takes the place of ||R||^2 in the loss and R S^2 that of R in what follows.
// Then, if given, follows for P's blocks.
func (f *fusedLoss[T]) block(l int, then func(engine.Block)) {
	layer := f.layers[l]
	f.current = layer
	if layer.weight == 0 {
		clear(layer.z)
		if then != nil {
			then(engine.Block{ToRow: layer.rows, ToCol: layer.out})
		}
		return
	}
	if l == 0 {
		f.e.ViewLeft(&layer.leftDelta, layer.rows, layer.out, layer.delta, layer.out)
	}
	bias := f.biasBlock(layer)
	var loss, residual float64
	if layer.gram {
		loss = f.gramBlock(layer, then)
		residual = loss
	} else {
		loss, residual = f.directBlock(layer, then)
	}
	f.loss += layer.weight * (bias + loss)
	f.residual += layer.weight * (bias + residual)
}

// directBlock forms R. It is what costs least where there are more candidates than the layer is wide. It returns the loss
// with and without input weights.
func (f *fusedLoss[T]) directBlock(l *fusedLayer[T], then func(engine.Block)) (loss, residual float64) {
	f.e.Range(l.out, grainOf(l.in), f.passes.copyWeights)
	f.e.Gemm(true, false, l.out, l.in, l.rows, -1, l.delta, l.out, l.a, l.in, 1, l.residual, l.in)
	residual = f.dot(l.residual, l.residual, l.out)
	loss = residual
	if l.inputWeights != nil {
		f.e.Range(l.out, grainOf(l.in), f.passes.weighInputs)
		loss = f.dot(l.residual, l.residual, l.out)
		f.e.Range(l.out, grainOf(l.in), f.passes.weighInputs)
	}
	f.e.PackRight(&f.right, true, l.in, l.out, l.residual, l.in)
	f.e.MultiplyThen(-2*T(l.weight), &l.leftA, &f.right, 0, l.z, l.out, then)
	return loss, residual
}

// gramBlock gets by without R, through K = A A^T and H = Delta Delta^T:
//
//	||R||^2 = ||W||^2 - 2 <Delta, A W^T> + <H, K>,  A R^T = A W^T - K Delta
func (f *fusedLoss[T]) gramBlock(l *fusedLayer[T], then func(engine.Block)) float64 {
	f.e.PackRight(&f.right, true, l.in, l.rows, l.a, l.in)
	f.e.MultiplySymmetric(&l.leftA, &f.right, l.inputs, l.rows)
	f.e.PackRight(&f.right, true, l.out, l.rows, l.delta, l.out)
	f.e.MultiplySymmetric(&l.leftDelta, &f.right, l.signals, l.rows)
	loss := l.norm - 2*f.dot(l.delta, l.z, l.rows) + f.dot(l.signals, l.inputs, l.rows)
	w := 2 * T(l.weight)
	f.e.ViewLeft(&f.left, l.rows, l.rows, l.inputs, l.rows)
	f.e.PackRight(&f.right, false, l.rows, l.out, l.delta, l.out)
	f.e.MultiplyThen(w, &f.left, &f.right, -w, l.z, l.out, then)
	return loss
}

// biasBlock leaves kappa^2 (b - Delta^T 1) in biasResidual and returns kappa^2 ||b - Delta^T 1||^2.
func (f *fusedLoss[T]) biasBlock(l *fusedLayer[T]) float64 {
	if !l.hasBiasBlock() {
		return 0
	}
	f.e.Range(l.out, max(64, grainOf(l.rows)), f.passes.sumColumns)
	r := l.biasResidual
	loss := l.kappa2 * f.e.Dot(r, r)
	for j := range r {
		r[j] *= T(l.kappa2)
	}
	return loss
}

func (l *fusedLayer[T]) hasBiasBlock() bool { return l.weight != 0 && l.kappa2 != 0 }

// sumColumns sets columns [lo, hi) of b - Delta^T 1.
func (f *fusedLoss[T]) sumColumns(lo, hi int) {
	l := f.current
	r := l.biasResidual[lo:hi]
	copy(r, l.bias[lo:hi])
	for i := range l.rows {
		f.e.Axpy(r, -1, l.delta[i*l.out+lo:i*l.out+hi])
	}
}

func (f *fusedLoss[T]) copyWeights(lo, hi int) {
	l := f.current
	copy(l.residual[lo*l.in:hi*l.in], l.weights[lo*l.in:])
}

// weighInputs multiplies the columns of rows [lo, hi) of R by the input weights.
func (f *fusedLoss[T]) weighInputs(lo, hi int) {
	l := f.current
	for i := lo; i < hi; i++ {
		row := l.residual[i*l.in:][:l.in]
		f.e.Mul(row, row, l.inputWeights)
	}
}

// inputGradient sets Abar = Q + Zbar W and calls then for its blocks, where Q is -2 w Delta R = -2 w (Delta W - H A).
// Zbar is in u, less 2 w Delta under gram; the last layer has none.
func (f *fusedLoss[T]) inputGradient(l *fusedLayer[T], abar []T, then func(engine.Block)) {
	w := 2 * T(l.weight)
	last := l.s == nil
	switch {
	case l.weight == 0 && last:
		clear(abar)
		if then != nil {
			then(engine.Block{ToRow: l.rows, ToCol: l.in})
		}
	case l.gram:
		f.e.Gemm(false, false, l.rows, l.in, l.rows, w, l.signals, l.rows, l.a, l.in, 0, abar, l.in)
	case l.weight != 0:
		f.e.PackRight(&f.right, false, l.out, l.in, l.residual, l.in)
		if last {
			f.e.MultiplyThen(-w, &l.leftDelta, &f.right, 0, abar, l.in, then)
		} else {
			f.e.Multiply(-w, &l.leftDelta, &f.right, 0, abar, l.in)
		}
	}
	if !last {
		f.e.ViewLeft(&f.left, l.rows, l.out, l.u, l.out)
		f.e.MultiplyThen(1, &f.left, &l.w, l.gradientSoFar(), abar, l.in, then)
	}
}
