package lineage

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// draws is the number of matrices of random rows. The statistic is a mean over rows, so that it varies little from draw to draw.
const draws = 8

// quantile99 is the 99 % quantile of the standard normal distribution.
const quantile99 = 2.326

// independent is the mean cosine that matching finds where there is no lineage: the larger of two estimates, see the package
// comment.
func (m *matcher) independent(before, after *mat.Dense, rng *rand.Rand) float64 {
	values := make([]float64, draws)
	for i := range values {
		values[i] = m.match(before, m.mixed(after, rng)).mean
	}
	mean, deviation := stat.MeanStdDev(values, nil)
	return max(mean+quantile99*deviation, m.matchOthers(before).mean)
}

// mixed draws as many rows as w has from the normal distribution with the second moments of w's rows.
func (m *matcher) mixed(w *mat.Dense, rng *rand.Rand) *mat.Dense {
	rows, _ := w.Dims()
	g := mat.NewDense(rows, rows, nil)
	for i := range rows {
		row := g.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64() / math.Sqrt(float64(rows))
		}
	}
	return m.product(g, w)
}
