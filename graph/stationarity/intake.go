package stationarity

import (
	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// Intake is how a layer reads its input, samples or the activations below: the largest elements under windows, then
// patches of them; either may be absent. Once the largest are chosen it is a linear map, which the tangents go through as
// well, and whose transpose takes gradients back. It must not be used by two goroutines at a time.
type Intake[T engine.Float] struct {
	e       *engine.Engine[T]
	m       int
	maxima  *chain.Maxima
	patches *chain.Patches
	exact   bool    // every element of the patches is written once, with weight 1
	chosen  []int32 // where the largest are in a sample's input, for all samples
	pooled  []T     // what lies between maxima and patches, for all samples

	// The job in hand, and its passes over samples as values made once.
	dst, src              []T
	choose                bool
	readPass, scatterPass func(lo, hi int)
}

// NewIntake returns the intake of a layer for m samples, nil where the layer reads its input as it is. Passes run on e's
// threads.
func NewIntake[T engine.Float](e *engine.Engine[T], m int, layer chain.Layer) *Intake[T] {
	if layer.Patches == nil && layer.Maxima == nil {
		return nil
	}
	in := &Intake[T]{e: e, m: m, maxima: layer.Maxima, patches: layer.Patches}
	if in.maxima != nil {
		in.chosen = make([]int32, m*len(in.maxima.Windows))
		in.pooled = make([]T, m*len(in.maxima.Windows))
	}
	in.exact = in.patches != nil && exact(in.patches)
	in.readPass, in.scatterPass = in.readSamples, in.scatterSamples
	return in
}

// inputs is the number of elements a sample that are read.
func (in *Intake[T]) inputs() int {
	if in.maxima != nil {
		return in.maxima.Inputs
	}
	return in.patches.Inputs
}

// Outputs is the number of elements a sample that they are laid out as.
func (in *Intake[T]) Outputs() int {
	if in.patches != nil {
		return in.patches.Positions * in.patches.Length
	}
	return len(in.maxima.Windows)
}

// Read maps src, all samples' inputs, to dst, their patches. With choose set it chooses the largest elements anew.
func (in *Intake[T]) Read(dst, src []T, choose bool) {
	in.dst, in.src, in.choose = dst, src, choose
	in.e.Range(in.m, 1, in.readPass)
}

// Scatter maps src, of all samples' patches, to dst, of their inputs, by the transpose.
func (in *Intake[T]) Scatter(dst, src []T) {
	in.dst, in.src = dst, src
	in.e.Range(in.m, 1, in.scatterPass)
}

func (in *Intake[T]) readSamples(lo, hi int) {
	for i := lo; i < hi; i++ {
		dst, src := sampleOf(in.dst, i, in.Outputs()), sampleOf(in.src, i, in.inputs())
		if in.maxima == nil {
			in.gather(dst, src)
			continue
		}
		chosen := sampleOf(in.chosen, i, len(in.maxima.Windows))
		if in.choose {
			choose(in.maxima, chosen, src)
		}
		pooled := dst
		if in.patches != nil {
			pooled = sampleOf(in.pooled, i, len(chosen))
		}
		for j, from := range chosen {
			pooled[j] = src[from]
		}
		if in.patches != nil {
			in.gather(dst, pooled)
		}
	}
}

func (in *Intake[T]) scatterSamples(lo, hi int) {
	for i := lo; i < hi; i++ {
		dst, src := sampleOf(in.dst, i, in.inputs()), sampleOf(in.src, i, in.Outputs())
		if in.maxima == nil {
			in.ungather(dst, src)
			continue
		}
		chosen, pooled := sampleOf(in.chosen, i, len(in.maxima.Windows)), src
		if in.patches != nil {
			pooled = sampleOf(in.pooled, i, len(chosen))
			in.ungather(pooled, src)
		}
		clear(dst)
		for j, from := range chosen {
			dst[from] += pooled[j]
		}
	}
}

// sampleOf is sample i of an array of samples of n elements.
func sampleOf[E any](a []E, i, n int) []E { return a[i*n : (i+1)*n] }

// gather lays out one sample's patches.
func (in *Intake[T]) gather(dst, src []T) {
	if in.exact {
		for _, r := range in.patches.Runs {
			copy(dst[r.To:r.To+r.Count], src[r.From:r.From+r.Count])
		}
		return
	}
	clear(dst)
	for _, r := range in.patches.Runs {
		in.e.Axpy(dst[r.To:r.To+r.Count], T(r.Weight), src[r.From:r.From+r.Count])
	}
}

// ungather adds up what lies at an element's places in the patches.
func (in *Intake[T]) ungather(dst, src []T) {
	clear(dst)
	for _, r := range in.patches.Runs {
		in.e.Axpy(dst[r.From:r.From+r.Count], T(r.Weight), src[r.To:r.To+r.Count])
	}
}

// exact reports whether the runs cover the patches without overlap, all of weight 1.
func exact(p *chain.Patches) bool {
	written := 0
	for i, r := range p.Runs {
		if r.Weight != 1 || i > 0 && r.To < p.Runs[i-1].To+p.Runs[i-1].Count {
			return false
		}
		written += r.Count
	}
	return written == p.Positions*p.Length
}

// choose finds the first of the largest elements under each window.
func choose[T engine.Float](m *chain.Maxima, chosen []int32, x []T) {
	for j, window := range m.Windows {
		best := window[0]
		for _, at := range window[1:] {
			if x[at] > x[best] {
				best = at
			}
		}
		chosen[j] = int32(best)
	}
}
