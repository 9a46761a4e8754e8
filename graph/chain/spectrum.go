package chain

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Spectrum is the singular values of a weight matrix, with those that stand above its noise told apart from the rest. The first layer of
// a network trained from a small initialisation is the initial noise plus a combination of the training inputs, so Rank is close to
// their number while that is well under the input's width.
type Spectrum struct {
	// Singular holds the min(h, d) singular values, largest first.
	Singular []float64
	// Sigma is the noise's standard deviation an entry.
	Sigma float64
	// Edge is the singular value above which a direction counts.
	Edge float64
	// Rank is the number of singular values above Edge, at least 1.
	Rank int
	// V is d x Rank: the right singular vectors of those, orthonormal columns. It is nil where only values were asked for.
	V *mat.Dense
}

// NoiseRank finds the singular values of w (h x d) and separates them from Gaussian noise of unknown level: sigma is the
// median ratio of the lower 60 % of the singular values to the quantiles of the Marchenko-Pastur law (Marchenko and
// Pastur 1967), and a direction is kept when its value exceeds 1.05 sigma (sqrt h + sqrt d). Where w is rounded to a grid,
// sigma is at least [RoundingNoise]: there is none where rounding has left nothing but zeros, and the tail says too little.
func NoiseRank(w mat.Matrix) Spectrum { return newGram(w).spectrum(w, false) }

// NoiseSpan is [NoiseRank] with the directions of the values above the noise, which take several times as long.
func NoiseSpan(w mat.Matrix) Spectrum {
	g := newGram(w)
	s := g.spectrum(w, true)
	s.V = g.right(s)
	return s
}

// gram is the product of a matrix with itself on its shorter side, which is several times faster to decompose than the matrix; the
// square costs half the digits, far below any noise of interest.
type gram struct {
	dense *mat.Dense
	eigen mat.EigenSym
}

func newGram(w mat.Matrix) *gram { return &gram{dense: mat.DenseCopyOf(w)} }

func (g *gram) spectrum(w mat.Matrix, vectors bool) Spectrum {
	h, d := w.Dims()
	s := Spectrum{Singular: g.singular(vectors)}
	ref := MarchenkoPastur(h, d)
	k := len(s.Singular)
	var ratios []float64
	for i := int(float64(k) * (1 - noiseTail)); i < k; i++ {
		if ref[i] > 0 {
			ratios = append(ratios, s.Singular[i]/ref[i])
		}
	}
	if len(ratios) > 0 {
		sort.Float64s(ratios)
		s.Sigma = ratios[len(ratios)/2]
	}
	s.Sigma = max(s.Sigma, RoundingNoise(w))
	s.Edge = noiseMargin * s.Sigma * (math.Sqrt(float64(h)) + math.Sqrt(float64(d)))
	// A matrix of exactly low rank has no noise at all; the rounding of its Gram matrix then sets the edge.
	s.Edge = max(s.Edge, 1e-7*s.Singular[0])
	s.Rank = max(1, sort.Search(k, func(i int) bool { return s.Singular[i] <= s.Edge }))
	return s
}

// singular decomposes, and returns the singular values, largest first.
func (g *gram) singular(vectors bool) []float64 {
	h, d := g.dense.Dims()
	product := mat.NewSymDense(min(h, d), nil)
	if h < d {
		product.SymOuterK(1, g.dense)
	} else {
		product.SymOuterK(1, g.dense.T())
	}
	if !g.eigen.Factorize(product, vectors) {
		panic("chain: symmetric eigendecomposition did not converge")
	}
	out := g.eigen.Values(nil)
	slices.Reverse(out)
	for i, v := range out {
		out[i] = math.Sqrt(max(v, 0))
	}
	return out
}

// right are the right singular vectors (d x Rank) of a spectrum.
func (g *gram) right(s Spectrum) *mat.Dense {
	h, d := g.dense.Dims()
	k := len(s.Singular)
	var all mat.Dense
	g.eigen.VectorsTo(&all)
	first := mat.NewDense(k, s.Rank, nil)
	for i := range s.Rank {
		first.SetCol(i, mat.Col(nil, k-1-i, &all))
	}
	if h >= d {
		return first
	}
	var v mat.Dense
	v.Mul(g.dense.T(), first)
	v.Apply(func(_, j int, x float64) float64 {
		if s.Singular[j] > 0 {
			return x / s.Singular[j]
		}
		return x
	}, &v)
	return &v
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
