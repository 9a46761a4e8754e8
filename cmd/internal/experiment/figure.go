package experiment

import (
	"bytes"
	"image/color"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Figure is a row of panels.
type Figure struct{ Panels []Panel }

// Panel is one plot, so many points wide.
type Panel interface {
	draw() (*plot.Plot, error)
	width() vg.Length
	// names are those of the series.
	names() []string
}

// Bars are means with a whisker from the least to the greatest: a group of bars for each of Groups, in it one for each
// series. Names of groups may have several lines.
type Bars struct {
	Y      string
	Groups []string
	Series []Series
}

// Series has for each group of bars, or each value of X where there is one, the values of all networks.
type Series struct {
	Name   string
	X      []float64
	Values [][]float64
}

func (s *Series) empty() bool {
	for _, v := range s.Values {
		if len(v) > 0 {
			return false
		}
	}
	return true
}

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

// The sizes, in points, and the colours of the series: told apart by those who see no colours, too.
const (
	panelHeight  = 230
	barWidth     = 13
	letters      = 9
	legendHeight = 12
)

var colours = []color.Color{
	color.NRGBA{179, 55, 46, 255}, color.NRGBA{66, 119, 178, 255}, color.NRGBA{176, 180, 186, 255}, color.NRGBA{60, 70, 80, 255},
}

var ink = color.NRGBA{40, 44, 52, 255}

// PNG draws the figure.
func (f Figure) PNG() ([]byte, error) {
	var total vg.Length
	plots := []*plot.Plot{}
	for _, p := range f.Panels {
		drawn, err := p.draw()
		if err != nil {
			return nil, err
		}
		plots = append(plots, drawn)
		total += p.width()
	}
	canvas := vgimg.NewWith(vgimg.UseWH(total, panelHeight), vgimg.UseDPI(160), vgimg.UseBackgroundColor(color.White))
	at := draw.New(canvas)
	left := vg.Length(0)
	for k, p := range f.Panels {
		panel := draw.Crop(at, left+8, left+p.width()-total-8, 6, -6)
		legend(draw.Crop(panel, 34, 0, panel.Max.Y-panel.Min.Y-legendHeight, 0), p.names())
		plots[k].Draw(draw.Crop(panel, 0, 0, 0, -legendHeight-4))
		left += p.width()
	}
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(&out)
	return out.Bytes(), err
}

// legend names the series of a panel side by side, each beside its colour.
func legend(c draw.Canvas, names []string) {
	style := draw.TextStyle{Color: ink, Font: font.From(plot.DefaultFont, letters), Handler: plot.DefaultTextHandler}
	style.Font.Variant = "Sans"
	x := c.Min.X
	for k, name := range names {
		if name == "" {
			continue
		}
		square := []vg.Point{{X: x, Y: c.Min.Y}, {X: x + letters, Y: c.Min.Y}, {X: x + letters, Y: c.Min.Y + letters}, {X: x, Y: c.Min.Y + letters}}
		c.FillPolygon(colours[k%len(colours)], square)
		c.FillText(style, vg.Point{X: x + letters + 4, Y: c.Min.Y + 1}, name)
		x += letters + 4 + style.Width(name) + 14
	}
}

func (b Bars) names() []string {
	var out []string
	for _, s := range b.Series {
		out = append(out, s.Name)
	}
	return out
}

func (p Points) names() []string {
	var out []string
	for _, s := range p.Series {
		out = append(out, s.Name)
	}
	return out
}

// width leaves each group the room of its name.
func (b Bars) width() vg.Length {
	longest := 0
	for _, g := range b.Groups {
		for _, l := range strings.Split(g, "\n") {
			longest = max(longest, len(l))
		}
	}
	group := max(vg.Length(len(b.Series)+1)*barWidth, vg.Length(longest)*letters*0.6)
	return 60 + vg.Length(len(b.Groups))*group
}

func (b Bars) draw() (*plot.Plot, error) {
	p := newPlot("", b.Y)
	for k, s := range b.Series {
		offset := barWidth * (vg.Length(k) - vg.Length(len(b.Series)-1)/2)
		bars, whiskers, err := s.bars(offset)
		if err != nil {
			return nil, err
		}
		bars.Color = colours[k%len(colours)]
		p.Add(bars, whiskers)
	}
	p.NominalX(level(b.Groups)...)
	p.X.Tick.Length = 0
	p.X.Min, p.X.Max = -0.5, float64(len(b.Groups))-0.5
	p.Y.Min = min(p.Y.Min, 0)
	p.Y.Max = max(p.Y.Max, 1)
	return p, nil
}

// bars are shifted to the right by offset; a group without values has none.
func (s *Series) bars(offset vg.Length) (*plotter.BarChart, *spans, error) {
	heights := make(plotter.Values, len(s.Values))
	w := &spans{offset: offset}
	for i, v := range s.Values {
		if len(v) == 0 {
			continue
		}
		heights[i] = mean(v)
		low, high := math.Inf(1), math.Inf(-1)
		for _, x := range v {
			low, high = min(low, x), max(high, x)
		}
		w.lines = append(w.lines, span{float64(i), low, high})
	}
	bars, err := plotter.NewBarChart(heights, barWidth-1)
	if err != nil {
		return nil, nil, err
	}
	bars.Offset, bars.LineStyle.Width = offset, 0
	return bars, w, nil
}

// spans are vertical lines, shifted to the right like the bars that they stand on.
type spans struct {
	offset vg.Length
	lines  []span
}

type span struct{ x, low, high float64 }

// Plot implements plot.Plotter.
func (s *spans) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, l := range s.lines {
		at := x(l.x) + s.offset
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8}, at, y(l.low), at, y(l.high))
	}
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

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		for _, style := range []*text.Style{&a.Label.TextStyle, &a.Tick.Label} {
			style.Font.Variant, style.Font.Size, style.Color = "Sans", letters, ink
		}
		a.Padding, a.Tick.Marker = 2, short{}
	}
	return p
}

// level gives names of several lines the same number of them.
func level(names []string) []string {
	most := 0
	for _, n := range names {
		most = max(most, strings.Count(n, "\n"))
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n + strings.Repeat("\n ", most-strings.Count(n, "\n"))
	}
	return out
}

// short labels ticks with no more digits than they need.
type short struct{}

// Ticks implements plot.Ticker.
func (short) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = strconv.FormatFloat(t.Value, 'g', 4, 64)
		}
	}
	return ticks
}
