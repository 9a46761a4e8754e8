package experiment

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"gonum.org/v1/gonum/floats"

	"unlearnguard/metrics/grid"
)

// Table is a table of words and numbers.
type Table struct {
	Columns []string `json:"columns"`
	// Rows have one cell a column: a string, an int or a float64, or nil where there is nothing to say.
	Rows [][]any `json:"rows"`
}

// add appends a row. A number that is not one says nothing.
func (t *Table) add(cells ...any) {
	for i, c := range cells {
		if v, ok := c.(float64); ok && math.IsNaN(v) {
			cells[i] = nil
		}
	}
	t.Rows = append(t.Rows, cells)
}

// WriteCSV writes the table with its columns' names first (RFC 4180). Numbers are exact.
func (t *Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := [][]string{t.Columns}
	for _, row := range t.Rows {
		lines = append(lines, texts(row, func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }))
	}
	return out.WriteAll(lines)
}

// WriteText writes the table for people, its numbers rounded.
func (t *Table) WriteText(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(t.Columns, "\t"))
	for _, row := range t.Rows {
		fmt.Fprintln(out, strings.Join(texts(row, func(v float64) string { return fmt.Sprintf("%.2f", v) }), "\t"))
	}
	return out.Flush()
}

func texts(row []any, number func(float64) string) []string {
	out := make([]string, len(row))
	for i, c := range row {
		switch c := c.(type) {
		case nil:
		case float64:
			out[i] = number(c)
		default:
			out[i] = fmt.Sprint(c)
		}
	}
	return out
}

// ledger has the same lines for each of several networks.
type ledger struct {
	subjects, measures []string // the names of the columns
	networks           [][]line
}

// line is what it is about, in words, and numbers, NaN where there is none.
type line struct {
	about  []string
	values []float64
}

// means has one row a line, with the means over the networks that have a number there.
func (l *ledger) means() Table {
	t := Table{Columns: append(slices.Clone(l.subjects), l.measures...)}
	for k, of := range l.networks[0] {
		row := anys(of.about)
		for m := range of.values {
			var values []float64
			for _, n := range l.networks {
				if v := n[k].values[m]; !math.IsNaN(v) {
					values = append(values, v)
				}
			}
			row = append(row, mean(values))
		}
		t.add(row...)
	}
	return t
}

// all has one row a network and line.
func (l *ledger) all() Table {
	t := Table{Columns: slices.Concat([]string{"network"}, l.subjects, l.measures)}
	for i, n := range l.networks {
		for _, of := range n {
			t.add(slices.Concat([]any{i}, anys(of.about), anys(of.values))...)
		}
	}
	return t
}

// result starts a result with its tables.
func (l *ledger) result(samples Table, pictures grid.Table) *Result {
	return &Result{Summary: l.means(), Networks: l.all(), Samples: samples, Pictures: []Picture{{"pictures", pictures}}}
}

func anys[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// mean is NaN of nothing.
func mean(values []float64) float64 { return floats.Sum(values) / float64(len(values)) }
