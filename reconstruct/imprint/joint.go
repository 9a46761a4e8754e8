package imprint

import (
	"math"

	"unlearnguard/graph/engine"
)

// joint fits the multipliers of all images at once. A layer's answer to an image is a sum over all images that it was trained on,
// in proportion to the similarity of their gradients:
//
//	t = K lambda + noise,   K_ij = cos(g_i, g_j) cos(a_i, a_j)
//
// with the cosines in the metric of the reference images. The score is the image's multiplier over its standard deviation,
// [(K + nu)^-1 t]_i / sqrt([(K + nu)^-1]_ii): the residual of t_i when it is predicted from all other images. It has more
// power where many of the training samples are known, since each removes its part from the scores of the others.
type joint struct {
	engine *engine.Engine[float64]
	images int
	// inverse is L^-1 for the Cholesky factor L of K + nu, and answers are L^-1 t.
	inverse, answers []float64
	// a and g are the images' embeddings of length 1; nil where versions of them are not asked about.
	a, g []float64
}

// newJoint fits n images whose activations and gradients are embedded in one metric and whose scores are t.
func newJoint(a, g embedding, n int, t []float64) (*joint, error) {
	e := a.w.engine
	k := cosines(a, n)
	for i, v := range cosines(g, n) {
		k[i] *= v
	}
	for i := range n {
		k[i*n+i] = 1 + jointNoise
	}
	inverse, err := engine.InverseFactor(e, k, n)
	if err != nil {
		return nil, err
	}
	j := &joint{engine: e, images: n, inverse: inverse, answers: make([]float64, n)}
	e.Gemm(false, false, n, 1, n, 1, inverse, n, t, 1, 0, j.answers, 1)
	return j, nil
}

// residuals are the scores of the images themselves.
func (j *joint) residuals() []float64 {
	n := j.images
	lambda, variance := make([]float64, n), make([]float64, n)
	j.engine.Gemm(true, false, n, 1, n, 1, j.inverse, n, j.answers, 1, 0, lambda, 1)
	for r := range n {
		for i, v := range j.inverse[r*n : r*n+r+1] {
			variance[i] += v * v
		}
	}
	for i := range lambda {
		lambda[i] /= math.Sqrt(variance[i])
	}
	return lambda
}

// keep keeps what versions of the images are compared with. In a metric whose vectors are long it would take too much.
func (j *joint) keep(a, g embedding) {
	if !a.w.dual {
		j.a, j.g = unit(a, j.images), unit(g, j.images)
	}
}

// versions are the scores of n more images, each beside the ones that were fitted.
func (j *joint) versions(a, g embedding, n int, t []float64) []float64 {
	m, rank := j.images, a.w.rank
	k, other := make([]float64, n*m), make([]float64, n*m)
	j.engine.Gemm(false, true, n, m, rank, 1, unit(a, n), rank, j.a, rank, 0, k, m)
	j.engine.Gemm(false, true, n, m, rank, 1, unit(g, n), rank, j.g, rank, 0, other, m)
	for i, v := range other {
		k[i] *= v
	}
	half := other // L^-1 k of each
	j.engine.Gemm(false, true, n, m, m, 1, k, m, j.inverse, m, 0, half, m)
	out := make([]float64, n)
	for i := range out {
		h := half[i*m : (i+1)*m]
		variance := 1 + jointNoise - j.engine.Dot(h, h)
		out[i] = (t[i] - j.engine.Dot(h, j.answers)) / math.Sqrt(max(variance, jointNoise/2))
	}
	return out
}

// unit are embedded vectors of length 1 in a metric that is not dual.
func unit(v embedding, n int) []float64 {
	rank := v.w.rank
	out := make([]float64, n*rank)
	for i := range n {
		row := v.inner[i*rank : (i+1)*rank]
		length := math.Sqrt(v.w.engine.Dot(row, row))
		if length == 0 {
			continue
		}
		for k, x := range row {
			out[i*rank+k] = x / length
		}
	}
	return out
}

// cosines are those of all pairs of n vectors in the metric.
func cosines(v embedding, n int) []float64 {
	k := products(v, n, v, n)
	scale := make([]float64, n)
	for i := range n {
		if d := k[i*n+i]; d > 0 {
			scale[i] = 1 / math.Sqrt(d)
		}
	}
	for i := range n {
		for m := range n {
			k[i*n+m] *= scale[i] * scale[m]
		}
	}
	return k
}
