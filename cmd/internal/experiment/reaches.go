package experiment

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/plotter"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/grid"
)

// reaches are those of several networks.
type reaches []*reach

// The phases of reconstruction.
var phases = [2]string{"phase 1", "with the prior"}

// The paper decides by an SSIM of tau, and counts the samples that it can verify by one of counted.
const (
	tau     = 0.4
	counted = 0.15
)

// correlation is the rank correlation of the SSIM with the margin (Kendall's tau).
const correlation = "rank correlation"

func (a reaches) result() *Result {
	numbers := a.ledger()
	out := numbers.result(a.samples(), a.pictures())
	out.Figure = a.figure(numbers)
	return out
}

// threshold is a way to say above which SSIM a sample is verified.
type threshold struct {
	name string
	of   func(*phase) float64
}

var thresholds = []threshold{
	{fmt.Sprintf("SSIM above %v", counted), func(*phase) float64 { return counted }},
	{fmt.Sprintf("SSIM above %v", tau), func(*phase) float64 { return tau }},
	{"above 95 % of never trained", func(p *phase) float64 {
		return stat.Quantile(0.95, stat.Empirical, slices.Sorted(slices.Values(p.Null)), nil)
	}},
}

// ledger has a line for each phase and threshold, and one for each backdoor.
func (a reaches) ledger() *ledger {
	l := &ledger{subjects: []string{"method"},
		measures: []string{"verifiable", "of", "never trained", similarity, correlation, attackSuccess, attackSuccess + " without",
			accuracy}}
	none := math.NaN()
	for _, one := range a {
		var lines []line
		n := float64(len(one.Names))
		for k := range one.Phases {
			p := &one.Phases[k]
			for _, th := range thresholds {
				at := th.of(p)
				lines = append(lines, line{[]string{phases[k] + ", " + th.name}, []float64{above(p.SSIM, at) * n, n, above(p.Null, at),
					mean(p.SSIM), stat.Kendall(one.Margins, p.SSIM, nil), none, none, one.Accuracy}})
			}
		}
		for _, b := range one.Backdoors {
			lines = append(lines, line{[]string{fmt.Sprintf("backdoor, %d poisoned", b.Poisoned)},
				[]float64{b.verifiable(), n, none, none, none, b.With, b.Without, b.Accuracy}})
		}
		l.networks = append(l.networks, lines)
	}
	return l
}

// above is the share of the values that are above a threshold.
func above(values []float64, threshold float64) float64 {
	n := 0
	for _, v := range values {
		if v > threshold {
			n++
		}
	}
	return float64(n) / float64(len(values))
}

// samples has a row for every network and training sample.
func (a reaches) samples() Table {
	t := Table{Columns: []string{"network", "sample", "margin", "SSIM", "SSIM with the prior"}}
	for i, one := range a {
		for j, name := range one.Names {
			t.add(i, name, one.Margins[j], one.Phases[0].SSIM[j], one.Phases[1].SSIM[j])
		}
	}
	return t
}

// figure has a panel for each of the paper's.
func (a reaches) figure(numbers *ledger) Figure {
	cloud := Points{X: "distance to the decision boundary (margin)", Y: "SSIM", Rule: tau}
	for k, name := range phases {
		var points plotter.XYs
		for _, one := range a {
			for j, m := range one.Margins {
				points = append(points, plotter.XY{X: m, Y: one.Phases[k].SSIM[j]})
			}
		}
		cloud.Series = append(cloud.Series, Cloud{Name: name, XYs: points})
	}
	counts := Bars{Y: "verifiable samples", Series: []Series{{}}}
	for k, of := range numbers.networks[0] {
		counts.Groups = append(counts.Groups, of.about[0])
		var values []float64
		for _, n := range numbers.networks {
			values = append(values, n[k].values[0])
		}
		counts.Series[0].Values = append(counts.Series[0].Values, values)
	}
	return Figure{Panels: []Panel{cloud, counts}}
}

// pictures shows training samples from the nearest to the decision boundary to the farthest.
func (a reaches) pictures() grid.Table {
	one := a[0]
	order := images.Positions(0, len(one.Names))
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(one.Margins[i], one.Margins[j]) })
	t := grid.Table{Title: "Training samples",
		Subtitle: "from the nearest to the decision boundary to the farthest; the first network",
		Rows:     []grid.Row{{Title: "original"}, {Title: phases[0]}, {Title: phases[1]}}}
	shown := min(pictured, len(order))
	for k := range shown {
		i := order[k*(len(order)-1)/max(shown-1, 1)]
		t.Columns = append(t.Columns, []string{filepath.Base(one.Names[i]), fmt.Sprintf("margin %.1f", one.Margins[i])})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{Image: one.Originals[i]})
		for j, p := range one.Phases {
			t.Rows[j+1].Cells = append(t.Rows[j+1].Cells, grid.Cell{Image: p.Nearest[i], Caption: fmt.Sprintf("SSIM %.2f", p.SSIM[i])})
		}
	}
	return t
}
