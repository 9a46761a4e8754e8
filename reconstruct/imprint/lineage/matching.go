package lineage

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// matching says which row of one matrix stands for which of another.
type matching struct {
	// rowOf gives the row of after for each row of before, or -1.
	rowOf []int
	// cosine is that of each row of before with its row, 0 where it has none; mean weighs them by the rows' energy, the square
	// of their norm.
	cosine []float64
	mean   float64
}

// matcher matches rows by cosine.
type matcher struct {
	engine *engine.Engine[float64]
	// signs takes a row and its negative for the same.
	signs bool
}

// match finds the assignment of rows with the largest sum of energy times cosine.
func (m *matcher) match(before, after *mat.Dense) *matching {
	return m.choose(before, m.cosines(before, after))
}

// matchOthers matches the rows of a matrix with other rows of it.
func (m *matcher) matchOthers(w *mat.Dense) *matching {
	cosines := m.cosines(w, w)
	n, _ := w.Dims()
	for i := range n {
		cosines[i*n+i] = 0 // what a row without any match has
	}
	return m.choose(w, cosines)
}

// unmoved compares the rows as they stand.
func (m *matcher) unmoved(before, after *mat.Dense) *matching {
	rows, _ := before.Dims()
	others, _ := after.Dims()
	out := &matching{rowOf: make([]int, rows), cosine: make([]float64, rows)}
	for i := range rows {
		out.rowOf[i] = -1
		if i < others {
			out.rowOf[i], out.cosine[i] = i, cosine(before.RawRowView(i), after.RawRowView(i))
		}
	}
	out.weigh(energies(before))
	return out
}

// choose takes the cosines of all pairs, and leaves them multiplied by the energies: there are many of them.
func (m *matcher) choose(before *mat.Dense, cosines []float64) *matching {
	rows, _ := before.Dims()
	columns := len(cosines) / rows
	energy := energies(before)
	for i := range rows {
		for j := range cosines[i*columns : (i+1)*columns] {
			cosines[i*columns+j] *= energy[i]
		}
	}
	out := &matching{rowOf: assign(cosines, rows, columns), cosine: make([]float64, rows)}
	for i, j := range out.rowOf {
		if j >= 0 && energy[i] > 0 {
			out.cosine[i] = cosines[i*columns+j] / energy[i]
		}
	}
	out.weigh(energy)
	return out
}

// rows are the rows after in the order before, zeros for those without a match.
func (m *matching) rows(after *mat.Dense) *mat.Dense {
	out := mat.NewDense(len(m.rowOf), after.RawMatrix().Cols, nil)
	for i, j := range m.rowOf {
		if j >= 0 {
			out.SetRow(i, after.RawRowView(j))
		}
	}
	return out
}

func (m *matching) weigh(energy []float64) {
	for i, e := range energy {
		m.mean += e * m.cosine[i]
	}
}

// energies are the rows' shares of the sum of squares.
func energies(w *mat.Dense) []float64 {
	rows, _ := w.Dims()
	out, sum := make([]float64, rows), 0.0
	for i := range out {
		out[i] = dot(w.RawRowView(i), w.RawRowView(i))
		sum += out[i]
	}
	for i := range out {
		if sum > 0 {
			out[i] /= sum
		}
	}
	return out
}

// cosines are those of all rows of a with all rows of b, absolute values where signs are free.
func (m *matcher) cosines(a, b *mat.Dense) []float64 {
	rows, width := a.Dims()
	columns, _ := b.Dims()
	out := make([]float64, rows*columns)
	m.engine.Gemm(false, true, rows, columns, width, 1, a.RawMatrix().Data, width, b.RawMatrix().Data, width, 0, out, columns)
	na, nb := inverseNorms(a), inverseNorms(b)
	for i := range rows {
		row := out[i*columns : (i+1)*columns]
		for j := range row {
			row[j] *= na[i] * nb[j]
			if m.signs {
				row[j] = math.Abs(row[j])
			}
		}
	}
	return out
}

// inverseNorms are those of the rows, 0 for a row of zeros.
func inverseNorms(w *mat.Dense) []float64 {
	rows, _ := w.Dims()
	out := make([]float64, rows)
	for i := range out {
		if n := math.Sqrt(dot(w.RawRowView(i), w.RawRowView(i))); n > 0 {
			out[i] = 1 / n
		}
	}
	return out
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// cosine is that of two vectors, 0 where either is zero.
func cosine(x, y []float64) float64 {
	if n := math.Sqrt(dot(x, x) * dot(y, y)); n > 0 {
		return dot(x, y) / n
	}
	return 0
}
