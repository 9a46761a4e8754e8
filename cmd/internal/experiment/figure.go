package experiment

import (
	"bytes"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Figure is a few panels, side by side and below each other.
type Figure struct{ Panels []Panel }

// Panel is one plot.
type Panel interface {
	draw() (*plot.Plot, error)
	// width is what the plot needs, in points.
	width() vg.Length
	// names are those of the series; one without a name, or without points, is not mentioned.
	names() []string
}

// The sizes, in points.
const (
	panelHeight  = 230
	margin       = 7
	indent       = 34 // of the legend, about the width of the vertical axis
	letters      = 9
	legendHeight = 12
)

// colours are those of a panel's series, of unlike brightness.
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
