package reconstruct

import (
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/floats"
)

// mostChance keeps a span of one direction, in which all are near, from dividing by 0.
const mostChance = 0.99

// candidate is one particle at the end of a restart.
type candidate struct {
	z          []float64
	label      int
	multiplier float64
	restart    int
	atFloor    float64
	agreement  float64 // cosine of what the descent found with the image that the pursuit made of it
}

// group is a set of near copies.
type group struct {
	best      candidate
	support   int     // restarts that have one
	stability float64 // mean over the other restarts of the cosine with the nearest candidate of each
}

// cluster gathers near copies about the candidates that lie most at the floor, then by multiplier. Groups come out in
// that order. Of copies at the floor the first stands for all; of rough ones their mean does, in which
// the errors of different restarts cancel.
func cluster(all []candidate, atFloor bool) []group {
	same := sameRough
	if atFloor {
		same = sameAtFloor
	}
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
		used[i] = true
		g := group{best: c}
		members := []candidate{c}
		for j := i + 1; j < len(order); j++ {
			if !used[j] && dot(unit[i], unit[j]) > same {
				used[j] = true
				members = append(members, order[j])
			}
		}
		g.support = restartsOf(members)
		if !atFloor {
			g.best.z = mean(members)
		}
		groups = append(groups, g)
	}
	for i := range groups {
		groups[i].stability = stability(groups[i].best, order, unit)
	}
	return groups
}

// stability is how well the other restarts agree on c. They come in order, so that the sum does not depend on a map's.
func stability(c candidate, all []candidate, unit [][]float64) float64 {
	var nearest []float64
	z := normalised(c.z)
	for j, other := range all {
		for len(nearest) <= other.restart {
			nearest = append(nearest, 0)
		}
		if other.restart != c.restart {
			nearest[other.restart] = max(nearest[other.restart], dot(z, unit[j]))
		}
	}
	return floats.Sum(nearest) / float64(max(1, len(nearest)-1))
}

// chanceStability is the stability that groups would have if every restart found something else: the mean cosine with the
// nearest of so many random directions as a restart has candidates, distributed as all the candidates are.
func chanceStability(groups []group, all []candidate, restarts int) float64 {
	if len(groups) == 0 {
		return 0
	}
	rng := rand.New(rand.NewPCG(0, 0)) // a figure of the model, not of the run
	unit := make([][]float64, len(all))
	for i, c := range all {
		unit[i] = normalised(c.z)
	}
	directions := make([][]float64, max(1, len(all)/max(1, restarts)))
	for i := range directions {
		directions[i] = make([]float64, len(unit[0]))
		for _, u := range unit {
			floats.AddScaled(directions[i], rng.NormFloat64(), u)
		}
		directions[i] = normalised(directions[i])
	}
	sum := 0.0
	for _, g := range groups {
		z, nearest := normalised(g.best.z), 0.0
		for _, u := range directions {
			nearest = max(nearest, dot(z, u))
		}
		sum += nearest
	}
	return min(sum/float64(len(groups)), mostChance)
}

// restartsOf counts the restarts that the members come from.
func restartsOf(members []candidate) int {
	seen := map[int]bool{}
	for _, c := range members {
		seen[c.restart] = true
	}
	return len(seen)
}

// mean returns the members' mean.
func mean(members []candidate) []float64 {
	z := make([]float64, len(members[0].z))
	for _, c := range members {
		for k, v := range c.z {
			z[k] += v / float64(len(members))
		}
	}
	return z
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
