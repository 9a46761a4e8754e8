package experiment

import (
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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

// barWidth is that of a bar in points, with the gap to the next.
const barWidth = 13

func (b Bars) names() []string {
	out := make([]string, len(b.Series))
	for k, s := range b.Series {
		if !s.empty() {
			out[k] = s.Name
		}
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
		for _, l := range whiskers.lines {
			p.Y.Min, p.Y.Max = min(p.Y.Min, l.low), max(p.Y.Max, l.high)
		}
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
