package reconstruct

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// NearestCosine returns the largest cosine between the input of an image and that of a recovered sample, and the
// sample's index; -1 and -1 when nothing was recovered.
func (r *Result) NearestCosine(pixels []float64) (cosine float64, index int) {
	x := normalised(r.space.input(pixels))
	cosine, index = -1, -1
	for i, u := range r.unit {
		if c := dot(x, u); c > cosine {
			cosine, index = c, i
		}
	}
	return cosine, index
}

// Traces looks for given images in a network's first layer, without reconstruction.
//
// With a small initialisation the rows of W1 are combinations of the training inputs, plus the initial noise of standard
// deviation sigma. An image x that was trained on is one of those combinations, and the residual
//
//	rho(x) = min over a, z of  || x - sum_i a_i k_i - W1^T z ||^2 + tau ||z||^2,   tau = 0.1 h sigma^2,
//
// is small against its residual after projection onto the known images k_i, min over a of || x - sum_i a_i k_i ||^2. The known images are
// training samples that may be in the network: an image that resembles one of them has no trace for that alone. The
// fewer samples are unknown, the lower is the dimension of the span that is searched, which makes the traces of a hundred samples and
// of noisy networks detectable. The black image counts as known, so that it does not matter which mean was subtracted. Without
// known images the statistic is Capon's spectral estimator (1969).
//
// Without the penalty it would be the distance to the row span of W1, which needs a rank. The penalty weighs every direction by
// its singular value instead.
type Traces struct {
	space space
	// rows has the inner products of W1, k x d with k = min(h, d), and gram is rows rows^T.
	rows *mat.Dense
	gram *mat.SymDense
	// tau is the penalty on z, for rows of largest singular value 1.
	tau float64
}

const (
	// traceNoise is tau over the noise's energy a direction, h sigma^2. From 0.01 to 1 little changes.
	traceNoise = 0.1
	// rounding is the lower bound on tau, and on an image's residual, relative to the whole.
	rounding = 1e-9
)

// Traces prepares the search in the fully connected network of p, the problem that r is the result of.
func (r *Result) Traces(p *Problem) (*Traces, error) {
	if p.Net == nil {
		return nil, errors.New("reconstruct: traces are of the first layer of a fully connected network; this one has convolutions")
	}
	return newTraces(r.span.first, r.span.spectrum, r.space)
}

func newTraces(w mat.Matrix, s chain.Spectrum, sp space) (*Traces, error) {
	h, d := w.Dims()
	rows := mat.DenseCopyOf(w)
	// In units of the largest singular value: the statistic does not depend on the scale of the weights.
	sigma := 0.0
	if unit := s.Singular[0]; unit > 0 {
		rows.Scale(1/unit, rows)
		sigma = s.Sigma / unit
	}
	if h > d {
		// Only the inner products of the columns count: a square root of them serves as well as the rows.
		root, err := squareRoot(rows.T())
		if err != nil {
			return nil, err
		}
		rows = root
	}
	t := &Traces{space: sp, rows: rows, gram: mat.NewSymDense(min(h, d), nil),
		tau: traceNoise*float64(h)*sigma*sigma + rounding}
	t.gram.SymOuterK(1, rows)
	return t, nil
}

// squareRoot returns an upper triangular R with R^T R = a a^T, but for rounding.
func squareRoot(a mat.Matrix) (*mat.Dense, error) {
	n, _ := a.Dims()
	s := mat.NewSymDense(n, nil)
	s.SymOuterK(1, a)
	chol, err := factorized(s, rounding)
	if err != nil {
		return nil, err
	}
	var upper mat.TriDense
	chol.UTo(&upper)
	return mat.DenseCopyOf(&upper), nil
}

// factorized adds ridge to s's diagonal and factorizes it.
func factorized(s *mat.SymDense, ridge float64) (*mat.Cholesky, error) {
	for i := range s.SymmetricDim() {
		s.SetSym(i, i, s.At(i, i)+ridge)
	}
	var chol mat.Cholesky
	if !chol.Factorize(s) {
		return nil, errors.New("reconstruct: the first layer's products are not positive: it holds values beyond float64's range")
	}
	return &chol, nil
}

// Beyond returns, for each image, the logarithm of its residual after projection onto the known images over its residual after
// the first layer as well: 0 where the layer holds nothing of it, larger where it holds more. Images have length d, pixels in
// [0, 1]. An image in the span of the known ones has no trace of its own: 0. There must be fewer known images than d.
func (t *Traces) Beyond(known, images [][]float64) ([]float64, error) {
	basis, err := t.basis(known)
	if err != nil {
		return nil, err
	}
	rest := t.unexplained(images, basis)
	// The layer along the known images, and its answer to each image's residual.
	var held, answers mat.Dense
	held.Mul(t.rows, basis.T())
	answers.Mul(t.rows, rest.T())
	inner := mat.NewSymDense(t.gram.SymmetricDim(), nil)
	inner.SymRankK(t.gram, -1, &held)
	chol, err := factorized(inner, t.tau)
	if err != nil {
		return nil, err
	}
	// rho = 1 - g^T (A A^T + tau)^-1 g for an image of norm 1, with g = A x: the minimum over z in closed form.
	var solved mat.Dense
	if err := chol.SolveTo(&solved, &answers); err != nil {
		return nil, err
	}
	out := make([]float64, len(images))
	for i := range out {
		explained := mat.Dot(answers.ColView(i), solved.ColView(i))
		out[i] = -math.Log(min(1, max(rounding, 1-explained)))
	}
	return out, nil
}

// basis returns orthonormal rows that span the inputs of the known images and of the black one.
func (t *Traces) basis(known [][]float64) (*mat.Dense, error) {
	d := len(t.space.mean)
	inputs := mat.NewDense(len(known)+1, d, nil)
	for i, pixels := range append([][]float64{make([]float64, d)}, known...) {
		inputs.SetRow(i, normalised(t.space.input(pixels)))
	}
	n, _ := inputs.Dims()
	s := mat.NewSymDense(n, nil)
	s.SymOuterK(1, inputs)
	chol, err := factorized(s, rounding)
	if err != nil {
		return nil, err
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	var out mat.Dense
	return &out, out.Solve(&lower, inputs)
}

// unexplained returns the residuals of the images' inputs after projection onto the basis, one a row, of norm 1; 0 where the
// residual is rounding.
func (t *Traces) unexplained(images [][]float64, basis *mat.Dense) *mat.Dense {
	x := mat.NewDense(len(images), len(t.space.mean), nil)
	for i, pixels := range images {
		x.SetRow(i, normalised(t.space.input(pixels)))
	}
	var along, inside mat.Dense
	along.Mul(x, basis.T())
	inside.Mul(&along, basis)
	x.Sub(x, &inside)
	for i := range images {
		row := x.RawRowView(i)
		if dot(row, row) < math.Sqrt(rounding) {
			clear(row)
		}
		x.SetRow(i, normalised(row))
	}
	return x
}
