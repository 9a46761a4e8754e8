package reconstruct

import (
	"math"
	"sort"
)

// sameSample is the cosine in span coordinates above which two candidates are one sample.
const sameSample = 0.97

// candidate is one particle at the end of a restart.
type candidate struct {
	z          []float64
	label      int
	multiplier float64
	restart    int
	atFloor    float64
}

// group is a set of near copies.
type group struct {
	best    candidate
	support int // restarts that have one
}

// cluster gathers near copies about the candidates that lie most at the floor, then by multiplier. Groups come out by
// support, then in that order.
func cluster(all []candidate) []group {
	order := append([]candidate(nil), all...)
	sort.SliceStable(order, func(i, j int) bool {
		if order[i].atFloor != order[j].atFloor {
			return order[i].atFloor > order[j].atFloor
		}
		return order[i].multiplier > order[j].multiplier
	})
	unit := make([][]float64, len(order))
	for i, c := range order {
		unit[i] = normalised(c.z)
	}
	used := make([]bool, len(order))
	var groups []group
	for i, c := range order {
		if used[i] {
			continue
		}
		g := group{best: c}
		seen := map[int]bool{}
		for j := i; j < len(order); j++ {
			if !used[j] && dot(unit[i], unit[j]) > sameSample {
				used[j] = true
				seen[order[j].restart] = true
			}
		}
		// A zero particle is like nothing, not even itself.
		used[i] = true
		g.support = max(1, len(seen))
		groups = append(groups, g)
	}
	sort.SliceStable(groups, func(i, j int) bool { return groups[i].support > groups[j].support })
	return groups
}

func normalised(z []float64) []float64 {
	out := make([]float64, len(z))
	if n := math.Sqrt(dot(z, z)); n > 0 {
		for i, v := range z {
			out[i] = v / n
		}
	}
	return out
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
