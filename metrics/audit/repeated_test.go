package audit

import (
	"strings"
	"testing"

	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint/copies"
)

// with is a set whose image i is replaced by a version of another.
func with(set *images.Set, i int, of []float32, v copies.Version) *images.Set {
	out := *set
	out.Pixels = append([]float32{}, set.Pixels...)
	copy(out.Pixels[i*set.Dim():], v.Of(of, set.C, set.H, set.W))
	return &out
}

// An image to forget that is named twice, or is among the reference images, is found however it was altered, and different
// images are not taken for the same.
func TestRepeated(t *testing.T) {
	set, reference := digits.Draw(30, 1), digits.Draw(200, 2)
	model := opened(t, untrained(1))
	request := func(queried, reference *images.Set) *Request {
		r := &Request{Before: model, After: model, Queried: queried, Reference: reference}
		for i := range queried.Len() {
			role := metrics.Retain
			if i < 10 {
				role = metrics.Forget
			}
			r.Roles = append(r.Roles, role)
		}
		return r
	}
	first := set.Image(3)
	dimmed := append([]float32{}, first...)
	for i := range dimmed {
		dimmed[i] = 0.2 + dimmed[i]/2
	}
	for _, c := range []struct {
		name    string
		request *Request
		says    string
	}{
		{"nothing", request(set, reference), ""},
		{"a shifted reference image", request(set, with(reference, 150, first, copies.Version{Down: 1})), "the reference image"},
		{"a flipped reference image", request(set, with(reference, 7, first, copies.Version{Flip: true})), "flipped"},
		{"a dimmed reference image", request(set, with(reference, 7, dimmed, copies.Version{})), "contrast"},
		{"a shifted image to forget", request(with(set, 5, first, copies.Version{Right: 1}), reference), "name it once"},
	} {
		err := c.request.repeated()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
