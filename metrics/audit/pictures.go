package audit

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint/copies"
)

const (
	// climbs bounds how often the versions about an image's best one are looked at among pictures: a shift by 3 pixels, a turn by 20 degrees
	// and a scale of 1.5 together are 13 steps from the image.
	climbs = 20
	// summits is the number of pictures that are compared at full size: those that an image comes nearest to at half of it. There it climbs
	// to every picture, as the one that the versions to begin with resemble most is often another training sample's.
	summits = 4
)

// searchPictures adds the highest cosine that a version of each subject has with what was reconstructed. For every picture the search climbs
// from the coarse version that resembles it most, so that it finds alterations that were combined. Cosines leave out what a constant and
// the mean image add, and their sign, and so do not depend on contrast and brightness.
func (s *copySearch) searchPictures(ctx context.Context, result *reconstruct.Result, coarse []copies.Version, out *metrics.Copies) error {
	q := s.request.Queried
	mean, _, err := s.norm.PerPixel(q.C, q.H, q.W)
	if err != nil {
		return err
	}
	full := newGallery(q.C, q.H, q.W, mean, result)
	small := full.halved()
	first := append([]copies.Version{{}}, coarse...)
	best := make([]float64, len(s.subjects))
	engine.Share(s.request.Reconstruct.Threads, len(s.subjects), func(next func() (int, bool)) {
		for k, ok := next(); ok && ctx.Err() == nil; k, ok = next() {
			pixels := s.subjects[k].pixels
			for _, from := range small.summits(pixels, first) {
				best[k] = max(best[k], full.climb(pixels, from).cosine)
			}
		}
	})
	out.Pictures, out.NullPictures = best[:s.forget], best[s.forget:]
	return ctx.Err()
}

// gallery is what was reconstructed, as pictures to compare versions of an image with.
type gallery struct {
	// c, h and w are the size of the pictures, fullHeight and fullWidth that of the images, which are shrunk times as large.
	c, h, w, fullHeight, fullWidth int
	shrunk                         float64
	mean                           []float64
	// raw are the pictures, shown what they have beyond known, at length one.
	raw, shown, known [][]float64
}

func newGallery(c, h, w int, mean []float64, result *reconstruct.Result) *gallery {
	g := &gallery{c: c, h: h, w: w, fullHeight: h, fullWidth: w, shrunk: 1, mean: mean}
	for _, x := range result.Samples {
		g.raw = append(g.raw, x.Pixels)
	}
	g.show()
	return g
}

func (g *gallery) show() {
	g.known = span(g.c, g.mean)
	for _, x := range g.raw {
		g.shown = append(g.shown, beyond(g.known, x))
	}
}

// halved is the same at half the size.
func (g *gallery) halved() *gallery {
	out := &gallery{c: g.c, h: (g.h + 1) / 2, w: (g.w + 1) / 2, fullHeight: g.h, fullWidth: g.w, shrunk: 2, mean: halved(g.mean, g.c, g.h, g.w)}
	for _, x := range g.raw {
		out.raw = append(out.raw, halved(x, g.c, g.h, g.w))
	}
	out.show()
	return out
}

// halved is an image with c planes of h x w pixels at half the size: the mean of four pixels, or of those that there are.
func halved[T float32 | float64](image []T, c, h, w int) []T {
	height, width := (h+1)/2, (w+1)/2
	out, count := make([]T, c*height*width), make([]T, c*height*width)
	for i, v := range image {
		p, y, x := i/(h*w), i/w%h, i%w
		at := (p*height+y/2)*width + x/2
		out[at] += v
		count[at]++
	}
	for i := range out {
		out[i] /= count[i]
	}
	return out
}

// of is a version of an image of the gallery's size.
func (g *gallery) of(pixels []float32, v copies.Version) []float64 {
	v.Down, v.Right = v.Down/g.shrunk, v.Right/g.shrunk
	return beyond(g.known, v.Of(pixels, g.c, g.h, g.w))
}

// place is a version of an image beside a picture.
type place struct {
	picture int
	version copies.Version
	cosine  float64
}

// summits are the places, beside different pictures, where an image at full size resembles the pictures most, when it has climbed from the
// best of the first versions beside each.
func (g *gallery) summits(full []float32, first []copies.Version) []place {
	pixels := halved(full, g.c, g.fullHeight, g.fullWidth)
	places := make([]place, len(g.shown))
	for _, v := range first {
		x := g.of(pixels, v)
		for p := range places {
			if c := math.Abs(floats.Dot(g.shown[p], x)); c >= places[p].cosine {
				places[p] = place{p, v, c}
			}
		}
	}
	for p := range places {
		places[p] = g.climb(pixels, places[p])
	}
	slices.SortStableFunc(places, func(a, b place) int { return cmp.Compare(b.cosine, a.cosine) })
	return places[:min(summits, len(places))]
}

// climb goes to the best of the versions about one as long as that resembles the picture more.
func (g *gallery) climb(pixels []float32, at place) place {
	likeness := func(v copies.Version) float64 { return math.Abs(floats.Dot(g.shown[at.picture], g.of(pixels, v))) }
	at.version, at.cosine = climb(at.version, likeness(at.version), likeness)
	return at
}

func climb(at copies.Version, most float64, likeness func(copies.Version) float64) (copies.Version, float64) {
	for range climbs {
		better := false
		for _, v := range at.Finer() {
			if c := likeness(v); c > most {
				at, most, better = v, c, true
			}
		}
		if !better {
			break
		}
	}
	return at, most
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
func beyond[T float32 | float64](basis [][]float64, image []T) []float64 {
	const rounding = 1e-6
	out := make([]float64, len(image))
	for i, v := range image {
		out[i] = float64(v)
	}
	whole := floats.Norm(out, 2)
	for _, b := range basis {
		floats.AddScaled(out, -floats.Dot(b, out), b)
	}
	if length := floats.Norm(out, 2); length > rounding*whole {
		floats.Scale(1/length, out)
	} else {
		clear(out)
	}
	return out
}
