package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"codeberg.org/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// picturesFile keeps a report's pictures for compare: arrays original, before and after with one image a row, and their
// shape.
const picturesFile = "pictures.npz"

func writePictures(dir string, pictures []report.Pictures) error {
	if len(pictures) == 0 {
		return nil
	}
	first := pictures[0].Original
	return writeFile(filepath.Join(dir, picturesFile), func(w io.Writer) error {
		z := npz.NewWriter(w)
		for _, view := range views {
			m := mat.NewDense(len(pictures), len(first.Pix), nil)
			for i := range pictures {
				if pix := view.of(&pictures[i]).Pix; pix != nil {
					m.SetRow(i, pix)
				}
			}
			if err := z.Write(view.name, m); err != nil {
				return err
			}
		}
		if err := z.Write("shape", []int64{int64(first.Channels), int64(first.Height), int64(first.Width)}); err != nil {
			return err
		}
		return z.Close()
	})
}

// readPictures returns the n pictures that belong to the report in dir.
func readPictures(dir string, n int) ([]report.Pictures, error) {
	path := filepath.Join(dir, picturesFile)
	z, err := npz.Open(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var shape []int64
	if err := z.Read("shape.npy", &shape); err != nil || len(shape) != 3 {
		return nil, fmt.Errorf("%s: it holds no pictures of a report", path)
	}
	out := make([]report.Pictures, n)
	for _, view := range views {
		var pix []float64
		if err := z.Read(view.name+".npy", &pix); err != nil {
			return nil, fmt.Errorf("%s: array %q: %w", path, view.name, err)
		}
		size := int(shape[0] * shape[1] * shape[2])
		if len(pix) != n*size {
			return nil, fmt.Errorf("%s: array %q has %d values, %d samples of %d are wanted", path, view.name, len(pix), n, size)
		}
		for i := range out {
			*view.of(&out[i]) = metrics.Image{Channels: int(shape[0]), Height: int(shape[1]), Width: int(shape[2]), Pix: pix[i*size:][:size]}
		}
	}
	return out, nil
}

var views = []struct {
	name string
	of   func(*report.Pictures) *metrics.Image
}{
	{"original", func(p *report.Pictures) *metrics.Image { return &p.Original }},
	{"before", func(p *report.Pictures) *metrics.Image { return &p.Before }},
	{"after", func(p *report.Pictures) *metrics.Image { return &p.After }},
}

// copyOut prints a file that was written for people to keep.
func copyOut(w io.Writer, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
