package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestINA counts true positives and false negatives one by one.
func TestINA(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for n := 1; n < 50; n += 7 {
		members := make([]bool, n)
		tp, fn := 0., 0.
		for i := range members {
			if members[i] = rng.IntN(3) == 0; members[i] {
				tp++
			} else {
				fn++
			}
		}
		if got := INA(members); got != tp/(tp+fn) {
			t.Errorf("INA %v of %v, want %v", got, members, tp/(tp+fn))
		}
	}
	if got := INA(nil); !math.IsNaN(got) {
		t.Errorf("INA %v of none", got)
	}
}

// TestSharesOfPredictions are those of predictions in turn over c labels, n/c of each.
func TestSharesOfPredictions(t *testing.T) {
	const n = 60
	for c := 1; c <= 6; c++ {
		predicted, labels := make([]int, n), make([]int, n)
		for i := range predicted {
			predicted[i], labels[i] = i%c, c-1
		}
		for target := range c {
			if got := AttackSuccess(predicted, target); got != 1/float64(c) {
				t.Errorf("%d labels: target %d is hit by %v", c, target, got)
			}
		}
		if got := Accuracy(predicted, labels); got != 1/float64(c) {
			t.Errorf("%d labels: accuracy %v", c, got)
		}
		if got := Accuracy(predicted, predicted); got != 1 {
			t.Errorf("%d labels: accuracy %v of the labels themselves", c, got)
		}
	}
	if got := AttackSuccess([]int{1, 2}, 7); got != 0 {
		t.Errorf("a target that is never predicted is hit by %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("two labels for three predictions were accepted")
		}
	}()
	Accuracy([]int{1, 2, 3}, []int{1, 2})
}
