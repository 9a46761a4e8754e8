package grid

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/disintegration/imaging"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The page's measures, in pixels, and colours.
const (
	margin    = 24
	gap       = 12
	titleSize = 22
	textSize  = 14
	smallSize = 13
	line      = 18
)

var (
	paper = color.NRGBA{255, 255, 255, 255}
	ink   = color.NRGBA{26, 28, 33, 255}
	faint = color.NRGBA{92, 97, 107, 255}
	rule  = color.NRGBA{205, 209, 216, 255}
)

// A page is a table with its measures settled.
type page struct {
	Table
	canvas               *image.NRGBA
	bands                int
	cellWidth, cellPitch int
	cellHeight           int
	titleWidth           int
	headLines            int
	heading, bandHeight  int
	title, text, small   font.Face
}

// layout measures the words and pictures and makes a blank canvas that holds them all.
func (t Table) layout() (*page, error) {
	p := &page{Table: t}
	if p.CellSize == 0 {
		p.CellSize = 112
	}
	if p.PerBand == 0 {
		p.PerBand = 10
	}
	p.PerBand = min(p.PerBand, len(t.Columns))
	p.bands = (len(t.Columns) + p.PerBand - 1) / p.PerBand
	if err := p.openFaces(); err != nil {
		return nil, err
	}
	p.measureCells()
	p.heading = margin + line*2
	if t.Subtitle != "" {
		p.heading += line + gap/2
	}
	p.bandHeight = p.headLines*line + len(t.Rows)*(p.cellHeight+line+gap) + gap
	if len(t.Footers) > 0 {
		p.bandHeight += line + gap/2
	}
	width := 2*margin + p.titleWidth + p.PerBand*p.cellPitch
	width = max(width, 2*margin+textWidth(p.title, t.Title), 2*margin+textWidth(p.text, t.Subtitle))
	height := p.heading + p.bands*p.bandHeight + margin/2
	p.canvas = imaging.New(width, height, paper)
	return p, nil
}

func (p *page) openFaces() error {
	for _, f := range []struct {
		face *font.Face
		ttf  []byte
		size float64
	}{{&p.title, gobold.TTF, titleSize}, {&p.text, goregular.TTF, textSize}, {&p.small, goregular.TTF, smallSize}} {
		parsed, err := opentype.Parse(f.ttf)
		if err != nil {
			return err
		}
		if *f.face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: f.size, DPI: 72, Hinting: font.HintingFull}); err != nil {
			return err
		}
	}
	return nil
}

// measureCells sizes a cell to the largest picture and the widest words of any.
func (p *page) measureCells() {
	p.cellWidth, p.cellHeight = p.CellSize, p.CellSize
	for _, r := range p.Rows {
		p.titleWidth = max(p.titleWidth, textWidth(p.text, r.Title)+gap)
		for _, c := range r.Cells {
			p.cellPitch = max(p.cellPitch, textWidth(p.small, c.Caption)+gap)
			if len(c.Image.Pix) == 0 {
				continue
			}
			k := enlargement(c.Image.Width, c.Image.Height, p.CellSize)
			p.cellWidth, p.cellHeight = max(p.cellWidth, k*c.Image.Width), max(p.cellHeight, k*c.Image.Height)
		}
	}
	for _, words := range p.Columns {
		p.headLines = max(p.headLines, len(words))
		for _, w := range words {
			p.cellPitch = max(p.cellPitch, textWidth(p.small, w)+gap)
		}
	}
	for _, f := range p.Footers {
		p.cellPitch = max(p.cellPitch, textWidth(p.text, f.Text)+gap)
	}
	p.cellPitch = min(max(p.cellPitch, p.cellWidth+gap), p.cellWidth*3/2+gap)
}

// fit shortens text from its front until it fits a column: the end of a path says most.
func (p *page) fit(face font.Face, text string) string {
	if textWidth(face, text) <= p.cellPitch-gap {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && textWidth(face, "…"+string(runes)) > p.cellPitch-gap {
		runes = runes[1:]
	}
	return "…" + string(runes)
}

func (p *page) drawHeading() {
	p.write(p.title, ink, margin, margin+titleSize-4, p.Title)
	p.write(p.text, faint, margin, margin+titleSize+line+2, p.Subtitle)
}

func (p *page) drawBand(band int) {
	top := p.heading + band*p.bandHeight
	first := band * p.PerBand
	last := min(first+p.PerBand, len(p.Columns))
	p.fill(image.Rect(margin, top-gap/2, p.canvas.Bounds().Dx()-margin, top-gap/2+1), rule)
	for c := first; c < last; c++ {
		x := margin + p.titleWidth + (c-first)*p.cellPitch
		for i, w := range p.Columns[c] {
			p.write(p.small, faint, x, top+line*(i+1)-4, p.fit(p.small, w))
		}
		y := top + p.headLines*line + gap/2
		for _, r := range p.Rows {
			p.drawCell(r.Cells[c], x, y)
			y += p.cellHeight + line + gap
		}
		if c < len(p.Footers) {
			p.write(p.text, p.Footers[c].ink(), x, y+line-gap, p.fit(p.text, p.Footers[c].Text))
		}
	}
	for i, r := range p.Rows {
		y := top + p.headLines*line + gap/2 + i*(p.cellHeight+line+gap)
		p.write(p.text, ink, margin, y+p.cellHeight/2+textSize/2, r.Title)
	}
}

func (f Footer) ink() color.NRGBA {
	if f.Color == (color.NRGBA{}) {
		return ink
	}
	return f.Color
}

func (p *page) drawCell(c Cell, x, y int) {
	frame := image.Rect(x, y, x+p.cellWidth, y+p.cellHeight)
	if len(c.Image.Pix) > 0 {
		picture := enlarge(Picture(c.Image), p.CellSize)
		frame = image.Rectangle{Max: picture.Bounds().Size()}.Add(image.Pt(x, y))
		draw.Draw(p.canvas, frame, picture, image.Point{}, draw.Src)
	}
	p.outline(frame)
	p.write(p.small, ink, x, y+p.cellHeight+line-4, p.fit(p.small, c.Caption))
}

func (p *page) outline(r image.Rectangle) {
	r = r.Inset(-1)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+1), rule)
	p.fill(image.Rect(r.Min.X, r.Max.Y-1, r.Max.X, r.Max.Y), rule)
	p.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+1, r.Max.Y), rule)
	p.fill(image.Rect(r.Max.X-1, r.Min.Y, r.Max.X, r.Max.Y), rule)
}

func (p *page) fill(r image.Rectangle, c color.NRGBA) {
	draw.Draw(p.canvas, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// write sets a line of text with its baseline at y.
func (p *page) write(face font.Face, c color.NRGBA, x, y int, text string) {
	d := font.Drawer{Dst: p.canvas, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

func textWidth(face font.Face, text string) int { return font.MeasureString(face, text).Ceil() }
