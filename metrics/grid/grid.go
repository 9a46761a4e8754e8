// Package grid draws labelled tables of pictures as PNG files.
//
// A [Table] has one column a sample and one row a view of it, for example the original, the nearest reconstruction
// from one model and the nearest from another. [Table.Draw] sets it as an image, [Write] stores it as a PNG file that
// is either complete or not there.
//
// Pictures are enlarged by whole numbers without smoothing, so that what is seen is what was compared. A table wider
// than a page continues below, with its row titles repeated.
package grid

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"

	"github.com/disintegration/imaging"

	"unlearnguard/metrics"
	"unlearnguard/onnxio/file"
)

// A Table is a grid of pictures with words around them.
type Table struct {
	Title    string
	Subtitle string
	Rows     []Row
	// Columns holds what stands above each column: one entry a column, in as many lines.
	Columns [][]string
	// Footers holds what stands below each column. It may be shorter than Columns.
	Footers []Footer
	// PerBand is the number of columns after which the table continues below. If 0, it is 10.
	PerBand int
	// CellSize is the least side of a picture on the page, in pixels. If 0, it is 112.
	CellSize int
}

// A Row is one view of every sample.
type Row struct {
	Title string
	Cells []Cell
}

// A Cell is one picture and the line below it. A cell without a picture (no pixels) is drawn as an empty frame.
type Cell struct {
	Image   metrics.Image
	Caption string
}

// A Footer is a line below a column, in a colour of its own; the zero colour is that of the text.
type Footer struct {
	Text  string
	Color color.NRGBA
}

// Picture converts an image of one or three channels (grey, or red-green-blue) to 8 bits; values outside [0, 1] are cut
// off. Of an image with another number of channels it shows the first alone.
func Picture(m metrics.Image) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, m.Width, m.Height))
	planes := [3][]float64{}
	for c := range planes {
		if m.Channels == 3 {
			planes[c] = m.Plane(c)
		} else {
			planes[c] = m.Plane(0)
		}
	}
	for i := range m.Height * m.Width {
		for c := range planes {
			out.Pix[4*i+c] = byteOf(planes[c][i])
		}
		out.Pix[4*i+3] = 255
	}
	return out
}

func byteOf(v float64) uint8 { return uint8(min(max(v, 0), 1)*255 + 0.5) }

// enlarge scales a picture by the least whole number that makes its shorter side at least side pixels.
func enlarge(m image.Image, side int) *image.NRGBA {
	b := m.Bounds()
	k := enlargement(b.Dx(), b.Dy(), side)
	return imaging.Resize(m, k*b.Dx(), k*b.Dy(), imaging.NearestNeighbor)
}

func enlargement(width, height, side int) int {
	short := min(width, height)
	return (max(side, 1) + short - 1) / short
}

// Draw sets the table as an image. It fails when a row has not one cell a column, or a picture has no valid size.
func (t Table) Draw() (*image.NRGBA, error) {
	if err := t.validate(); err != nil {
		return nil, err
	}
	p, err := t.layout()
	if err != nil {
		return nil, err
	}
	p.drawHeading()
	for band := range p.bands {
		p.drawBand(band)
	}
	return p.canvas, nil
}

func (t Table) validate() error {
	if len(t.Columns) == 0 || len(t.Rows) == 0 {
		return errors.New("a picture grid needs at least one row and one column")
	}
	for _, r := range t.Rows {
		if len(r.Cells) != len(t.Columns) {
			return fmt.Errorf("row %q of a picture grid has %d cells, not one for each of %d columns", r.Title, len(r.Cells), len(t.Columns))
		}
		for i, c := range r.Cells {
			if len(c.Image.Pix) == 0 {
				continue
			}
			if err := c.Image.Validate(); err != nil {
				return fmt.Errorf("row %q, column %d of a picture grid: %w", r.Title, i, err)
			}
		}
	}
	if len(t.Footers) > len(t.Columns) {
		return fmt.Errorf("a picture grid has %d footers for %d columns", len(t.Footers), len(t.Columns))
	}
	return nil
}

// Encode writes the table as PNG.
func Encode(w io.Writer, t Table) error {
	canvas, err := t.Draw()
	if err != nil {
		return err
	}
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, canvas)
}

// Write stores the table as a PNG file. The file appears complete or not at all, and replaces one of its name.
func Write(path string, t Table) error {
	return file.Write(path, 0o644, func(f *os.File) error {
		buffered := bufio.NewWriter(f)
		if err := Encode(buffered, t); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return buffered.Flush()
	})
}
