package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// span is where samples are looked for, and the layer that they are looked for in: its block of the stationarity condition
// is what a descent minimises.
type span struct {
	// layer is 0 for a fully connected network, spectrum that of its weight.
	layer    int
	spectrum chain.Spectrum
	// net is the network over coordinates z.
	net *chain.Convolutional
	// first is W1 (h x d), of the fully connected network that was decomposed.
	first *mat.Dense
	// basis maps coordinates to inputs, r x d with orthonormal rows. Nil: coordinates are inputs.
	basis *mat.Dense
	// weights are those of the coordinates in the stationarity residual, one each, with which || W1 V || stays as it is. Nil:
	// ones.
	weights []float64
	// samples is how many the layer can hold or, in a network with convolutions, determine.
	samples int
}

// newSpan is the row space of the first layer above its initial noise. With a small initialisation the rows of W1 are
// combinations of the training inputs up to that noise, so a sample x is z V^T with only r coordinates z: the input's
// width d drops out of every step. The network's first weight becomes W1 V (h x r).
func newSpan(net *chain.Dense) *span {
	s := &span{spectrum: chain.NoiseSpan(net.Layers[0].W), first: net.Layers[0].W}
	s.samples = s.spectrum.Rank
	s.basis = mat.DenseCopyOf(s.spectrum.V.T())
	reduced := *net
	reduced.Layers = append([]chain.Affine(nil), net.Layers...)
	var w mat.Dense
	w.Mul(net.Layers[0].W, s.spectrum.V)
	reduced.Layers[0].W = &w
	s.net = reduced.Convolutional()
	s.weights = weightsOf(s.spectrum.Singular[:s.spectrum.Rank])
	return s
}

// weightsOf are weights in inverse proportion to the root of the singular values. Those fall by factors of 20 (n = 50) to 1000
// (n = 500), so that without weights a descent fits the first few directions, which all samples share, with their KKT residual, and
// neglects the others, in which samples differ. The residual at the samples themselves falls more slowly than the singular values,
// hence the root: with fully even weights most of what is fitted would be residual.
func weightsOf(singular []float64) []float64 {
	w := make([]float64, len(singular))
	plain, weighted := 0.0, 0.0
	for i, s := range singular {
		if s == 0 { // of parameters that are all 0
			return nil
		}
		w[i] = 1 / math.Sqrt(s)
		plain += s * s
		weighted += s
	}
	floats.Scale(math.Sqrt(plain/weighted), w)
	return w
}

// rank is r.
func (s *span) rank() int { return s.net.Inputs() }

// lift returns z V^T (m x d).
func (s *span) lift(z *mat.Dense) *mat.Dense {
	if s.basis == nil {
		return z
	}
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
