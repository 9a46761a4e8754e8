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

// Figure is a few panels of one size, side by side and below each other.
type Figure struct{ Panels []Panel }

// Panel is one plot.
type Panel interface {
	draw() (*plot.Plot, error)
	// width is what the plot needs, in points.
	width() vg.Length
	// names are those of the series; one without a name, or without points, is not mentioned.
	names() []string
}

// Bars are means with a whisker from the least to the greatest: a group of bars for each of Groups, in it one for each
// series.
type Bars struct {
	Y      string
	Groups []string
	Series []Series
}

// Series has for each group of bars the values of all networks.
type Series struct {
	Name   string
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
	margin       = 7
	indent       = 34 // of the legend, about the width of the vertical axis
	barWidth     = 13
	letters      = 9
	legendHeight = 12
)

var colours = []color.Color{
	color.NRGBA{179, 55, 46, 255}, color.NRGBA{66, 119, 178, 255}, color.NRGBA{176, 180, 186, 255}, color.NRGBA{60, 70, 80, 255},
}

var ink = color.NRGBA{40, 44, 52, 255}

// words is the style of what is written.
var words = text.Style{
	Color:   ink,
	Font:    font.Font{Typeface: plot.DefaultFont.Typeface, Variant: "Sans", Size: letters},
	Handler: plot.DefaultTextHandler,
}

// PNG draws the figure.
func (f Figure) PNG() ([]byte, error) {
	columns := int(math.Ceil(math.Sqrt(float64(len(f.Panels)))))
	rows := (len(f.Panels) + columns - 1) / columns
	left := make([]vg.Length, columns+1) // of each column, and of what would follow
	for c := range columns {
		widest := vg.Length(0)
		for k := c; k < len(f.Panels); k += columns {
			widest = max(widest, f.Panels[k].width(), indent+legendWidth(f.Panels[k].names()))
		}
		left[c+1] = left[c] + widest + 2*margin
	}
	canvas := vgimg.NewWith(vgimg.UseWH(left[columns], vg.Length(rows)*panelHeight), vgimg.UseDPI(150),
		vgimg.UseBackgroundColor(color.White))
	for k, p := range f.Panels {
		top := vg.Length(rows-k/columns) * panelHeight
		panel := draw.New(canvas)
		panel.Rectangle = vg.Rectangle{Min: vg.Point{X: left[k%columns] + margin, Y: top - panelHeight + margin},
			Max: vg.Point{X: left[k%columns+1] - margin, Y: top - margin}}
		if err := drawPanel(panel, p); err != nil {
			return nil, err
		}
	}
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(&out)
	return out.Bytes(), err
}

// drawPanel puts the legend above the plot.
func drawPanel(c draw.Canvas, p Panel) error {
	drawn, err := p.draw()
	if err != nil {
		return err
	}
	legend(draw.Crop(c, indent, 0, c.Max.Y-c.Min.Y-legendHeight, 0), p.names())
	drawn.Draw(draw.Crop(c, 0, 0, 0, -legendHeight-4))
	return nil
}

// legend names the series of a panel side by side, each beside its colour.
func legend(c draw.Canvas, names []string) {
	x := c.Min.X
	for k, name := range names {
		if name == "" {
			continue
		}
		y := c.Min.Y
		c.FillPolygon(colours[k%len(colours)], []vg.Point{{X: x, Y: y}, {X: x + letters, Y: y}, {X: x + letters, Y: y + letters}, {X: x, Y: y + letters}})
		c.FillText(words, vg.Point{X: x + letters + 4, Y: y + 1}, name)
		x += legendWidth([]string{name})
	}
}

func legendWidth(names []string) vg.Length {
	var sum vg.Length
	for _, name := range names {
		if name != "" {
			sum += letters + 4 + words.Width(name) + 14
		}
	}
	return sum
}

func (b Bars) names() []string {
	out := make([]string, len(b.Series))
	for k, s := range b.Series {
		if !s.empty() {
			out[k] = s.Name
		}
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
	for _, g := range wrapped(b.Groups) {
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
		if s.empty() {
			continue
		}
		offset := barWidth * (vg.Length(k) - vg.Length(len(b.Series)-1)/2)
		bars, whiskers, err := s.bars(offset)
		if err != nil {
			return nil, err
		}
		bars.Color = colours[k%len(colours)]
		p.Add(bars, whiskers)
		p.Y.Max = max(p.Y.Max, s.greatest())
	}
	p.NominalX(level(wrapped(b.Groups))...)
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
			style.Font, style.Color = words.Font, ink
		}
		a.Padding, a.Tick.Marker = 2, short{}
	}
	return p
}

// greatest is the largest value, 0 of none.
func (s *Series) greatest() float64 {
	out := 0.0
	for _, values := range s.Values {
		for _, v := range values {
			out = max(out, v)
		}
	}
	return out
}

// lineLength is where the names of groups of bars are broken, in letters.
const lineLength = 12

// wrapped breaks names at spaces into lines.
func wrapped(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		length := 0
		for _, word := range strings.Fields(name) {
			switch {
			case length == 0:
			case length+1+len(word) > lineLength:
				out[i] += "\n"
				length = 0
			default:
				out[i] += " "
				length++
			}
			out[i] += word
			length += len(word)
		}
	}
	return out
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
