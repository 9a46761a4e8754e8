package stationarity

import "unlearnguard/graph/engine"

// hinge is the job of adding the gradient of a penalty on v to grad.
type hinge[T engine.Float] struct {
	Hinge
	v, grad []T
	width   int // of a row
}

// addHinge returns the penalty h on v and adds its gradient to grad.
func (f *fusedLoss[T]) addHinge(h Hinge, v, grad []T) float64 {
	if h.Weight == 0 {
		return 0
	}
	f.hinge = hinge[T]{h, v, grad, len(v) / f.m}
	f.e.Range(f.m, grainOf(f.hinge.width), f.passes.hinge)
	return h.Weight * f.sum(f.m)
}

func (f *fusedLoss[T]) hingeRows(lo, hi int) {
	h := &f.hinge
	for i := lo; i < hi; i++ {
		at, to := i*h.width, (i+1)*h.width
		f.e.Excess(f.excess[at:to], h.v[at:to], T(h.Low), T(h.High))
		f.e.Axpy(h.grad[at:to], 2*T(h.Weight), f.excess[at:to])
		f.partial[i] = f.e.Dot(f.excess[at:to], f.excess[at:to])
	}
}
