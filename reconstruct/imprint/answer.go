package imprint

import "math"

// answers are the Answer and Plain scores of all images: with g_j the gradients of the reference images, of length 1, and d
// an image's deviation,
//
//	log mean_j (g_j'N^-1 d)^2 / d'N^-1 d,   log mean_j (g_j'd)^2 / d'd.
//
// An image's own gradient does not count. The metric of a reference image is the one without it, where
// N_^-1 d = N^-1 d / (1 - c d'N^-1 d). The gradients are those of the network's outputs by what the layer reads, so that no
// rewriting of neurons changes them at the input.
func (j *judge) answers(a, g []float64, ea, eg embedding) (particular, plain []float64) {
	n, k := j.references, j.layer.width
	e := j.activations.engine
	lengths := make([]float64, n)
	for i := range lengths {
		lengths[i] = e.Dot(g[i*k:(i+1)*k], g[i*k:(i+1)*k])
	}
	along := make([]float64, n*j.images)
	e.Gemm(false, true, n, j.images, k, 1, g, k, a, k, 0, along, j.images)
	white := products(eg, n, ea, j.images)
	particular, plain = make([]float64, j.images), make([]float64, j.images)
	for i := range j.images {
		dd := product(ea, i, ea, i)
		if i < n {
			dd *= 1 - j.share*dd
		}
		particular[i] = math.Log(j.meanSquare(white, lengths, i)/max(dd, tiny) + tiny)
		plain[i] = math.Log(j.meanSquare(along, lengths, i)/max(e.Dot(a[i*k:(i+1)*k], a[i*k:(i+1)*k]), tiny) + tiny)
	}
	return particular, plain
}

// tiny keeps logarithms and quotients finite.
const tiny = 1e-30

// meanSquare is that of column i over the rows of other reference images, each divided by its gradient's length.
func (j *judge) meanSquare(products, lengths []float64, i int) float64 {
	sum, n := 0.0, 0
	for r, length := range lengths {
		if r != i && length > 0 {
			v := products[r*j.images+i]
			sum += v * v / length
			n++
		}
	}
	return sum / float64(max(n, 1))
}
