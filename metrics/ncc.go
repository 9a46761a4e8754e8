package metrics

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
)

// NCC is the normalised cross-correlation of two images of one size: the cosine of their pixels, each less the image's
// own mean, over all channels. It is 1 for images that differ by brightness and contrast alone and 0 where either image
// is flat.
func NCC(a, b Image) (float64, error) {
	for _, m := range []Image{a, b} {
		if err := m.Validate(); err != nil {
			return 0, err
		}
	}
	if !a.sameSize(b) {
		return 0, fmt.Errorf("%w: %s and %s", errImageSize, a.size(), b.size())
	}
	x, y := append([]float64(nil), a.Pix...), append([]float64(nil), b.Pix...)
	normalise(x)
	normalise(y)
	return floats.Dot(x, y), nil
}

// flat is the largest standard deviation, in parts of a pixel's nominal range, that counts as none: well under a step
// of 8-bit pixels, well over the rounding of their mean.
const flat = 1e-9

// normalise centres x and scales it to unit length, or clears it where it is flat.
func normalise(x []float64) {
	floats.AddConst(-floats.Sum(x)/float64(len(x)), x)
	norm := floats.Norm(x, 2)
	if norm*norm <= flat*flat*float64(len(x)) {
		clear(x)
		return
	}
	floats.Scale(1/norm, x)
}
