package audit

import (
	"math"

	"unlearnguard/metrics"
)

// traces scores images, the queried ones first, by the trace that each left in the first layer beyond what the controls
// explain.
//
// A control cannot be known and be looked for at once. So the controls are divided into parts: a part's controls are
// looked for beyond those of the other parts. All other images, samples to forget and reference images alike, are looked
// for beyond all parts but one, for each in turn, and the least counts: what resembles a control leaves a trace where that
// control is not known, and only there.
func (e *Evidence) traces(r *Request, all []metrics.Image) ([]float64, error) {
	layer, err := e.Result.Traces(&e.problem)
	if err != nil {
		return nil, err
	}
	pixels := make([][]float64, len(all))
	for i, image := range all {
		pixels[i] = image.Pix
	}
	parts := divide(r.Roles, traceParts)
	out := make([]float64, len(all))
	for i := range out {
		out[i] = math.Inf(1)
	}
	for k := range parts {
		scores, err := layer.Beyond(others(pixels, parts, k), pixels)
		if err != nil {
			return nil, err
		}
		mine := map[int]bool{}
		for _, i := range parts[k] {
			mine[i] = true
		}
		for i, s := range scores {
			control := i < len(r.Roles) && r.Roles[i] == metrics.Retain
			if !control || mine[i] {
				out[i] = min(out[i], s)
			}
		}
	}
	return out, nil
}

// divide deals the controls' positions out into up to n parts of two or more; one part, which may be empty, where they
// are too few.
func divide(roles []metrics.Role, n int) [][]int {
	var controls []int
	for i, role := range roles {
		if role == metrics.Retain {
			controls = append(controls, i)
		}
	}
	n = max(1, min(n, len(controls)/2))
	parts := make([][]int, n)
	for k, i := range controls {
		parts[k%n] = append(parts[k%n], i)
	}
	return parts
}

// others are the images of all parts but one, up to half as many as an image has values: with more, nothing of any
// image would be left to look for.
func others(pixels [][]float64, parts [][]int, except int) [][]float64 {
	var out [][]float64
	for k, part := range parts {
		for _, i := range part {
			if k != except && 2*len(out) < len(pixels[i]) {
				out = append(out, pixels[i])
			}
		}
	}
	return out
}
