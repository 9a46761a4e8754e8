package lineage

import "math"

// assign gives each row of the matrix of gains (rows x columns, row-major) a column of its own, or -1 where there are more rows
// than columns, so that the sum of the gains is the largest. Gains must be finite.
//
// It is the method of shortest augmenting paths of Jonker and Volgenant 1987 in the rectangular form of Crouse 2016 ("On
// implementing 2D rectangular assignment algorithms", IEEE Trans. AES 52), after a greedy start and the former's augmenting row
// reduction, which leaves few rows to search paths for. It takes rows^2 columns steps at most.
func assign(gains []float64, rows, columns int) []int {
	if rows > columns {
		return inverse(assign(transposed(gains, rows, columns), columns, rows), rows)
	}
	a := newAssignment(gains, rows, columns)
	for range reductions {
		a.reduce()
	}
	for row, column := range a.columnOf {
		if column < 0 {
			a.augment(row)
		}
	}
	return a.columnOf
}

// inverse gives for each of n targets the index that was assigned to it, or -1.
func inverse(assigned []int, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	for i, to := range assigned {
		if to >= 0 {
			out[to] = i
		}
	}
	return out
}

func transposed(x []float64, rows, columns int) []float64 {
	out := make([]float64, len(x))
	for i := range rows {
		for j := range columns {
			out[j*rows+i] = x[i*columns+j]
		}
	}
	return out
}

// assignment is a partial assignment with its dual variables: u[i] + v[j] <= -gains[i,j], with equality where i has j.
type assignment struct {
	gains           []float64
	rows, columns   int
	u, v            []float64
	columnOf, rowOf []int
	// Of the search for a path: the least cost to reach each column and the row before it on the way, what was visited, and
	// the columns that were not.
	cost          []float64
	from          []int
	rowsSeen      []int
	columnsSeen   []bool
	columnsToTake []int
}

// newAssignment starts with each row at its best column, where that is still free: with v = 0 and u the least cost of a row,
// such a pair is feasible and tight.
func newAssignment(gains []float64, rows, columns int) *assignment {
	a := &assignment{
		gains: gains, rows: rows, columns: columns, u: make([]float64, rows), v: make([]float64, columns),
		columnOf: make([]int, rows), rowOf: make([]int, columns), cost: make([]float64, columns), from: make([]int, columns),
		columnsSeen: make([]bool, columns), columnsToTake: make([]int, columns),
	}
	for j := range a.rowOf {
		a.rowOf[j] = -1
	}
	for i := range rows {
		best := 0
		for j, gain := range a.row(i) {
			if gain > gains[i*columns+best] {
				best = j
			}
		}
		a.u[i], a.columnOf[i] = -gains[i*columns+best], -1
		if a.rowOf[best] < 0 {
			a.columnOf[i], a.rowOf[best] = best, i
		}
	}
	return a
}

func (a *assignment) row(i int) []float64 { return a.gains[i*a.columns : (i+1)*a.columns] }

// reductions is the number of passes of the augmenting row reduction, as Jonker and Volgenant have it.
const reductions = 2

// reduce lets each row without a column take its cheapest one, at the price of the second cheapest, from whichever row has it.
// Prices, -v, rise for columns that are taken, and these stay taken, so that a column without a row keeps v = 0. The number of
// steps is bounded, as prices may rise by next to nothing.
func (a *assignment) reduce() {
	if a.columns < 2 {
		return
	}
	var free []int
	for i, j := range a.columnOf {
		if j < 0 {
			free = append(free, i)
		}
	}
	steps := 4 * a.rows
	for _, i := range free {
		for ; i >= 0 && steps > 0; steps-- {
			i = a.take(i)
		}
	}
}

// take gives row i a column, and returns the row that lost it and may take another in turn, or -1.
func (a *assignment) take(i int) (lost int) {
	first, second, least, next := -1, -1, math.Inf(1), math.Inf(1)
	for j, gain := range a.row(i) {
		switch c := -gain - a.v[j]; {
		case c < least:
			first, second, least, next = j, first, c, least
		case c < next:
			second, next = j, c
		}
	}
	to := first
	if a.rowOf[first] >= 0 && least == next {
		to = second
	}
	a.u[i] = next
	a.v[first] -= next - least
	lost = a.rowOf[to]
	if lost >= 0 {
		a.columnOf[lost] = -1
	}
	a.columnOf[i], a.rowOf[to] = to, i
	if least == next {
		return -1
	}
	return lost
}

// augment finds the cheapest alternating path from a row without a column to a free column, and exchanges along it.
func (a *assignment) augment(row int) {
	sink, least := a.search(row)
	a.u[row] += least
	for _, i := range a.rowsSeen[1:] {
		a.u[i] += least - a.cost[a.columnOf[i]]
	}
	for j, seen := range a.columnsSeen {
		if seen {
			a.v[j] -= least - a.cost[j]
		}
	}
	for column := sink; ; {
		i := a.from[column]
		a.rowOf[column] = i
		column, a.columnOf[i] = a.columnOf[i], column
		if i == row {
			return
		}
	}
}

// search is Dijkstra's algorithm over the columns, by reduced costs. It returns the free column that is cheapest to reach, and
// its cost.
func (a *assignment) search(row int) (sink int, least float64) {
	a.rowsSeen = a.rowsSeen[:0]
	clear(a.columnsSeen)
	for j := range a.cost {
		a.cost[j], a.columnsToTake[j] = math.Inf(1), j
	}
	left := a.columnsToTake
	for i := row; ; {
		a.rowsSeen = append(a.rowsSeen, i)
		gains, base := a.row(i), least-a.u[i]
		next, lowest := -1, math.Inf(1)
		for k, j := range left {
			if c := base - gains[j] - a.v[j]; c < a.cost[j] {
				a.cost[j], a.from[j] = c, i
			}
			// Of columns that cost the same, a free one ends the search.
			if c := a.cost[j]; c < lowest || c == lowest && a.rowOf[j] < 0 {
				next, lowest = k, c
			}
		}
		j := left[next]
		least, a.columnsSeen[j] = lowest, true
		left[next] = left[len(left)-1]
		left = left[:len(left)-1]
		if a.rowOf[j] < 0 {
			return j, least
		}
		i = a.rowOf[j]
	}
}
