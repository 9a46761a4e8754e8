package metrics

import (
	"fmt"
	"math"
)

// Image is a picture of Channels planes (1 grey, 3 red-green-blue) of Height x Width pixels.
type Image struct {
	Channels, Height, Width int
	// Pix holds the pixels plane by plane, each row by row: channel c of row i, column j is
	// Pix[(c*Height+i)*Width+j], nominally in [0, 1].
	Pix []float64
}

// NewImage returns a black image of the given size.
func NewImage(channels, height, width int) Image {
	return Image{Channels: channels, Height: height, Width: width, Pix: make([]float64, channels*height*width)}
}

// Plane returns the pixels of channel c, row by row. It shares their memory.
func (m Image) Plane(c int) []float64 {
	n := m.Height * m.Width
	return m.Pix[c*n : (c+1)*n]
}

// Clip returns a copy with every pixel moved into [0, 1].
func (m Image) Clip() Image {
	out := NewImage(m.Channels, m.Height, m.Width)
	for i, v := range m.Pix {
		out.Pix[i] = min(max(v, 0), 1)
	}
	return out
}

// Validate reports what makes the image unusable: an empty side, pixels that do not fill it, or one that is not finite.
func (m Image) Validate() error {
	if m.Channels < 1 || m.Height < 1 || m.Width < 1 {
		return fmt.Errorf("image of %s has no pixels", m.size())
	}
	if want := m.Channels * m.Height * m.Width; len(m.Pix) != want {
		return fmt.Errorf("image of %s has %d pixels, not %d", m.size(), len(m.Pix), want)
	}
	for i, v := range m.Pix {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("pixel %d of the image is %v", i, v)
		}
	}
	return nil
}

func (m Image) sameSize(o Image) bool {
	return m.Channels == o.Channels && m.Height == o.Height && m.Width == o.Width
}

// size names the image's size in words: 3 x 32 x 32 (channels x height x width).
func (m Image) size() string {
	return fmt.Sprintf("%d x %d x %d (channels x height x width)", m.Channels, m.Height, m.Width)
}
