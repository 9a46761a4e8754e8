package audit

import (
	"slices"
	"testing"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
)

func TestControlsAreDividedOnceEach(t *testing.T) {
	for controls := range 12 {
		var roles []metrics.Role
		for range 3 {
			roles = append(roles, metrics.Forget)
		}
		for range controls {
			roles = append(roles, metrics.Retain)
		}
		var all []int
		parts := divide(roles, 4)
		for _, part := range parts {
			if len(part) < 2 && controls > 1 {
				t.Errorf("%d controls: a part of %d", controls, len(part))
			}
			all = append(all, part...)
		}
		slices.Sort(all)
		if !slices.Equal(all, images.Positions(3, 3+controls)) || len(parts) > 4 {
			t.Errorf("%d controls: divided into %v", controls, parts)
		}
	}
}

func TestNoMoreIsKnownThanHalfOfAnImagesValues(t *testing.T) {
	pixels := make([][]float64, 20)
	for i := range pixels {
		pixels[i] = make([]float64, 9)
	}
	parts := [][]int{{0, 1}, {2, 3, 4, 5, 6, 7, 8, 9}}
	if n := len(others(pixels, parts, 0)); n != 5 {
		t.Errorf("%d images of 9 values are known of 8", n)
	}
	if n := len(others(pixels, parts, 1)); n != 2 {
		t.Errorf("%d images are known of 2", n)
	}
}
