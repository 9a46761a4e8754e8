package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"unlearnguard/metrics"
)

// Plots are drawn in stand-in colours, each of which becomes a property of the page's style sheet, so that they follow
// light, dark and print.
var palette = []struct {
	standIn  color.NRGBA
	property string
}{
	{inkColor, "var(--ink)"},
	{faintColor, "var(--muted)"},
	{nullColor, "var(--null)"},
	{controlColor, "var(--control)"},
	{forgetColor, "var(--forget)"},
}

var (
	inkColor     = color.NRGBA{1, 0, 1, 255}
	faintColor   = color.NRGBA{2, 0, 2, 255}
	nullColor    = color.NRGBA{3, 0, 3, 255}
	controlColor = color.NRGBA{4, 0, 4, 255}
	forgetColor  = color.NRGBA{5, 0, 5, 255}
)

// The size of a plot's view box, and of its letters. On a phone it is shown at about this size in pixels.
const (
	plotWidth  = 370
	plotHeight = 230
	letters    = 11
)

// A series is one measure of one model: of the reference images, the controls and the samples to forget.
type series struct {
	null, controls, forget []float64
	// threshold is where a mark is drawn; NaN for none.
	threshold float64
	// means: the means of the controls and of the samples to forget are marked.
	means bool
}

// values returns a measure of the samples of one role.
func (r *Report) values(role metrics.Role, of func(Sample) float64) []float64 {
	var out []float64
	for _, s := range r.Samples {
		if s.Role == role {
			out = append(out, of(s))
		}
	}
	return out
}

// distribution shows where the samples stand among the reference images: a histogram of the latter, and below it a mark
// for every control and every sample to forget.
func distribution(axis string, s series, low, high float64) (template.HTML, error) {
	p := newPlot(axis, "")
	top := 1.0
	if len(s.null) > 0 {
		bars, highest, err := histogram(s.null)
		if err != nil {
			return "", err
		}
		p.Add(bars)
		top = highest
	}
	ticks := []plot.Tick{}
	if len(s.null) > 0 {
		ticks = append(ticks, plot.Tick{Value: 0, Label: "0"}, plot.Tick{Value: top, Label: fmt.Sprint(top)})
	}
	for row, marks := range []struct {
		name   string
		values []float64
		color  color.Color
		shape  draw.GlyphDrawer
	}{{"controls", s.controls, controlColor, draw.RingGlyph{}}, {"to forget", s.forget, forgetColor, draw.PyramidGlyph{}}} {
		y := -0.2 * top * float64(row+1)
		ticks = append(ticks, plot.Tick{Value: y, Label: marks.name + "\u00a0\u00a0"})
		if err := addMarks(p, level(marks.values, y), marks.color, marks.shape); err != nil {
			return "", err
		}
		if s.means && len(marks.values) > 0 {
			at, half := stat.Mean(marks.values, nil), 0.08*top
			p.Add(&plotter.Line{XYs: plotter.XYs{{X: at, Y: y - half}, {X: at, Y: y + half}}, LineStyle: draw.LineStyle{Color: marks.color, Width: 2.6}})
		}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Min, p.Y.Max = -0.52*top, 1.06*top
	if len(s.null) == 0 {
		p.Y.Max = 0
	}
	if !math.IsNaN(s.threshold) {
		addRule(p, plotter.XYs{{X: s.threshold, Y: p.Y.Min}, {X: s.threshold, Y: p.Y.Max}})
	}
	p.X.Min, p.X.Max = low, high
	return svg(p, axis)
}

// histogram returns bars that stand on zero, and the height of the highest. (Those of plotter.Histogram reach down to
// the axis.)
func histogram(values []float64) (bars *plotter.Polygon, highest float64, err error) {
	low, high := slices.Min(values), slices.Max(values)
	const bins = 30
	counts := make([]float64, bins)
	for _, v := range values {
		at := 0
		if high > low {
			at = min(int(bins*((v-low)/(high-low))), bins-1) // (plotter.NewHist panics where rounding puts a value past the last bin)
		}
		counts[at]++
		highest = max(highest, counts[at])
	}
	width := (high - low) / bins
	var outlines []plotter.XYer
	for k, n := range counts {
		if from := low + float64(k)*width; n > 0 {
			outlines = append(outlines, plotter.XYs{{X: from}, {X: from, Y: n}, {X: from + width, Y: n}, {X: from + width}})
		}
	}
	if bars, err = plotter.NewPolygon(outlines...); err != nil {
		return nil, 0, err
	}
	bars.Color, bars.LineStyle.Width = nullColor, 0
	return bars, highest, nil
}

// level puts values on a line.
func level(values []float64, y float64) plotter.XYs {
	out := make(plotter.XYs, len(values))
	for i, v := range values {
		out[i] = plotter.XY{X: v, Y: y}
	}
	return out
}

// comparison shows the evidence in the model after against that in the model before: kept samples lie near the diagonal,
// unlearned ones below it.
func (r *Report) comparison() (template.HTML, error) {
	p := newPlot("evidence in the model before", "evidence in the model after")
	for _, marks := range []struct {
		role  metrics.Role
		color color.Color
		shape draw.GlyphDrawer
	}{{metrics.Retain, controlColor, draw.RingGlyph{}}, {metrics.Forget, forgetColor, draw.PyramidGlyph{}}} {
		var points plotter.XYs
		for _, s := range r.Samples {
			if s.Role == marks.role {
				points = append(points, plotter.XY{X: s.Before.Score, Y: s.After.Score})
			}
		}
		if err := addMarks(p, points, marks.color, marks.shape); err != nil {
			return "", err
		}
	}
	before, after := r.threshold(r.Reference.Before.Combined), r.threshold(r.Reference.After.Combined)
	low := min(p.X.Min, p.Y.Min, before, after) - 1
	high := max(p.X.Max, p.Y.Max, before, after) + 1
	if r.Decision.Method == metrics.FixedThreshold {
		low, high = min(p.X.Min, p.Y.Min, before)-0.05, max(p.X.Max, p.Y.Max, before)+0.05
	}
	p.Add(&plotter.Line{XYs: plotter.XYs{{X: low, Y: low}, {X: high, Y: high}}, LineStyle: draw.LineStyle{Color: nullColor, Width: 0.8}})
	addRule(p, plotter.XYs{{X: before, Y: low}, {X: before, Y: high}})
	addRule(p, plotter.XYs{{X: low, Y: after}, {X: high, Y: after}})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, low, high
	return svg(p, "evidence before and after")
}

// threshold is the score above which an image is among the highest of the reference set, at the decision's level.
func (r *Report) threshold(null []float64) float64 {
	if r.Decision.Method == metrics.FixedThreshold {
		return r.Decision.Parameters.Tau
	}
	if len(null) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(null))
	return sorted[min(len(sorted)-1, int((1-r.Decision.Parameters.Level)*float64(len(sorted))))]
}

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Tick.Color = faintColor, faintColor
		a.LineStyle.Width, a.Tick.LineStyle.Width = 0.7, 0.7
		for _, style := range []*text.Style{&a.Label.TextStyle, &a.Tick.Label} {
			style.Font.Variant, style.Font.Size, style.Color = "Sans", letters, inkColor
		}
		a.Padding = 3
	}
	return p
}

func addMarks(p *plot.Plot, points plotter.XYs, c color.Color, shape draw.GlyphDrawer) error {
	if len(points) == 0 {
		return nil
	}
	marks, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	marks.GlyphStyle = draw.GlyphStyle{Color: c, Radius: 3.2, Shape: shape}
	p.Add(marks)
	return nil
}

func addRule(p *plot.Plot, points plotter.XYs) {
	rule := &plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: faintColor, Width: 0.8, Dashes: []vg.Length{4, 3}}}
	p.Add(rule)
}

// svg draws a plot as an element of the page: no fixed size, the page's colours and letters, and a name for those who
// cannot see it.
func svg(p *plot.Plot, name string) (template.HTML, error) {
	canvas := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.Crop(draw.New(canvas), 0, -10, 0, -2)) // room for half a label beyond the last tick
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", err
	}
	_, body, _ := strings.Cut(out.String(), "<svg")
	_, body, _ = strings.Cut(body, ">")
	for _, c := range palette {
		body = strings.ReplaceAll(body, fmt.Sprintf("#%02X%02X%02X", c.standIn.R, c.standIn.G, c.standIn.B), c.property)
	}
	body = strings.ReplaceAll(body, "font-family:Liberation Sans", "font-family:var(--sans)")
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">%s`,
		plotWidth, plotHeight, template.HTMLEscapeString(name), body)), nil
}
