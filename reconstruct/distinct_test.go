package reconstruct

import (
	"math"
	"strings"
	"testing"
)

func TestDistinctCountsParticlesThatDidNotRunTogether(t *testing.T) {
	at := func(restart int, degrees, norm float64) candidate {
		a := degrees * math.Pi / 180
		return candidate{z: []float64{norm * math.Cos(a), norm * math.Sin(a)}, restart: restart}
	}
	// cos 11.48 degrees is 0.98.
	all := []candidate{at(0, 0, 1), at(0, 11, 2), at(0, 90, 1), at(2, 0, 1), at(2, 12, 1), at(2, 24, 3), at(2, 180, 1)}
	if got := distinct(all); got != 3 { // 2 of restart 0, 4 of restart 2
		t.Errorf("distinct is %v, want 3", got)
	}
	if got := distinct(nil); got != 0 {
		t.Errorf("distinct of nothing is %v, want 0", got)
	}
}

func TestResultSaysWhenParticlesRanTogether(t *testing.T) {
	r := Result{Rank: 30, Distinct: 16.9}
	if ok, reason := r.apart(); ok || !strings.Contains(reason, "17") {
		t.Errorf("17 particles in 30 directions: %v, %q", ok, reason)
	}
	r.Distinct = 30
	if ok, reason := r.apart(); !ok || reason != "" {
		t.Errorf("30 particles in 30 directions: %v, %q", ok, reason)
	}
}
