package metrics

import (
	"errors"
	"fmt"
	"math"
)

// Window is the shape of the neighbourhood over which SSIM takes its local statistics.
type Window string

// The windows of SSIM.
const (
	// Uniform weighs every pixel of a square alike.
	Uniform Window = "uniform"
	// Gaussian weighs pixels by a normal density, as Wang et al. 2004 do.
	Gaussian Window = "gaussian"
)

// SSIMOptions are the parameters of the structural similarity index. The zero value is scikit-image's default: a uniform
// 7 x 7 window and sample covariances, over a pixel range of 1. The setting of Wang et al. 2004 is
//
//	SSIMOptions{Window: Gaussian, Population: true}
//
// Scores under different parameters cannot be compared, so every report carries them.
type SSIMOptions struct {
	// Window is the window's shape. If empty, it is Uniform.
	Window Window `json:"window"`
	// Size is the window's side in pixels, odd. If 0, it is 7 for a uniform window; for a Gaussian one it reaches 3.5
	// Sigma to either side, which is 11 for the default Sigma.
	Size int `json:"size"`
	// Sigma is the standard deviation of a Gaussian window in pixels. If 0, it is 1.5. A uniform window ignores it.
	Sigma float64 `json:"sigma,omitempty"`
	// Range is the difference between the largest and the smallest value that a pixel can have (L of the paper).
	// If 0, it is 1.
	Range float64 `json:"range"`
	// K1 and K2 scale the constants that keep the ratios stable. If 0, they are 0.01 and 0.03.
	K1 float64 `json:"k1"`
	K2 float64 `json:"k2"`
	// Population divides covariances by the number of pixels in a window, N, and not by N-1.
	Population bool `json:"population_covariance"`
}

// WithDefaults returns the options with every default written out.
func (o SSIMOptions) WithDefaults() SSIMOptions {
	if o.Window == "" {
		o.Window = Uniform
	}
	if o.Window == Uniform {
		o.Sigma = 0
	} else if o.Sigma == 0 {
		o.Sigma = 1.5
	}
	if o.Size == 0 {
		if o.Window == Uniform {
			o.Size = 7
		} else {
			o.Size = 2*int(3.5*o.Sigma+0.5) + 1
		}
	}
	if o.Range == 0 {
		o.Range = 1
	}
	if o.K1 == 0 {
		o.K1 = 0.01
	}
	if o.K2 == 0 {
		o.K2 = 0.03
	}
	return o
}

// Validate reports the first option that makes no sense.
func (o SSIMOptions) Validate() error {
	o = o.WithDefaults()
	switch {
	case o.Window != Uniform && o.Window != Gaussian:
		return fmt.Errorf("ssim window %q: use %q or %q", o.Window, Uniform, Gaussian)
	case o.Size < 3 || o.Size%2 == 0:
		return fmt.Errorf("ssim window of %d pixels: the side must be odd and at least 3", o.Size)
	case !(o.Sigma >= 0) || math.IsInf(o.Sigma, 0):
		return fmt.Errorf("ssim sigma %v: it must be positive", o.Sigma)
	case !(o.Range > 0) || math.IsInf(o.Range, 0):
		return fmt.Errorf("ssim range %v: it must be positive", o.Range)
	case !(o.K1 > 0) || !(o.K2 > 0):
		return fmt.Errorf("ssim k1 %v and k2 %v: both must be positive", o.K1, o.K2)
	}
	return nil
}

// SSIM is the mean structural similarity index of two images of one size (Wang, Bovik, Sheikh and Simoncelli, "Image
// quality assessment: from error visibility to structural similarity", 2004, eq. 13): 1 for equal images, near 0 for
// unrelated ones, down to -1. Only windows that lie wholly inside the image count, and the channels of a colour image are
// scored apart and averaged; both are as in scikit-image.
//
// It fails for images of different sizes and for a window larger than the image.
func SSIM(a, b Image, opts SSIMOptions) (float64, error) {
	index, err := newSSIMIndex(a, opts)
	if err != nil {
		return 0, err
	}
	x, err := index.moments(a)
	if err != nil {
		return 0, err
	}
	y, err := index.moments(b)
	if err != nil {
		return 0, err
	}
	score, _ := index.compare(x, y, index.newScratch(), math.Inf(-1))
	return score, nil
}

// An ssimIndex compares images of one size under one set of parameters.
type ssimIndex struct {
	shape      Image // without pixels
	rows, cols int   // positions of the window inside the image
	filter     filter
	covariance float64 // what turns E[xy] - E[x]E[y] into a covariance
	c1, c2     float64
}

// newSSIMIndex prepares the comparison of images of shape's size.
func newSSIMIndex(shape Image, opts SSIMOptions) (*ssimIndex, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	o := opts.WithDefaults()
	if o.Size > shape.Height || o.Size > shape.Width {
		return nil, fmt.Errorf("ssim window of %d pixels is larger than an image of %s: choose a smaller one", o.Size, shape.size())
	}
	shape.Pix = nil
	index := &ssimIndex{
		shape:      shape,
		rows:       shape.Height - o.Size + 1,
		cols:       shape.Width - o.Size + 1,
		filter:     newFilter(o, shape.Height, shape.Width),
		covariance: 1,
		c1:         square(o.K1 * o.Range),
		c2:         square(o.K2 * o.Range),
	}
	if !o.Population {
		n := float64(o.Size * o.Size)
		index.covariance = n / (n - 1)
	}
	return index, nil
}

func square(x float64) float64 { return x * x }

// moments are what SSIM needs of one image, whatever it is compared with: per channel and window the mean, and the parts
// that the image adds to the two denominators.
type moments struct {
	image      Image
	mean       []float64
	luminance  []float64 // mean^2 + C1/2
	contrast   []float64 // variance + C2/2
	windowsPer int       // windows a channel
}

var errImageSize = errors.New("images of different sizes cannot be compared")

// moments filters an image once.
func (s *ssimIndex) moments(m Image) (*moments, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if !m.sameSize(s.shape) {
		return nil, fmt.Errorf("%w: %s and %s", errImageSize, s.shape.size(), m.size())
	}
	per := s.rows * s.cols
	out := &moments{
		image:      m,
		mean:       make([]float64, m.Channels*per),
		luminance:  make([]float64, m.Channels*per),
		contrast:   make([]float64, m.Channels*per),
		windowsPer: per,
	}
	scratch, ones := s.newScratch(), make([]float64, m.Height*m.Width)
	for i := range ones {
		ones[i] = 1
	}
	for c := range m.Channels {
		plane := m.Plane(c)
		s.filter.start(scratch.filter, plane, ones)
		for r := range s.rows {
			copy(out.mean[c*per+r*s.cols:], s.filter.row(scratch.filter, r))
		}
		s.filter.start(scratch.filter, plane, plane)
		for r := range s.rows {
			for j, xx := range s.filter.row(scratch.filter, r) {
				k := c*per + r*s.cols + j
				mu := out.mean[k]
				out.luminance[k] = mu*mu + s.c1/2
				out.contrast[k] = s.covariance*(xx-mu*mu) + s.c2/2
			}
		}
	}
	return out, nil
}

type ssimScratch struct{ filter *filterState }

func (s *ssimIndex) newScratch() ssimScratch {
	return ssimScratch{filter: newFilterState(s.shape.Height, s.shape.Width, s.cols)}
}

// compare returns the index of two images. It gives up and returns false as soon as the result must lie under floor,
// since no window can score above 1.
func (s *ssimIndex) compare(x, y *moments, scratch ssimScratch, floor float64) (float64, bool) {
	total := len(x.mean)
	sum, left := 0.0, total
	enough := floor * float64(total)
	for c := range s.shape.Channels {
		s.filter.start(scratch.filter, x.image.Plane(c), y.image.Plane(c))
		for r := range s.rows {
			k := c*x.windowsPer + r*s.cols
			sum += s.compareRow(x, y, k, s.filter.row(scratch.filter, r))
			left -= s.cols
			if sum+float64(left) < enough {
				return 0, false
			}
		}
	}
	return sum / float64(total), true
}

// compareRow sums eq. 13 over a row of windows, of which the first has number k; product holds E[xy] for each.
func (s *ssimIndex) compareRow(x, y *moments, k int, product []float64) float64 {
	n := len(product)
	mx, my := x.mean[k:k+n], y.mean[k:k+n]
	lx, ly := x.luminance[k:k+n], y.luminance[k:k+n]
	cx, cy := x.contrast[k:k+n], y.contrast[k:k+n]
	twice, sum := 2*s.covariance, 0.0
	for j, xy := range product {
		mm := mx[j] * my[j]
		sum += (2*mm + s.c1) * (twice*(xy-mm) + s.c2) / ((lx[j] + ly[j]) * (cx[j] + cy[j]))
	}
	return sum
}
