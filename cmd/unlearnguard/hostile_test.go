package main

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/metrics/report"
)

// Files that are broken or made to do harm end in one line that names them.
func TestHostileFilesAreNamed(t *testing.T) {
	for _, folder := range []string{"refuse", "panics"} {
		paths, err := filepath.Glob(filepath.Join(shared(t, "onnx/hostile/"+folder), "*.onnx"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files: %v", err)
		}
		for _, path := range paths {
			for _, args := range [][]string{
				{"inspect", path},
				{"verify", "--before", path, "--after", path, "--forget", "x.png", "--out", t.TempDir()},
			} {
				var stdout, stderr bytes.Buffer
				code := run(context.Background(), args, &stdout, &stderr)
				said := strings.TrimSuffix(stderr.String(), "\n")
				// Some of those that make a decoder panic are sound, or only out of scope: then verify goes on to its images.
				sound := folder == "panics" && (code == exitDone || code == exitOutOfScope || strings.Contains(said, "x.png"))
				if !sound && (code != exitError || strings.Contains(said, "\n") || !strings.HasPrefix(said, "unlearnguard: "+path+": ")) {
					t.Errorf("%v: exit code %d, or not one line that names the file: %s", args, code, said)
				}
			}
		}
	}
}

// Saved pictures that state more than the report's samples need, or no size, are refused before they are unpacked.
func TestHostilePictures(t *testing.T) {
	zero, none := 0, math.NaN()
	samples := []report.Sample{{Before: report.Evidence{Nearest: &zero}}}
	for name, c := range map[string]struct {
		shape    []float64
		original *mat.Dense
		want     string
	}{
		"no size":   {[]float64{1, 2}, mat.NewDense(1, 4, nil), "not channels, rows and columns"},
		"negative":  {[]float64{1, -2, -2}, mat.NewDense(1, 4, nil), "no size of a picture"},
		"NaN":       {[]float64{1, none, 2}, mat.NewDense(1, 4, nil), "no size of a picture"},
		"overflow":  {[]float64{1 << 40, 1 << 40, 1 << 40}, mat.NewDense(1, 4, nil), "no size of a picture"},
		"many rows": {[]float64{1, 2, 2}, mat.NewDense(1000, 400, nil), "at most 4 are wanted"},
		"few rows":  {[]float64{1, 2, 2}, mat.NewDense(1, 3, nil), ""},
	} {
		path := filepath.Join(t.TempDir(), picturesFile)
		err := create(path, func(f *os.File) error {
			z := npz.NewWriter(f)
			return errors.Join(z.Write("shape.npy", c.shape), z.Write("original.npy", c.original), z.Close())
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readPictures(path, samples); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
