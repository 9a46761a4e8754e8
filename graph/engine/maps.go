package engine

// The functions here work on one thread; use [Engine.Range] to spread them. dst may be one of the arguments. Slices
// must be as long as the first one.

// Exp sets dst to e^x, to 4 units in the last place. Results below four times the smallest normal number are 0.
func (e *Engine[T]) Exp(dst, x []T) {
	if n := same(len(dst), len(x)); n > 0 {
		e.kernel.exp(n, &dst[0], &x[0])
	}
}

// Sigmoid sets dst to 1/(1+e^(-alpha z)), and to exactly 0 where alpha z <= -40, so that no denormal numbers arise.
func (e *Engine[T]) Sigmoid(dst, z []T, alpha T) {
	if n := same(len(dst), len(z)); n > 0 {
		e.kernel.sigmoid(n, &dst[0], &z[0], alpha)
	}
}

// ReLU sets dst to max(z, slope z), for 0 <= slope <= 1.
func (e *Engine[T]) ReLU(dst, z []T, slope T) {
	if n := same(len(dst), len(z)); n > 0 {
		e.kernel.relu(n, &dst[0], &z[0], slope)
	}
}

// ReLUGrad sets dst to g s(y), where s is the derivative of ReLU by its result y: 1 where y > 0 and slope elsewhere.
func (e *Engine[T]) ReLUGrad(dst, g, y []T, slope T) {
	if n := same(len(dst), len(g), len(y)); n > 0 {
		e.kernel.reluGrad(n, &dst[0], &g[0], &y[0], slope)
	}
}

// Affine sets dst to factor x + offset.
func (e *Engine[T]) Affine(dst, x []T, factor, offset T) {
	if n := same(len(dst), len(x)); n > 0 {
		e.kernel.affine(n, &dst[0], &x[0], factor, offset)
	}
}

// Add sets dst to x + y.
func (e *Engine[T]) Add(dst, x, y []T) {
	if n := same(len(dst), len(x), len(y)); n > 0 {
		e.kernel.add(n, &dst[0], &x[0], &y[0])
	}
}

// Activate computes a layer's output and the surrogate of its derivative at once, for pre-activations z + b:
// h = max(z+b, slope (z+b)) and s = slope + (1-slope) sigmoid(alpha (z+b)).
func (e *Engine[T]) Activate(h, s, z, b []T, alpha, slope T) {
	if n := same(len(h), len(s), len(z), len(b)); n > 0 {
		e.kernel.activate(n, &h[0], &s[0], &z[0], &b[0], alpha, slope, 1-slope)
	}
}

// Tangent is the reverse of delta = u s(z), where s is Activate's: given g, the gradient by delta, it sets ubar to the
// gradient by u, g s, and zbar to that by z, g u s'(z).
func (e *Engine[T]) Tangent(ubar, zbar, g, u, s []T, alpha, slope T) {
	if n := same(len(ubar), len(zbar), len(g), len(u), len(s)); n > 0 {
		e.kernel.tangent(n, &ubar[0], &zbar[0], &g[0], &u[0], &s[0], alpha/(1-slope), slope)
	}
}

// Excess sets dst to what x lies above high or, negative, below low: x - min(max(x, low), high).
func (e *Engine[T]) Excess(dst, x []T, low, high T) {
	if n := same(len(dst), len(x)); n > 0 {
		e.kernel.excess(n, &dst[0], &x[0], low, high)
	}
}

// Mul sets dst to x y.
func (e *Engine[T]) Mul(dst, x, y []T) {
	if n := same(len(dst), len(x), len(y)); n > 0 {
		e.kernel.mul(n, &dst[0], &x[0], &y[0])
	}
}

// MulAdd adds x y to dst.
func (e *Engine[T]) MulAdd(dst, x, y []T) {
	if n := same(len(dst), len(x), len(y)); n > 0 {
		e.kernel.mulAdd(n, &dst[0], &x[0], &y[0])
	}
}

// Axpy adds alpha x to dst.
func (e *Engine[T]) Axpy(dst []T, alpha T, x []T) {
	if n := same(len(dst), len(x)); n > 0 {
		e.kernel.axpy(n, &dst[0], &x[0], alpha)
	}
}

// Dot is the inner product of x and y, accumulated in float64.
func (e *Engine[T]) Dot(x, y []T) float64 {
	if n := same(len(x), len(y)); n > 0 {
		return e.kernel.dot(n, &x[0], &y[0])
	}
	return 0
}

// Sum is the sum of x, accumulated in float64.
func (e *Engine[T]) Sum(x []T) float64 {
	if len(x) > 0 {
		return e.kernel.sum(len(x), &x[0])
	}
	return 0
}

// same is the common length.
func same(n int, others ...int) int {
	for _, o := range others {
		if o != n {
			panic("engine: slices of different lengths")
		}
	}
	return n
}
