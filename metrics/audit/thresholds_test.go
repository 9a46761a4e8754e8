package audit

import (
	"math"
	"testing"

	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// The tests of this file place requests on either side of each threshold in thresholds.go, in plain numbers. They fail if one
// leaves its safe range.

func TestMostWrong(t *testing.T) {
	for wrong, fits := range map[int]bool{5: true, 6: true, 7: false} {
		r, margins := &Request{}, make([]float64, 20)
		for i := range margins {
			r.Roles = append(r.Roles, metrics.Retain)
			margins[i] = 1
			if i < wrong {
				margins[i] = -1
			}
		}
		if got := misfit(r, &imprint.Result{QueriedMargins: margins}); (got == "") != fits {
			t.Errorf("%d of 20 controls have another class: %q", wrong, got)
		}
	}
	// A margin of 0 is a tie, not another class.
	if got := misfit(&Request{Roles: []metrics.Role{metrics.Retain}}, &imprint.Result{QueriedMargins: []float64{0}}); got != "" {
		t.Error(got)
	}
}

// onLine is a set of images of one pixel.
func onLine(pixels ...float32) *images.Set {
	return &images.Set{C: 1, H: 1, W: 1, Pixels: pixels, Names: make([]string, len(pixels))}
}

// Pairs of reference images lie 1 to 50 apart, and far from other pairs: so the share of pairs in which a queried image is
// farther follows from its distance.
func TestFarther(t *testing.T) {
	var pairs []float32
	for k := range 50 {
		at := float32(1000 * k)
		pairs = append(pairs, at, at+float32(k+1))
	}
	for _, c := range []struct {
		name    string
		queried []float32
		label   bool
		other   bool
	}{
		{"0.94", []float32{-47.5}, false, false},
		{"0.98", []float32{-49.5}, false, true},
		{"0.98 of one class", []float32{-49.5}, true, true},
		{"0.01", []float32{-0.5, -1.5}, false, true},
		{"0.01 of one class, as copies of one image are", []float32{-0.5, -1.5}, true, false},
		{"0.04", []float32{-2.5}, false, false},
	} {
		r := &Request{Queried: onLine(c.queried...), Reference: onLine(pairs...)}
		if c.label {
			r.Queried.Labels = make([]int, len(c.queried))
		}
		if err := r.compareImages(); err != nil || (r.strange != "") != c.other {
			t.Errorf("a share of %s: %q, %v", c.name, r.strange, err)
		}
	}
	r := &Request{Queried: onLine(-1e6), Reference: onLine(1)}
	if err := r.compareImages(); r.strange != "" || err != nil {
		t.Errorf("one reference image has no nearest other: %q, %v", r.strange, err)
	}
}

func TestUnknownClasses(t *testing.T) {
	for missing, want := range map[int]bool{0: false, 5: false, 6: true} {
		r := &Request{Queried: &images.Set{Labels: make([]int, 10)}, Reference: &images.Set{Labels: []int{0, 1}}}
		for i := range 10 {
			r.Roles = append(r.Roles, metrics.Forget)
			if i < missing {
				r.Queried.Labels[i] = 7
			}
		}
		if got := r.missingClasses(); (got != "") != want {
			t.Errorf("%d of 10 samples are of other classes: %q", missing, got)
		}
	}
}

func TestSameImage(t *testing.T) {
	model := opened(t, untrained(1))
	for correlation, same := range map[float64]bool{0.999: false, 0.9998: true} {
		set, reference := digits.Draw(2, 1), digits.Draw(3, 2)
		x, y := centredUnit(set.Image(0)), centredUnit(reference.Image(2))
		dot := 0.0
		for i := range x {
			dot += x[i] * y[i]
		}
		// Along x, and along what of y is orthogonal to it.
		across := math.Sqrt((1 - correlation*correlation) / (1 - dot*dot))
		for i := range x {
			reference.Image(1)[i] = float32(correlation*x[i] + across*(y[i]-dot*x[i]))
		}
		r := &Request{Before: model, After: model, Queried: set, Roles: []metrics.Role{metrics.Forget, metrics.Retain}, Reference: reference}
		if err := r.repeated(); (err != nil) != same {
			t.Errorf("correlation %v: %v", correlation, err)
		}
	}
}
