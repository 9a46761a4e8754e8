package audit

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint/copies"
)

// climbs bounds how often the versions about an image's best one are looked at among pictures: a shift by 3 pixels, a turn by 20 degrees
// and a scale of 1.25 together are 11 steps from the image.
const climbs = 12

// searchPictures adds the highest cosine that a version of each subject has with what was reconstructed. The search climbs from the best of
// the coarse versions, so that it finds alterations that were combined. Cosines leave out what a constant and the mean image add, and their
// sign, and so do not depend on contrast and brightness.
func (s *copySearch) searchPictures(ctx context.Context, result *reconstruct.Result, coarse []copies.Version, out *metrics.Copies) error {
	q := s.request.Queried
	mean, _, err := s.norm.PerPixel(q.C, q.H, q.W)
	if err != nil {
		return err
	}
	known := span(q.C, mean)
	var pictures [][]float64
	for _, x := range result.Samples {
		pictures = append(pictures, beyond(known, x.Pixels))
	}
	best := make([]float64, len(s.subjects))
	engine.Share(s.request.Reconstruct.Threads, len(s.subjects), func(next func() (int, bool)) {
		for k, ok := next(); ok && ctx.Err() == nil; k, ok = next() {
			best[k] = climb(coarse, func(v copies.Version) float64 {
				return likest(pictures, beyond(known, widened(v.Of(s.subjects[k].pixels, q.C, q.H, q.W))))
			})
		}
	})
	out.Pictures, out.NullPictures = best[:s.forget], best[s.forget:]
	return ctx.Err()
}

// climb is the highest likeness of a version: of the image, the coarse ones, and those on the way up from the best of these.
func climb(coarse []copies.Version, likeness func(copies.Version) float64) float64 {
	var at copies.Version
	most := likeness(at)
	try := func(versions []copies.Version) (better bool) {
		for _, v := range versions {
			if c := likeness(v); c > most {
				at, most, better = v, c, true
			}
		}
		return better
	}
	try(coarse)
	for range climbs {
		if !try(at.Finer()) {
			break
		}
	}
	return most
}

// likest is the largest cosine of a unit vector with others, whatever its sign.
func likest(pictures [][]float64, x []float64) float64 {
	most := 0.0
	for _, p := range pictures {
		most = max(most, math.Abs(floats.Dot(p, x)))
	}
	return most
}

// span is an orthonormal basis of the images that are constant in each of c planes and of the mean image.
func span(c int, mean []float64) [][]float64 {
	var basis [][]float64
	plane := len(mean) / c
	add := func(x []float64) {
		if x = beyond(basis, x); floats.Norm(x, 2) > 0 {
			basis = append(basis, x)
		}
	}
	for k := range c {
		x := make([]float64, len(mean))
		for i := range plane {
			x[k*plane+i] = 1
		}
		add(x)
	}
	add(mean)
	return basis
}

// beyond is what an image has beyond an orthonormal basis, at length one; 0 where that is nothing.
func beyond(basis [][]float64, image []float64) []float64 {
	const rounding = 1e-6
	out := append([]float64(nil), image...)
	for _, b := range basis {
		floats.AddScaled(out, -floats.Dot(b, out), b)
	}
	if length := floats.Norm(out, 2); length > rounding*floats.Norm(image, 2) {
		floats.Scale(1/length, out)
	} else {
		clear(out)
	}
	return out
}

func widened(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
