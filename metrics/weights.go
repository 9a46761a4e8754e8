package metrics

import (
	"slices"
	"sort"
)

// Join joins several statistics into one score by the rule that [Decide] uses: each is centred on the median of the null and
// divided by its spread, and they are weighed so that the controls stand farthest apart from it. nulls and images have one row
// an image, controls too; none of the controls may be among the images.
func Join(nulls, controls, images [][]float64) (null, scores []float64) {
	c := newCombiner(transposed(nulls), controls)
	scales := make([]scale, len(c.sorted))
	for s := range scales {
		scales[s] = scaleOf(c.sorted[s])
	}
	pool := c.standardised(scales)
	w := c.weights(scales, pool, -1)
	of := func(rows [][]float64) []float64 {
		var out []float64
		for _, r := range rows {
			z := make([]float64, len(r))
			for s, v := range r {
				z[s] = scales[s].of(v)
			}
			out = append(out, score(w, z))
		}
		return out
	}
	return of(nulls), of(images)
}

func transposed(rows [][]float64) [][]float64 {
	out := make([][]float64, len(rows[0]))
	for s := range out {
		for _, r := range rows {
			out[s] = append(out[s], r[s])
		}
	}
	return out
}

// Quantile is the value that a share of the values do not exceed.
func Quantile(values []float64, share float64) float64 {
	v := slices.Clone(values)
	sort.Float64s(v)
	return v[min(int(share*float64(len(v))), len(v)-1)]
}
