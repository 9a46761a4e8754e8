package audit

import (
	"context"
	"math"
	"testing"

	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint/copies"
)

// pictured searches among the given pictures for copies of the first images of a set; the others are reference images.
func pictured(t *testing.T, set *images.Set, forget int, norm images.Normalisation, found ...[]float64) *metrics.Copies {
	t.Helper()
	s := &copySearch{request: &Request{Queried: set}, norm: norm, forget: forget}
	for i := range set.Len() {
		s.subjects = append(s.subjects, subject{pixels: set.Image(i)})
	}
	result := &reconstruct.Result{}
	for _, pixels := range found {
		result.Samples = append(result.Samples, reconstruct.Sample{Pixels: pixels})
	}
	out := &metrics.Copies{}
	if err := s.searchPictures(context.Background(), result, copies.Coarse(false), out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Several alterations at once, each within what is searched for, are found, whatever the contrast and the brightness, and whatever
// constant or part of the mean image was added.
func TestPicturesOfCopies(t *testing.T) {
	set := digits.Draw(14, 3)
	norm := images.Normalisation{Mean: images.Mean(set)}
	of := func(i int, v copies.Version, contrast, constant, mean float64) []float64 {
		altered := v.Of(set.Image(i), set.C, set.H, set.W)
		out := make([]float64, len(altered))
		for j, p := range altered {
			out[j] = contrast*float64(p) + constant + mean*norm.Mean[j]
		}
		return out
	}
	combined := copies.Version{Turn: -10, Log: math.Log(0.9), Down: 1, Right: -2}
	found := [][]float64{of(0, combined, 0.7, 0, 0), of(1, copies.Version{Flip: true, Turn: 6, Right: 3}, -1, 1, 0.5), of(13, copies.Version{}, 1, 0, 0)}
	out := pictured(t, set, 2, norm, found...)
	for i, c := range out.Pictures {
		if c < 0.93 {
			t.Errorf("the copy of image %d has a cosine of %.2f", i, c)
		}
	}
	last := len(out.NullPictures) - 1
	if itself := out.NullPictures[last]; math.Abs(itself-1) > 1e-6 {
		t.Errorf("an image has a cosine of %v with itself", itself)
	}
	for k, c := range out.NullPictures[:last] {
		if c > 0.9 {
			t.Errorf("image %d, of which there is no copy, has a cosine of %.2f", k+2, c)
		}
	}
	if none := pictured(t, set, 2, norm, of(0, combined, 0, 0.3, 2)); none.Pictures[0] != 0 {
		t.Errorf("with nothing but the mean: %v", none.Pictures)
	}
}

func TestClimbStopsAtTheTop(t *testing.T) {
	steps := 0
	at, most := climb(copies.Version{Down: 2}, -math.Hypot(4, 1), func(v copies.Version) float64 {
		steps++
		return -math.Hypot(v.Down-6, v.Right+1)
	})
	if most != 0 || at.Down != 6 || at.Right != -1 {
		t.Errorf("the top is missed by %v, at %v", -most, at)
	}
	// All versions about each of six steps.
	if want := 6 * len(copies.Version{}.Finer()); steps != want {
		t.Errorf("%d versions were looked at, want %d", steps, want)
	}
}
