package reconstruct

import (
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// span is the row space of the first layer above its initial noise. With a small initialisation the rows of W1 are
// combinations of the training inputs up to that noise, so a sample x is z V^T with only r coordinates z: the input's
// width d drops out of every step.
type span struct {
	spectrum graph.Spectrum
	// net is the network over z: the first layer's weight is W1 V (h x r).
	net *graph.Dense
	// first is W1 (h x d), of the network that was decomposed.
	first *mat.Dense
	// basis is V^T (r x d).
	basis *mat.Dense
}

func newSpan(net *graph.Dense) *span {
	s := &span{spectrum: graph.NoiseRank(net.Layers[0].W), first: net.Layers[0].W}
	s.basis = mat.DenseCopyOf(s.spectrum.V.T())
	reduced := *net
	reduced.Layers = append([]graph.Affine(nil), net.Layers...)
	var w mat.Dense
	w.Mul(net.Layers[0].W, s.spectrum.V)
	reduced.Layers[0].W = &w
	s.net = &reduced
	return s
}

// rank is r.
func (s *span) rank() int { return s.spectrum.Rank }

// lift returns z V^T (m x d).
func (s *span) lift(z *mat.Dense) *mat.Dense {
	var x mat.Dense
	x.Mul(z, s.basis)
	return &x
}

// pixelBasis is the map from span coordinates to pixels, r x d in row-major order: the basis times the input's standard
// deviation.
func pixelBasis[T engine.Float](s *span, sp space) []T {
	r, d := s.basis.Dims()
	out := make([]T, 0, r*d)
	for i := range r {
		for j, v := range s.basis.RawRowView(i) {
			out = append(out, T(v*sp.std[j]))
		}
	}
	return out
}
