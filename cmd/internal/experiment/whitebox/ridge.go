package whitebox

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// ridge is added to the diagonal of the kernel, which is 1. Between 0.1 and 1 it makes little difference on mlp200.
const ridge = 0.1

var (
	errNotPositive = errors.New("whitebox: a matrix that must be positive definite is not")
	errNoLayer     = errors.New("whitebox: no layer of these names")
)

// Residuals are what is left of each image's margin when it is predicted from those of all other images by kernel ridge
// regression. The kernel of two images is the inner product of the gradients of their margins by the weights of the named
// layers, or by those of all layers where none is named. For a product with input a and gradient d by its output, the gradient
// by the weight is d a', so that the kernel is
//
//	K_ik = sum over layers of <a_i, a_k> <d_i, d_k>
//
// Gradients and margins are centred by the mean of the first images, which are the reference images, and divided by the norm
// of the image's gradient: without either, fewer training samples are found.
func (o *Observations) Residuals(references int, layers ...string) ([]float64, error) {
	n := len(o.Margins)
	kernel, found := mat.NewSymDense(n, nil), false
	for _, l := range o.layers {
		if len(layers) == 0 || slices.Contains(layers, l.name) {
			kernel.AddSym(kernel, l.kernel())
			found = true
		}
	}
	if !found {
		return nil, errNoLayer
	}
	centre(kernel, references)
	mean := stat.Mean(o.Margins[:references], nil)
	targets := make([]float64, n)
	for i, norm := range normalise(kernel) {
		if norm > 0 {
			targets[i] = (o.Margins[i] - mean) / norm
		}
	}
	return leaveOneOut(kernel, targets, ridge)
}

// kernel is the inner product of the gradients by the layer's weight, for all pairs of images.
func (l *layer) kernel() *mat.SymDense {
	var k, d mat.SymDense
	k.SymOuterK(1, l.inputs)
	d.SymOuterK(1, l.signals)
	of, with := k.RawSymmetric().Data, d.RawSymmetric().Data
	for i, v := range with {
		of[i] *= v
	}
	return &k
}

// centre makes a matrix of inner products that of the vectors less the mean of the first ones.
func centre(k *mat.SymDense, first int) {
	n := k.SymmetricDim()
	means := make([]float64, n)
	for i := range n {
		for j := range first {
			means[i] += k.At(i, j) / float64(first)
		}
	}
	mean := stat.Mean(means[:first], nil)
	for i := range n {
		for j := i; j < n; j++ {
			k.SetSym(i, j, k.At(i, j)-means[i]-means[j]+mean)
		}
	}
}

// normalise makes a matrix of inner products one of cosines, and returns the norms. A vector of norm 0 stays.
func normalise(k *mat.SymDense) []float64 {
	n := k.SymmetricDim()
	norms, scale := make([]float64, n), make([]float64, n)
	for i := range n {
		if v := k.At(i, i); v > 0 {
			norms[i] = math.Sqrt(v)
			scale[i] = 1 / norms[i]
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			k.SetSym(i, j, k.At(i, j)*scale[i]*scale[j])
		}
	}
	return norms
}

// leaveOneOut is each target less what kernel ridge regression on all others predicts of it, in closed form: with
// A = (K + penalty I)^-1 it is (A t)_i / A_ii (Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006,
// equation 5.12). K is overwritten.
func leaveOneOut(k *mat.SymDense, targets []float64, penalty float64) ([]float64, error) {
	n := len(targets)
	for i := range n {
		k.SetSym(i, i, k.At(i, i)+penalty)
	}
	var chol mat.Cholesky
	if !chol.Factorize(k) {
		return nil, errNotPositive
	}
	if err := chol.InverseTo(k); err != nil {
		return nil, err
	}
	var fitted mat.VecDense
	fitted.MulVec(k, mat.NewVecDense(n, targets))
	out := make([]float64, n)
	for i := range out {
		out[i] = fitted.AtVec(i) / k.At(i, i)
	}
	return out, nil
}
