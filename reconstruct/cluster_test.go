package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestClusterCountsRestartsNotCopies(t *testing.T) {
	near := func(angle float64, restart int, floor float64) candidate {
		return candidate{z: []float64{3 * math.Cos(angle), 3 * math.Sin(angle)}, restart: restart, atFloor: floor}
	}
	groups := cluster([]candidate{
		near(0, 0, 0.5), near(0.05, 0, 0.4), near(0.1, 1, 0.6), // one sample, two restarts
		near(math.Pi/2, 2, 0.9),              // another, one restart
		{z: []float64{0, 0}, restart: 1},     // nothing
		near(math.Pi, 1, 0), near(3.2, 2, 0), // the first one's negative is another sample
	}, true)
	want := []struct {
		support int
		floor   float64
	}{{1, 0.9}, {2, 0.6}, {1, 0}, {2, 0}}
	if len(groups) != len(want) {
		t.Fatalf("%d groups, want %d: %+v", len(groups), len(want), groups)
	}
	for i, w := range want {
		if groups[i].support != w.support || groups[i].best.atFloor != w.floor {
			t.Errorf("group %d has support %d and floor %v, want %d and %v", i, groups[i].support, groups[i].best.atFloor, w.support, w.floor)
		}
	}
}

// Restarts that share nothing have the stability of chance; restarts that find the same have more.
func TestChanceStability(t *testing.T) {
	const restarts, each, r = 4, 40, 30
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() []float64 { // of unequal spread, as candidates are
		z := make([]float64, r)
		for k := range z {
			z[k] = rng.NormFloat64() / float64(1+k)
		}
		return z
	}
	var apart, same []candidate
	for k := range restarts {
		for i := range each {
			apart = append(apart, candidate{z: draw(), restart: k})
			if k == 0 {
				same = append(same, apart[i])
			} else {
				same = append(same, candidate{z: same[i].z, restart: k})
			}
		}
	}
	for name, all := range map[string][]candidate{"apart": apart, "same": same} {
		groups := cluster(all, true)
		mean := 0.0
		for _, g := range groups {
			mean += g.stability / float64(len(groups))
		}
		beyond := mean - chanceStability(groups, all, restarts)
		if name == "apart" && math.Abs(beyond) > 0.03 || name == "same" && beyond < 0.1 {
			t.Errorf("%s: a stability of %.2f is %.2f beyond chance", name, mean, beyond)
		}
	}
}

func TestMultipliersPullback(t *testing.T) {
	u := multipliers{labels: []int{1, 0}, classes: 3, log: []float64{-1, 0.5, 0.2, -0.3, 1, 0}}
	// f = sum_k (k+1) lambda_k; its derivative by log lambda_k is (k+1) lambda_k.
	f := func() float64 {
		v := make([]float64, len(u.log))
		u.values(v)
		sum := 0.0
		for k, l := range v {
			sum += float64(k+1) * l
		}
		return sum
	}
	grad := []float64{1, 2, 3, 4, 5, 6}
	u.pullback(grad)
	for k := range u.log {
		const step = 1e-6
		u.log[k] += step
		up := f()
		u.log[k] -= 2 * step
		down := f()
		u.log[k] += step
		if want := (up - down) / (2 * step); math.Abs(grad[k]-want) > 1e-7 {
			t.Errorf("gradient %d is %v, finite differences say %v", k, grad[k], want)
		}
	}
	if got, want := u.total(0), math.Exp(-1)+math.Exp(0.2); math.Abs(got-want) > 1e-12 {
		t.Errorf("total of a sample of class 1 is %v, want %v: its own class does not count", got, want)
	}
}

func TestClusterAveragesRoughCopies(t *testing.T) {
	groups := cluster([]candidate{
		{z: []float64{2, 0.5}, multiplier: 2}, {z: []float64{2, -0.5}, multiplier: 1, restart: 1}, {z: []float64{-1, 1}, restart: 1},
	}, false)
	if len(groups) != 2 || groups[0].support != 2 {
		t.Fatalf("groups %+v, want one of two copies and one alone", groups)
	}
	if z := groups[0].best.z; z[0] != 2 || z[1] != 0 {
		t.Errorf("two copies about (2, 0) are said to be %v", z)
	}
}
