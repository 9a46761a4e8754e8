package graph

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// exponents collects linear equations sum_i c_i e_i = 0 over the exponents of parameters, each of which must be at least
// 1: homogeneity fixes them only up to a common factor, and an exponent of zero would mean a parameter that does not
// take part.
type exponents struct {
	count int
	// rows are the equations, in reduced echelon form: rows[k] has a 1 at pivots[k], where all others have a 0.
	rows   [][]float64
	pivots []int
}

// variable adds an exponent.
func (s *exponents) variable() int {
	s.count++
	for i := range s.rows {
		s.rows[i] = append(s.rows[i], 0)
	}
	return s.count - 1
}

// negligible is what an entry of the echelon form may differ from zero by; degrees are small integers and halves.
const negligible = 1e-9

// require adds an equation, unless none of the exponents would satisfy it together with those before. It says whether it
// did.
func (s *exponents) require(equation map[int]float64) bool {
	row := make([]float64, s.count)
	for i, c := range equation {
		row[i] = c
	}
	for k, r := range s.rows {
		subtract(row, r, row[s.pivots[k]])
	}
	pivot := -1
	for i, c := range row {
		if math.Abs(c) > negligible && (pivot < 0 || math.Abs(c) > math.Abs(row[pivot])) {
			pivot = i
		}
	}
	if pivot < 0 {
		return true
	}
	next := &exponents{count: s.count, pivots: append(s.pivots[:len(s.pivots):len(s.pivots)], pivot)}
	scale := row[pivot]
	for i := range row {
		row[i] /= scale
	}
	for _, r := range s.rows {
		r = append([]float64{}, r...)
		subtract(r, row, r[pivot])
		next.rows = append(next.rows, r)
	}
	next.rows = append(next.rows, row)
	if _, ok := next.solve(); !ok {
		return false
	}
	*s = *next
	return true
}

func subtract(from, row []float64, factor float64) {
	for i, c := range row {
		from[i] -= factor * c
		if math.Abs(from[i]) < negligible {
			from[i] = 0
		}
	}
}

// solve gives the smallest exponents, by their sum, that satisfy all equations.
func (s *exponents) solve() ([]float64, bool) {
	e := make([]float64, s.count)
	for i := range e {
		e[i] = 1
	}
	// With e = 1 + d, d >= 0, it is a linear program in standard form. Only exponents in some equation take part.
	var columns []int
	for i := range e {
		for _, r := range s.rows {
			if r[i] != 0 {
				columns = append(columns, i)
				break
			}
		}
	}
	if len(s.rows) == 0 {
		return e, true
	}
	if len(s.rows) >= len(columns) {
		return nil, false
	}
	a, b, cost := mat.NewDense(len(s.rows), len(columns), nil), make([]float64, len(s.rows)), make([]float64, len(columns))
	for j, i := range columns {
		cost[j] = 1
		for k, r := range s.rows {
			a.Set(k, j, r[i])
			b[k] -= r[i]
		}
	}
	_, d, err := lp.Simplex(cost, a, b, negligible, nil)
	if err != nil {
		return nil, false
	}
	for j, i := range columns {
		e[i] += d[j]
	}
	return e, true
}
