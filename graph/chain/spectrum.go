package chain

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Spectrum is the singular value decomposition of a weight matrix, with the part that stands above its noise told apart
// from the rest. The first layer of a network trained from a small initialisation is the initial noise plus a
// combination of the training inputs, so Rank is close to their number while that is well under the input's width.
type Spectrum struct {
	// Singular holds the min(h, d) singular values, largest first.
	Singular []float64
	// Sigma is the noise's standard deviation an entry.
	Sigma float64
	// Edge is the singular value above which a direction counts.
	Edge float64
	// Rank is the number of singular values above Edge, at least 1.
	Rank int
	// V is d x Rank: the right singular vectors of those, orthonormal columns.
	V *mat.Dense
}

// NoiseRank decomposes w (h x d) and separates its singular values from Gaussian noise of unknown level: sigma is the
// median ratio of the lower 60 % of the singular values to the quantiles of the Marchenko-Pastur law (Marchenko and
// Pastur 1967), and a direction is kept when its value exceeds 1.05 sigma (sqrt h + sqrt d). Where w is rounded to a grid,
// sigma is at least [RoundingNoise]: there is none where rounding has left nothing but zeros, and the tail says too little.
func NoiseRank(w mat.Matrix) Spectrum {
	h, d := w.Dims()
	singular, v := rightSingular(w)
	ref := MarchenkoPastur(h, d)
	k := len(singular)
	var ratios []float64
	for i := int(float64(k) * (1 - noiseTail)); i < k; i++ {
		if ref[i] > 0 {
			ratios = append(ratios, singular[i]/ref[i])
		}
	}
	s := Spectrum{Singular: singular}
	if len(ratios) > 0 {
		sort.Float64s(ratios)
		s.Sigma = ratios[len(ratios)/2]
	}
	s.Sigma = max(s.Sigma, RoundingNoise(w))
	s.Edge = noiseMargin * s.Sigma * (math.Sqrt(float64(h)) + math.Sqrt(float64(d)))
	// A matrix of exactly low rank has no noise at all; the rounding of its Gram matrix then sets the edge.
	s.Edge = max(s.Edge, 1e-7*singular[0])
	s.Rank = max(1, sort.Search(k, func(i int) bool { return singular[i] <= s.Edge }))
	s.V = mat.DenseCopyOf(v.Slice(0, d, 0, s.Rank))
	return s
}

// RoundingNoise is the standard deviation of the error of an entry of w that was rounded to multiples of some step, as
// quantization to 8 bits does, all alike or row by row: step / sqrt(12), its square averaged over the rows. It is 0 where
// the entries are not multiples of anything.
func RoundingNoise(w mat.Matrix) float64 {
	h, _ := w.Dims()
	sum := 0.0
	for i := range h {
		q := gridStep(mat.Row(nil, i, w))
		if math.IsNaN(q) {
			return 0
		}
		sum += q * q / 12
	}
	return math.Sqrt(sum / float64(h))
}

// gridStep is the largest number that a row's values are multiples of, 0 for a row of zeros, or NaN where there is none (see leastSteps).
func gridStep(row []float64) float64 {
	least := math.Inf(1)
	for _, v := range row {
		if v != 0 {
			least = min(least, math.Abs(v))
		}
	}
	if math.IsInf(least, 0) {
		return 0
	}
	for n := range leastSteps {
		if q := least / float64(n+1); onGrid(row, q) {
			return q
		}
	}
	return math.NaN()
}

func onGrid(row []float64, q float64) bool {
	for _, v := range row {
		if n := v / q; math.Abs(n) > gridSteps || math.Abs(n-math.Round(n)) > gridError {
			return false
		}
	}
	return true
}

// rightSingular returns the singular values of w, largest first, and its right singular vectors (d x min(h, d)). It goes
// through the Gram matrix of the shorter side, which is several times faster than a full decomposition; the square costs
// half the digits, far below any noise of interest.
func rightSingular(w mat.Matrix) ([]float64, *mat.Dense) {
	h, d := w.Dims()
	k := min(h, d)
	gram := mat.NewSymDense(k, nil)
	dense := mat.DenseCopyOf(w)
	if h < d {
		gram.SymOuterK(1, dense)
	} else {
		gram.SymOuterK(1, dense.T())
	}
	var eig mat.EigenSym
	if !eig.Factorize(gram, true) {
		panic("chain: symmetric eigendecomposition did not converge")
	}
	values := eig.Values(nil)
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	singular := make([]float64, k)
	sorted := mat.NewDense(k, k, nil)
	for i := range singular {
		singular[i] = math.Sqrt(max(values[k-1-i], 0))
		sorted.SetCol(i, mat.Col(nil, k-1-i, &vectors))
	}
	if h >= d {
		return singular, sorted
	}
	var v mat.Dense
	v.Mul(dense.T(), sorted)
	for j, s := range singular {
		col := mat.Col(nil, j, &v)
		for i := range col {
			if s > 0 {
				col[i] /= s
			}
		}
		v.SetCol(j, col)
	}
	return singular, &v
}

// MarchenkoPastur returns the expected singular values, largest first, of an h x d matrix of independent entries of unit
// variance: quantiles of the Marchenko-Pastur law, by the midpoint rule on a fine grid.
func MarchenkoPastur(h, d int) []float64 {
	const grid = 20000
	k, n := min(h, d), max(h, d)
	q := float64(k) / float64(n)
	lo, hi := math.Pow(1-math.Sqrt(q), 2), math.Pow(1+math.Sqrt(q), 2)
	cdf := make([]float64, grid)
	step := (hi - lo) / grid
	at := func(i int) float64 { return lo + (float64(i)+0.5)*step }
	sum := 0.0
	for i := range cdf {
		x := at(i)
		sum += math.Sqrt((hi-x)*(x-lo)) / x
		cdf[i] = sum
	}
	out := make([]float64, k)
	for i := range out {
		u := (1 - (float64(i)+0.5)/float64(k)) * sum
		j := min(sort.SearchFloat64s(cdf, u), grid-1)
		out[i] = math.Sqrt(at(j) * float64(n))
	}
	return out
}
