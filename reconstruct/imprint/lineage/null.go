package lineage

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// The number of matrices of random rows is draws, and fewer where these have more than drawnRows rows in all, but two: the
// statistic is a mean over rows, which varies the less from draw to draw the more there are.
const (
	draws     = 8
	drawnRows = draws * 1024
)

// quantile99 is the 99 % quantile of the standard normal distribution.
const quantile99 = 2.326

// independent is the mean cosine that matching finds where there is no lineage: the larger of two estimates, see the package
// comment.
func (m *matcher) independent(before, after *mat.Dense, rng *rand.Rand) float64 {
	rows, _ := before.Dims()
	values := make([]float64, min(draws, max(drawnRows/rows, 2)))
	for i := range values {
		values[i] = m.match(before, m.mixed(after, rng)).mean
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	return max(mean+quantile99*deviation, m.matchOthers(before).mean)
}

// mixed draws as many rows as w has from the normal distribution with the second moments of w's rows: mixtures of these. They are
// made some at a time, as the factors of all would take as much memory as w.
func (m *matcher) mixed(w *mat.Dense, rng *rand.Rand) *mat.Dense {
	rows, columns := w.Dims()
	out := mat.NewDense(rows, columns, nil)
	factors := make([]float64, min(rows, mixedAtOnce)*rows)
	for first := 0; first < rows; first += mixedAtOnce {
		n := min(mixedAtOnce, rows-first)
		for i := range factors[:n*rows] {
			factors[i] = rng.NormFloat64() / math.Sqrt(float64(rows))
		}
		m.engine.Gemm(false, false, n, columns, rows, 1, factors, rows, w.RawMatrix().Data, columns, 0, out.RawMatrix().Data[first*columns:], columns)
	}
	return out
}

// mixedAtOnce is the number of rows that are drawn at a time.
const mixedAtOnce = 256
