package experiment

import (
	"fmt"
	"math"
	"path/filepath"

	"unlearnguard/metrics/grid"
)

// histories are those of several networks, with the same models.
type histories []*history

// result lays histories out. The measures become columns, and those that are charted a panel of the figure each.
func (h histories) result(measures, charted []string) *Result {
	numbers := h.ledger(measures)
	r := numbers.result(h.samples(), h.pictures())
	for _, m := range charted {
		r.Figure.Panels = append(r.Figure.Panels, h.chart(m))
	}
	return r
}

// ledger has a line for every model and group.
func (h histories) ledger(measures []string) *ledger {
	l := &ledger{subjects: []string{"model", "samples"}, measures: measures}
	for _, one := range h {
		var lines []line
		for _, s := range one.States {
			for g, group := range groups {
				of := line{about: []string{s.Model, group}}
				for _, m := range measures {
					of.values = append(of.values, s.value(m, g))
				}
				lines = append(lines, of)
			}
		}
		l.networks = append(l.networks, lines)
	}
	return l
}

// samples has a row for every network, model and training sample.
func (h histories) samples() Table {
	t := Table{Columns: []string{"network", "model", "sample", "group", "SSIM", "verdict"}}
	for i, one := range h {
		for _, s := range one.States {
			for j, name := range one.Names {
				var verdict any
				if len(s.Verdicts) > 0 {
					verdict = string(s.Verdicts[j])
				}
				t.add(i, s.Model, name, one.group(j), s.SSIM[j], verdict)
			}
		}
	}
	return t
}

// group is that of a sample.
func (h *history) group(sample int) string {
	if sample < h.Forgotten {
		return groups[forgotten]
	}
	return groups[remaining]
}

// value is a measure of a group, NaN where it was not taken.
func (s *state) value(measure string, group int) float64 {
	if v, ok := s.Measures[measure]; ok {
		return v[group]
	}
	return math.NaN()
}

// values are those of all networks in which the measure says something of the group.
func (h histories) values(model int, measure string, group int) []float64 {
	var out []float64
	for _, one := range h {
		if v := one.States[model].value(measure, group); !math.IsNaN(v) {
			out = append(out, v)
		}
	}
	return out
}

// chart shows a measure of all models and groups.
func (h histories) chart(measure string) Panel {
	b := Bars{Y: measure}
	for _, s := range h[0].States {
		b.Groups = append(b.Groups, s.Model)
	}
	for g, group := range groups {
		s := Series{Name: group}
		for k := range h[0].States {
			s.Values = append(s.Values, h.values(k, measure, g))
		}
		b.Series = append(b.Series, s)
	}
	return b
}

// pictured is how many of the samples to forget are shown.
const pictured = 10

// pictures shows samples to forget with what comes nearest to them of what each model gave up.
func (h histories) pictures() grid.Table {
	one := h[0]
	t := grid.Table{Title: "Samples to forget", Subtitle: "what comes nearest of all that each model gave up; the first network",
		Rows: []grid.Row{{Title: "original"}}}
	for _, s := range one.States {
		t.Rows = append(t.Rows, grid.Row{Title: s.Model})
	}
	for i := range min(one.Forgotten, pictured) {
		t.Columns = append(t.Columns, []string{filepath.Base(one.Names[i])})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{Image: one.Originals[i]})
		for k, s := range one.States {
			t.Rows[k+1].Cells = append(t.Rows[k+1].Cells, grid.Cell{Image: s.Nearest[i], Caption: fmt.Sprintf("SSIM %.2f", s.SSIM[i])})
		}
	}
	return t
}
