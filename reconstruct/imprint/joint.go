package imprint

import "math"

// jointNoise is the share of a score's variance that no image of the set explains. Between 0.1 and 0.3 it makes no difference.
const jointNoise = 0.2

// joint fits the multipliers of all images at once. What a layer answers to an image comes from the image itself and from all
// others that the layer was trained on, in the measure in which their gradients are alike:
//
//	t = K lambda + noise,   K_ij = cos(g_i, g_j) cos(a_i, a_j)
//
// with the cosines in the metric of the reference images. The score is the image's multiplier over its standard deviation,
// [(K + nu)^-1 t]_i / sqrt([(K + nu)^-1]_ii): the residual of t_i when it is predicted from all other images. It gains where
// many of the training samples are known, and so may explain each other's part away.
func (j *judge) joint(a, g embedding, t []float64) ([]float64, error) {
	n, e := j.images, j.activations.engine
	k := cosines(a, n)
	for i, v := range cosines(g, n) {
		k[i] *= v
	}
	for i := range n {
		k[i*n+i] = 1 + jointNoise
	}
	inverse, err := inverseFactor(e, k, n)
	if err != nil {
		return nil, err
	}
	half := make([]float64, n) // L^-1 t
	e.Gemm(false, false, n, 1, n, 1, inverse, n, t, 1, 0, half, 1)
	lambda, variance := make([]float64, n), make([]float64, n)
	e.Gemm(true, false, n, 1, n, 1, inverse, n, half, 1, 0, lambda, 1)
	for r := range n {
		for i, v := range inverse[r*n : r*n+r+1] {
			variance[i] += v * v
		}
	}
	for i := range lambda {
		lambda[i] /= math.Sqrt(variance[i])
	}
	return lambda, nil
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
