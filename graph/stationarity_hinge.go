package graph

// addHinge returns the penalty h on v and adds its gradient to grad.
func (f *fusedStationarity[T]) addHinge(h Hinge, v, grad []T) float64 {
	if h.Weight == 0 {
		return 0
	}
	f.hinge, f.hingeOf, f.hingeBy = h, v, grad
	width := len(v) / f.m
	f.e.Range(f.m, grainOf(width), f.passes.hinge)
	return h.Weight * f.sum(f.m)
}

func (f *fusedStationarity[T]) hingeRows(lo, hi int) {
	width := len(f.hingeOf) / f.m
	for i := lo; i < hi; i++ {
		at, to := i*width, (i+1)*width
		over := f.excess[at:to]
		f.e.Excess(over, f.hingeOf[at:to], T(f.hinge.Low), T(f.hinge.High))
		f.e.Axpy(f.hingeBy[at:to], 2*T(f.hinge.Weight), over)
		f.partial[i] = f.e.Dot(over, over)
	}
}
