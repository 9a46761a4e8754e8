package main

import (
	"fmt"
	"os"
	"slices"

	"codeberg.org/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// picturesFile keeps a report's pictures for compare: arrays original, before and after with one image a row, and their
// shape; span_before and span_after where known starts tell of the images.
const picturesFile = "pictures.npz"

// views are the pictures of one sample.
var views = []struct {
	name string
	of   func(*report.Pictures) *metrics.Image
	// there reports whether a sample has it: there is none from a model that nothing was recovered from.
	there func(report.Sample) bool
	// optional: the array is missing where no sample has the picture.
	optional bool
}{
	{"original", func(p *report.Pictures) *metrics.Image { return &p.Original }, func(report.Sample) bool { return true }, false},
	{"before", func(p *report.Pictures) *metrics.Image { return &p.Before }, func(s report.Sample) bool { return found(s.Before) }, false},
	{"after", func(p *report.Pictures) *metrics.Image { return &p.After }, func(s report.Sample) bool { return found(s.After) }, false},
	{"span_before", func(p *report.Pictures) *metrics.Image { return &p.SpanBefore }, func(report.Sample) bool { return true }, true},
	{"span_after", func(p *report.Pictures) *metrics.Image { return &p.SpanAfter }, func(report.Sample) bool { return true }, true},
}

func found(e report.Evidence) bool { return e.Nearest != nil && *e.Nearest >= 0 }

// writePictures writes no file where there are no pictures, as of inputs that are no images.
func writePictures(path string, pictures []report.Pictures) error {
	if len(pictures) == 0 {
		return nil
	}
	first := pictures[0].Original
	return create(path, func(f *os.File) error {
		z := npz.NewWriter(f)
		for _, view := range views {
			if view.optional && len(view.of(&pictures[0]).Pix) == 0 {
				continue
			}
			m := mat.NewDense(len(pictures), len(first.Pix), nil)
			for i := range pictures {
				if pix := view.of(&pictures[i]).Pix; pix != nil {
					m.SetRow(i, pix)
				}
			}
			if err := z.Write(view.name+".npy", m); err != nil {
				return err
			}
		}
		if err := z.Write("shape.npy", []int64{int64(first.Channels), int64(first.Height), int64(first.Width)}); err != nil {
			return err
		}
		return z.Close()
	})
}

// pictured reports whether pictures were made of samples: none are where the inputs are no images, of which nothing is said to be
// nearest.
func pictured(samples []report.Sample) bool {
	return slices.ContainsFunc(samples, func(s report.Sample) bool { return s.Before.Nearest != nil })
}

// readPictures returns the pictures of the samples of a report from the file at path.
func readPictures(path string, samples []report.Sample) ([]report.Pictures, error) {
	arrays, err := images.OpenArrays(path)
	if err != nil {
		return nil, err
	}
	size, d, err := pictureSize(path, arrays)
	if err != nil {
		return nil, err
	}
	out := make([]report.Pictures, len(samples))
	for _, view := range views {
		if view.optional && !slices.Contains(arrays.Names(), view.name) {
			continue
		}
		pixels, shape, err := arrays.Read(len(samples)*d, view.name)
		if err != nil {
			return nil, err
		}
		if len(shape) != 2 || shape[0] != len(samples) {
			return nil, fmt.Errorf("%s: it holds no pictures of the %d samples of this report", path, len(samples))
		}
		for i, s := range samples {
			if !view.there(s) {
				continue
			}
			m := metrics.Image{Channels: size[0], Height: size[1], Width: size[2], Pix: pixels[i*shape[1]:][:shape[1]]}
			if err := m.Validate(); err != nil {
				return nil, fmt.Errorf("%s: array %q, row %d: %w", path, view.name, i, err)
			}
			*view.of(&out[i]) = m
		}
	}
	return out, nil
}

// pictureSize is the channels, rows and columns of a picture, and how many values that makes.
func pictureSize(path string, arrays *images.Arrays) (size [3]int, d int, err error) {
	values, _, err := arrays.Read(len(size), "shape")
	if err != nil {
		return size, 0, err
	}
	if len(values) != len(size) {
		return size, 0, fmt.Errorf("%s: array shape holds %d numbers, not channels, rows and columns", path, len(values))
	}
	d = 1
	for i, v := range values {
		if !(v >= 1 && v <= float64(images.MaxImageValues/d)) {
			return size, 0, fmt.Errorf("%s: array shape is %v, which is no size of a picture", path, values)
		}
		size[i] = int(v)
		d *= size[i]
	}
	return size, d, nil
}

// similarities are the SSIM of what is nearest to a sample, for people.
func similarities(s report.Sample) string {
	if s.Before.SSIM == nil || s.After.SSIM == nil {
		return ""
	}
	return fmt.Sprintf(" (SSIM %.2f before, %.2f after)", *s.Before.SSIM, *s.After.SSIM)
}
