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
	// change is the norm of the difference over that of before. rank is the number of its singular values above its noise,
	// energy the share of its sum of squares that they have; rank is -1 where it was not computed.
	change float64
	rank   int
	energy float64
}

// rescaledGain: rows are taken for rescaled where factors of their own leave less than this share of the difference.
const rescaledGain = 0.5

// roundingChange is a change that storing float32 numbers in another scale makes.
const roundingChange = 1e-6

// differ compares before with after, whose row i stands for row i of before, zeros where none does.
func differ(before, after *mat.Dense) difference {
	plain := ones(before)
	d := newDifference(before, after, plain)
	if d.change <= roundingChange {
		d.rank = 0
		return d
	}
	if factors := fitFactors(before, after); factors != nil {
		if f := newDifference(before, after, factors); f.change < rescaledGain*d.change {
			d, d.scaled = f, true
		}
	}
	if d.change <= roundingChange {
		d.rank = 0
		return d
	}
	d.spectrum(subtract(before, after, d.factors))
	return d
}

func newDifference(before, after *mat.Dense, factors []float64) difference {
	return difference{factors: factors, change: mat.Norm(subtract(before, after, factors), 2) / mat.Norm(before, 2), rank: -1}
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
		if v > s.Edge {
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

// fitFactors fits a factor for each row. A change of low rank would bias it, so that it is fitted again outside the directions of
// the difference that stand above its noise. It is nil where a row has none.
func fitFactors(before, after *mat.Dense) []float64 {
	factors := fit(before, after, nil)
	for range 4 {
		if factors == nil {
			return nil
		}
		d := subtract(before, after, factors)
		if !decomposable(d) || mat.Norm(d, 2) <= roundingChange*mat.Norm(before, 2) {
			return factors
		}
		rows, columns := d.Dims()
		s := chain.NoiseRank(d)
		if s.Rank > min(rows, columns)/2 {
			return factors
		}
		factors = fit(before, after, s.V)
	}
	return factors
}

// fit is the factor f of each row with after closest to f before, outside the given directions.
func fit(before, after, directions *mat.Dense) []float64 {
	rows, _ := before.Dims()
	factors := make([]float64, rows)
	for i := range factors {
		b, a := before.RowView(i), after.RowView(i)
		if directions != nil {
			b, a = outsideOf(b, directions), outsideOf(a, directions)
		}
		bb := mat.Dot(b, b)
		factors[i] = mat.Dot(b, a) / bb
		if bb == 0 || math.Abs(factors[i]) < 1e-9 {
			factors[i] = 1
		}
	}
	return factors
}

func outsideOf(x mat.Vector, directions *mat.Dense) mat.Vector {
	var c, out mat.VecDense
	c.MulVec(directions.T(), x)
	out.MulVec(directions, &c)
	out.SubVec(x, &out)
	return &out
}
