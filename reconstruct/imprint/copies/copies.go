// Package copies makes the versions of an image that training could have used in its place: shifted, flipped, turned, scaled,
// inverted, or cut to a part. Training on such a copy keeps an image and hides it from a search for the image itself.
//
// [Coarse] lists versions that together come within a pixel, or four degrees, of every shift up to 3 pixels, turn up to 20
// degrees and scale from 0.8 to 1.25; [Version.Finer] lists those about one of them. That is near enough for evidence: on MNIST a
// shift by one pixel halves it.
package copies

import (
	"fmt"
	"math"
	"strings"
)

// Version is an altered copy. The zero value is the image itself.
type Version struct {
	// Down and Right are shifts in pixels.
	Down, Right float64
	// Turn is the angle of a rotation about the middle, in degrees.
	Turn float64
	// Log is the natural logarithm of the scale.
	Log float64
	// Flip mirrors left and right, Invert turns bright into dark.
	Flip, Invert bool
	// Part is what is left of the image; the rest is black.
	Part Part
}

// Part is a part of an image.
type Part int

// The parts.
const (
	Whole Part = iota
	LeftHalf
	RightHalf
	UpperHalf
	LowerHalf
	UpperLeft
	UpperRight
	LowerLeft
	LowerRight
)

var partNames = [...]string{"", "its left half", "its right half", "its upper half", "its lower half",
	"its upper left quarter", "its upper right quarter", "its lower left quarter", "its lower right quarter"}

// Coarse lists the versions to begin with, without the image itself. A network of convolutions answers much alike to a shifted
// image; for others every shift up to 3 pixels is listed and some
// beyond, and shifts are combined with turns and flips.
func Coarse(convolutional bool) []Version {
	var out []Version
	for _, turn := range []float64{-18, -11, -5, 5, 11, 18, 90, 180, 270} {
		out = append(out, Version{Turn: turn})
	}
	for _, turn := range []float64{0, 90, 180, 270} {
		out = append(out, Version{Flip: true, Turn: turn})
	}
	out = append(out, Version{Log: math.Log(0.85)}, Version{Log: math.Log(1.18)}, Version{Invert: true})
	for part := LeftHalf; part <= LowerRight; part++ {
		out = append(out, Version{Part: part})
	}
	if convolutional {
		return append(out, shifts(-2, 0, 2)...)
	}
	for _, s := range shifts(-2, 0, 2) {
		out = append(out, Version{Down: s.Down, Right: s.Right, Flip: true})
		for _, turn := range []float64{-15, -8, 8, 15} {
			out = append(out, Version{Down: s.Down, Right: s.Right, Turn: turn})
		}
	}
	out = append(out, shifts(-3, -2, -1, 0, 1, 2, 3)...)
	return append(append(out, shifts(-5, 0, 5)...), shifts(-7, 0, 7)...)
}

// shifts are those by the steps each way.
func shifts(steps ...float64) []Version {
	var out []Version
	for _, down := range steps {
		for _, right := range steps {
			if down != 0 || right != 0 {
				out = append(out, Version{Down: down, Right: right})
			}
		}
	}
	return out
}

// finer are the number of versions that [Version.Finer] lists.
const finer = 9

// Finer lists versions about one, always as many: shifted on by a pixel, turned on by four degrees, scaled on, flipped.
func (v Version) Finer() []Version {
	out := make([]Version, 0, finer)
	add := func(change func(*Version)) {
		w := v
		change(&w)
		out = append(out, w)
	}
	add(func(w *Version) { w.Down++ })
	add(func(w *Version) { w.Down-- })
	add(func(w *Version) { w.Right++ })
	add(func(w *Version) { w.Right-- })
	add(func(w *Version) { w.Turn += 4 })
	add(func(w *Version) { w.Turn -= 4 })
	add(func(w *Version) { w.Log += 0.08 })
	add(func(w *Version) { w.Log -= 0.08 })
	add(func(w *Version) { w.Flip = !w.Flip })
	return out
}

// String says what was done to the image.
func (v Version) String() string {
	var parts []string
	if v.Flip {
		parts = append(parts, "flipped")
	}
	if v.Turn != 0 {
		parts = append(parts, fmt.Sprintf("turned by %g degrees", v.Turn))
	}
	if v.Log != 0 {
		parts = append(parts, fmt.Sprintf("scaled by %.2f", math.Exp(v.Log)))
	}
	if v.Down != 0 || v.Right != 0 {
		parts = append(parts, fmt.Sprintf("shifted by (%g, %g) pixels", v.Down, v.Right))
	}
	if v.Invert {
		parts = append(parts, "inverted")
	}
	if v.Part != Whole {
		parts = append(parts, "cut to "+partNames[v.Part])
	}
	if len(parts) == 0 {
		return "as it is"
	}
	return strings.Join(parts, ", ")
}

// Of makes the version of an image with c planes of h x w pixels in [0,1]. Where pixels from outside are needed, those at the
// edge are taken.
func (v Version) Of(pixels []float32, c, h, w int) []float32 {
	out := make([]float32, len(pixels))
	y0, x0 := float64(h-1)/2, float64(w-1)/2
	sin, cos := math.Sincos(v.Turn * math.Pi / 180)
	scale := math.Exp(-v.Log)
	for y := range h {
		for x := range w {
			if !v.Part.holds(y, x, h, w) {
				continue
			}
			// What was done, undone from the last to the first.
			dy, dx := float64(y)-y0-v.Down, float64(x)-x0-v.Right
			dy, dx = scale*(cos*dy-sin*dx), scale*(sin*dy+cos*dx)
			if v.Flip {
				dx = -dx
			}
			for p := range c {
				b := bilinear(pixels[p*h*w:(p+1)*h*w], h, w, y0+dy, x0+dx)
				if v.Invert {
					b = 1 - b
				}
				out[p*h*w+y*w+x] = b
			}
		}
	}
	return out
}

func (p Part) holds(y, x, h, w int) bool {
	left, upper := 2*x < w, 2*y < h
	switch p {
	case LeftHalf:
		return left
	case RightHalf:
		return !left
	case UpperHalf:
		return upper
	case LowerHalf:
		return !upper
	case UpperLeft:
		return left && upper
	case UpperRight:
		return !left && upper
	case LowerLeft:
		return left && !upper
	case LowerRight:
		return !left && !upper
	}
	return true
}

// bilinear is the value of a plane between its pixels.
func bilinear(plane []float32, h, w int, y, x float64) float32 {
	y, x = min(max(y, 0), float64(h-1)), min(max(x, 0), float64(w-1))
	i, j := min(int(y), max(h-2, 0)), min(int(x), max(w-2, 0))
	fy, fx := float32(y-float64(i)), float32(x-float64(j))
	at := func(i, j int) float32 { return plane[min(i, h-1)*w+min(j, w-1)] }
	return (1-fy)*((1-fx)*at(i, j)+fx*at(i, j+1)) + fy*((1-fx)*at(i+1, j)+fx*at(i+1, j+1))
}
