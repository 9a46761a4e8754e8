package reconstruct

import (
	"fmt"
	"slices"
)

// distinct is the mean number of points that a descent's particles converged to, over the descents that have any.
//
// Twice as many particles as the span has directions begin in random ones. Where samples activate different neurons most
// stay distinct, each as part of a sample. Where all activate nearly the same ones, as they do when the inputs' mean was not
// subtracted, only the samples' weighted sums are determined, and the particles of a class converge to one point, with a small
// residual.
func distinct(candidates []candidate) float64 {
	apart := map[int][][]float64{}
	kept := 0
	for _, c := range candidates {
		u := normalised(c.z)
		if !slices.ContainsFunc(apart[c.restart], func(v []float64) bool { return dot(u, v) > sameParticle }) {
			apart[c.restart] = append(apart[c.restart], u)
			kept++
		}
	}
	return float64(kept) / float64(max(1, len(apart)))
}

// apart tells whether the particles stayed distinct.
func (r *Result) apart() (bool, string) {
	if r.Distinct >= float64(r.Rank) {
		return true, ""
	}
	return false, fmt.Sprintf("the particles of a random start converged to %.0f points, where the first layer holds %d directions: the "+
		"samples activate nearly the same neurons, as they do where the mean was not subtracted from the inputs, and the "+
		"parameters determine no more than sums of them", r.Distinct, r.Rank)
}
