package graph

import (
	"fmt"

	"unlearnguard/graph/engine"
)

// intake is how a layer reads its input, X or the activations below: the largest elements under windows, then patches of
// them; either may be absent. Once the largest are chosen it is a linear map, which the tangents go through as well, and
// whose transpose takes gradients back.
type intake[T engine.Float] struct {
	e       *engine.Engine[T]
	m       int
	maxima  *Maxima
	patches *Patches
	exact   bool    // every element of the patches is written once, with weight 1
	chosen  []int32 // where the largest are in a sample's input, for all samples
	pooled  []T     // what lies between maxima and patches, for all samples

	// The job in hand, and its passes over samples as values made once.
	dst, src              []T
	choose                bool
	readPass, scatterPass func(lo, hi int)
}

// newIntake returns nil where the layer reads its input as it is.
func newIntake[T engine.Float](e *engine.Engine[T], m int, layer ConvolutionalLayer) *intake[T] {
	if layer.Patches == nil && layer.Maxima == nil {
		return nil
	}
	in := &intake[T]{e: e, m: m, maxima: layer.Maxima, patches: layer.Patches}
	if in.maxima != nil {
		in.chosen = make([]int32, m*len(in.maxima.Windows))
		in.pooled = make([]T, m*len(in.maxima.Windows))
	}
	in.exact = in.patches != nil && in.patches.exact()
	in.readPass, in.scatterPass = in.readSamples, in.scatterSamples
	return in
}

// inputs and outputs are the numbers of elements a sample.
func (in *intake[T]) inputs() int {
	if in.maxima != nil {
		return in.maxima.Inputs
	}
	return in.patches.Inputs
}

func (in *intake[T]) outputs() int {
	if in.patches != nil {
		return in.patches.Positions * in.patches.Length
	}
	return len(in.maxima.Windows)
}

// read maps src, all samples' inputs, to dst. With choose set it chooses the largest elements anew.
func (in *intake[T]) read(dst, src []T, choose bool) {
	in.dst, in.src, in.choose = dst, src, choose
	in.e.Range(in.m, 1, in.readPass)
}

// scatter maps src by the transpose.
func (in *intake[T]) scatter(dst, src []T) {
	in.dst, in.src = dst, src
	in.e.Range(in.m, 1, in.scatterPass)
}

func (in *intake[T]) readSamples(lo, hi int) {
	for i := lo; i < hi; i++ {
		dst, src := sampleOf(in.dst, i, in.outputs()), sampleOf(in.src, i, in.inputs())
		if in.maxima == nil {
			in.gather(dst, src)
			continue
		}
		chosen := sampleOf(in.chosen, i, len(in.maxima.Windows))
		if in.choose {
			in.maxima.choose(chosen, func(a, b int) bool { return src[a] > src[b] })
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

func (in *intake[T]) scatterSamples(lo, hi int) {
	for i := lo; i < hi; i++ {
		dst, src := sampleOf(in.dst, i, in.inputs()), sampleOf(in.src, i, in.outputs())
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
func (in *intake[T]) gather(dst, src []T) {
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
func (in *intake[T]) ungather(dst, src []T) {
	clear(dst)
	for _, r := range in.patches.Runs {
		in.e.Axpy(dst[r.From:r.From+r.Count], T(r.Weight), src[r.To:r.To+r.Count])
	}
}

// exact reports whether the runs cover the patches without overlap, all of weight 1.
func (p *Patches) exact() bool {
	written := 0
	for i, r := range p.Runs {
		if r.Weight != 1 || i > 0 && r.To < p.Runs[i-1].To+p.Runs[i-1].Count {
			return false
		}
		written += r.Count
	}
	return written == p.Positions*p.Length
}

// choose finds the first of the largest elements under each window, by the order of the elements that larger gives.
func (m *Maxima) choose(chosen []int32, larger func(a, b int) bool) {
	for j, window := range m.Windows {
		best := window[0]
		for _, at := range window[1:] {
			if larger(at, best) {
				best = at
			}
		}
		chosen[j] = int32(best)
	}
}

// check says what is wrong with the patches of a layer that reads a sample of `inputs` elements into rows of length in.
func (p *Patches) check(inputs, in int) error {
	if p.Positions < 1 || p.Length != in || p.Inputs != inputs {
		return fmt.Errorf("%d patches of %d elements of %d do not fit a weight of %d columns and an input of %d elements",
			p.Positions, p.Length, p.Inputs, in, inputs)
	}
	for _, r := range p.Runs {
		if r.Count < 1 || r.To < 0 || r.To+r.Count > p.Positions*p.Length || r.From < 0 || r.From+r.Count > inputs {
			return fmt.Errorf("run %+v lies outside %d patches of %d elements or an input of %d", r, p.Positions, p.Length, inputs)
		}
	}
	return nil
}

func (m *Maxima) check(inputs int) error {
	if m.Inputs != inputs {
		return fmt.Errorf("maxima of %d elements do not fit an input of %d", m.Inputs, inputs)
	}
	for j, window := range m.Windows {
		if len(window) == 0 {
			return fmt.Errorf("window %d of the maxima is empty", j)
		}
		for _, at := range window {
			if at < 0 || at >= inputs {
				return fmt.Errorf("window %d of the maxima has element %d of %d", j, at, inputs)
			}
		}
	}
	return nil
}
