package experiment

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
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
		lines = append(lines, words(row, func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }))
	}
	return out.WriteAll(lines)
}

// WriteText writes the table for people, its numbers rounded.
func (t *Table) WriteText(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(t.Columns, "\t"))
	for _, row := range t.Rows {
		fmt.Fprintln(out, strings.Join(words(row, func(v float64) string { return fmt.Sprintf("%.2f", v) }), "\t"))
	}
	return out.Flush()
}

func words(row []any, number func(float64) string) []string {
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
