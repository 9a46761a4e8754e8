package lineage

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// difference is what was added to a matrix, once the rows after are in the order and of the size of those before.
type difference struct {
	// factors are what the rows before were multiplied by, 1 for all where that explains it as well.
	factors []float64
	scaled  bool
	// change is the norm of the difference over that of before, unless that is 0. rank is the number of its singular values above its noise,
	// energy the share of its sum of squares that they have; rank is -1 where it was not computed.
	change float64
	rank   int
	energy float64
}

// refits is how often factors are fitted again.
const refits = 3

// differ compares before with after, whose row i stands for row i of before, zeros where none does. Factors, 1 for all if nil,
// are what the rows were multiplied by.
func differ(before, after *mat.Dense, factors []float64) difference {
	scaled := factors != nil
	if !scaled {
		factors = ones(before)
	}
	w := subtract(before, after, factors)
	d := difference{factors: factors, scaled: scaled, change: mat.Norm(w, 2), rank: -1}
	if n := mat.Norm(before, 2); n > 0 {
		d.change /= n
	}
	if d.change <= roundingChange {
		d.rank = 0
		return d
	}
	d.spectrum(w)
	return d
}

// spectrum counts the singular values above the noise. NoiseRank counts one at least.
func (d *difference) spectrum(w *mat.Dense) {
	if !decomposable(w) {
		return
	}
	s := chain.NoiseRank(w)
	total, above := 0.0, 0.0
	d.rank = 0
	for _, v := range s.Singular {
		total += v * v
		if v > max(s.Edge, negligible*s.Singular[0]) {
			d.rank++
			above += v * v
		}
	}
	d.energy = above / total
}

func ones(w *mat.Dense) []float64 {
	rows, _ := w.Dims()
	out := make([]float64, rows)
	for i := range out {
		out[i] = 1
	}
	return out
}

// subtract is after, its rows divided by the factors, less before.
func subtract(before, after *mat.Dense, factors []float64) *mat.Dense {
	rows, columns := before.Dims()
	out := mat.NewDense(rows, columns, nil)
	for i, f := range factors {
		b, a, to := before.RawRowView(i), after.RawRowView(i), out.RawRowView(i)
		for j := range to {
			to[j] = a[j]/f - b[j]
		}
	}
	return out
}

// fitFactors fits a factor for each row, nil where rows were not rescaled. It is by what training left of the initial values,
// from and to, where that shows it: what was learnt or removed since would bias it. Then it is fitted again, outside the
// directions that the rows of the difference share.
func fitFactors(from, to, before, after *mat.Dense) []float64 {
	factors, share := factorsOf(from, to, before, after)
	if share <= rescaledShare {
		return nil
	}
	for range refits {
		d := subtract(before, after, factors)
		if !decomposable(d) || mat.Norm(d, 2) <= roundingChange*mat.Norm(before, 2) {
			break
		}
		shared := sharedDirections(d)
		factors, _ = factorsOf(outside(before, shared), outside(after, shared), before, after)
	}
	return factors
}

// sharedDirections are those in which a matrix has the size of four rows or more, once these have norm 1. Others may be the
// direction of a single row with a wrong factor, which would keep it.
func sharedDirections(w *mat.Dense) mat.Matrix {
	const rows = 4
	s := chain.NoiseSpan(unitRows(w))
	n := 1
	for n < s.Rank && s.Singular[n]*s.Singular[n] > rows {
		n++
	}
	_, columns := w.Dims()
	return s.V.Slice(0, columns, 0, n)
}

// factorsOf gives each row's factor, the ratio of norms for rows that do not show it, and the share of energy of those that
// show one other than 1.
func factorsOf(from, to, before, after *mat.Dense) (factors []float64, share float64) {
	factors = ones(before)
	for i, energy := range energies(before) {
		f, t := from.RawRowView(i), to.RawRowView(i)
		if math.Abs(cosine(f, t)) > parallel {
			factors[i] = dot(f, t) / dot(f, f)
			if math.Abs(math.Log(math.Abs(factors[i]))) > rescaled {
				share += energy
			}
		} else if n := mat.Norm(after.RowView(i), 2) / mat.Norm(before.RowView(i), 2); n > 0 && !math.IsInf(n, 0) {
			factors[i] = n
		}
	}
	return factors, share
}

// unitRows is a copy with rows of norm 1; rows of zeros stay.
func unitRows(w *mat.Dense) *mat.Dense {
	out := mat.DenseCopyOf(w)
	for i, inverse := range inverseNorms(w) {
		row := out.RawRowView(i)
		for j := range row {
			row[j] *= inverse
		}
	}
	return out
}
