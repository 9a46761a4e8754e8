package reconstruct

import (
	"math"
	"testing"
)

// The tests of this file place evidence on either side of each threshold in thresholds.go, in plain numbers. They fail if one
// leaves its safe range.

func TestPoorResidual(t *testing.T) {
	for residual, want := range map[float64]bool{0.05: true, 0.16: true, 0.24: false, 0.9: false} {
		r := &Result{Restarts: []Restart{{Residual: 0.95}, {Residual: residual}}}
		if got, reason := r.explained(); got != want || got != (reason == "") {
			t.Errorf("residual %v: explained %v (%s)", residual, got, reason)
		}
	}
}

func TestRepeatedShare(t *testing.T) {
	for found, want := range map[int]bool{20: false, 34: false, 36: true, 90: true} {
		r := &Result{Repeated: found, Rank: 100}
		if got, reason := r.agreed(); got != want || got != (reason == "") {
			t.Errorf("%d of 100: agreed %v (%s)", found, got, reason)
		}
	}
}

func TestGoodAgreement(t *testing.T) {
	for stability, want := range map[float64]bool{0.76: false, 0.78: false, 0.84: true, 0.88: true} {
		// Two are determined: the others say nothing.
		if got, ok := agree([]float64{stability, 0.1, stability, 0.2}, 2); ok != want || math.Abs(got-stability) > 1e-12 {
			t.Errorf("stability %v: %v, %v", stability, got, ok)
		}
	}
	if got, ok := agree([]float64{0.9}, 3); !ok || got != 0.9 {
		t.Errorf("one sample of three: %v, %v", got, ok)
	}
}

// at is a candidate of a restart at an angle whose cosine with the first axis is c.
func at(c float64, restart int) candidate {
	return candidate{z: []float64{c, math.Sqrt(1 - c*c)}, multiplier: 1, restart: restart}
}

func TestSameParticle(t *testing.T) {
	for cosine, want := range map[float64]float64{0.5: 2, 0.975: 2, 0.985: 1, 1: 1} {
		if got := distinct([]candidate{at(1, 0), at(cosine, 0)}); got != want {
			t.Errorf("cosine %v: %v points", cosine, got)
		}
	}
}

func TestSameSample(t *testing.T) {
	for _, c := range []struct {
		cosine  float64
		atFloor bool
		groups  int
	}{{0.975, true, 2}, {0.985, true, 1}, {0.82, false, 2}, {0.88, false, 1}} {
		if got := len(cluster([]candidate{at(1, 0), at(c.cosine, 1)}, c.atFloor)); got != c.groups {
			t.Errorf("%+v: %d", c, got)
		}
	}
}

func TestFloorGain(t *testing.T) {
	for gain, want := range map[float64]bool{0: false, 0.12: false, 0.18: true, 0.5: true} {
		if f := judgeFloor([]candidate{{atFloor: 0.25 + gain}}, 25, 100); f.Used != want || f.Chance != 0.25 {
			t.Errorf("%v above chance: %+v", gain, f)
		}
	}
}

func TestTampered(t *testing.T) {
	for spread, want := range map[float64]bool{0.12: false, 0.2: false, 0.38: true, 0.65: true} {
		if got := unbalanced(spread); got != want {
			t.Errorf("spread %v: %v", spread, got)
		}
	}
	for within, want := range map[float64]bool{0.1: false, 0.32: false, 0.58: true, 1.5: true} {
		if got := scaled(within, 1e6); got != want { // as good as no chance
			t.Errorf("noise within %v: %v", within, got)
		}
	}
	for within, want := range map[float64]bool{0.05: false, 0.1: false, 0.28: true, 0.5: true} {
		if got := levelled(within, 1e6); got != want {
			t.Errorf("even norms, noise within %v: %v", within, got)
		}
	}
	for spread, want := range map[float64]bool{0.2: false, 0.38: true} {
		if got := (Balance{Spread: []float64{spread}}).Apart(Balance{Spread: []float64{0.1}}); got != want {
			t.Errorf("spread %v beside 0.1: %v", spread, got)
		}
	}
	for times, want := range map[float64]bool{1.4: false, 2.9: true} {
		if got := (Balance{Spread: []float64{0.1, times}}).Apart(Balance{Spread: []float64{1, 0.1}}); got != want {
			t.Errorf("a spread %v times that before: %v", times, got)
		}
	}
	if scaled(0.6, 20) {
		t.Error("20 numbers a neuron range so widely by chance")
	}
}
