package experiment

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Points show a value against another.
type Points struct {
	X, Y   string
	Series []Cloud
	// Rule is a height to mark, NaN for none.
	Rule float64
}

// Cloud is a set of points.
type Cloud struct {
	Name string
	XYs  plotter.XYs
}

func (p Points) names() []string {
	var out []string
	for _, s := range p.Series {
		out = append(out, s.Name)
	}
	return out
}

func (p Points) width() vg.Length { return 330 }

func (p Points) draw() (*plot.Plot, error) {
	out := newPlot(p.X, p.Y)
	shapes := []draw.GlyphDrawer{draw.RingGlyph{}, draw.CrossGlyph{}, draw.PyramidGlyph{}}
	for k, s := range p.Series {
		marks, err := plotter.NewScatter(s.XYs)
		if err != nil {
			return nil, err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: colours[k%len(colours)], Radius: 2.2, Shape: shapes[k%len(shapes)]}
		out.Add(marks)
	}
	out.Y.Min, out.Y.Max = min(out.Y.Min, 0), max(out.Y.Max, 1)
	if !math.IsNaN(p.Rule) {
		out.Add(&plotter.Line{XYs: plotter.XYs{{X: out.X.Min, Y: p.Rule}, {X: out.X.Max, Y: p.Rule}},
			LineStyle: draw.LineStyle{Color: ink, Width: 0.7, Dashes: []vg.Length{4, 3}}})
	}
	return out, nil
}
