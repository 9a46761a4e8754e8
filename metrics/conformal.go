package metrics

import (
	"slices"
	"sort"
)

// ConformalPValue is the share of never-trained images, the sample counted among them, that score at least as high as
// the sample: (1 + #{null >= score}) / (K + 1). If the sample is exchangeable with the K images of the null, that is, if
// it was drawn like them and never trained on, the value is at most a with probability at most a, whatever the scores'
// distribution (Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005, section 2.2).
func ConformalPValue(score float64, null []float64) float64 {
	atLeast := 1
	for _, v := range null {
		if v >= score {
			atLeast++
		}
	}
	return float64(atLeast) / float64(len(null)+1)
}

// BenjaminiHochberg returns which hypotheses are rejected when the expected share of false rejections among all
// rejections is held at level (Benjamini and Hochberg, "Controlling the false discovery rate", 1995). Where every
// hypothesis is true, that is the probability of rejecting any.
func BenjaminiHochberg(pValues []float64, level float64) []bool {
	sorted := slices.Clone(pValues)
	sort.Float64s(sorted)
	threshold := -1.0
	for i, p := range sorted {
		if p <= level*float64(i+1)/float64(len(sorted)) {
			threshold = p
		}
	}
	out := make([]bool, len(pValues))
	for i, p := range pValues {
		out[i] = p <= threshold
	}
	return out
}
