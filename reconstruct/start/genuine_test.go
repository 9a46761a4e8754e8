package start

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// A weight of zeros, or one with elements that are no numbers, is no initialisation; one that was drawn is.
func TestGenuineRefusesWhatWasNotDrawn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	drawn := func() *mat.Dense {
		w := mat.NewDense(60, 90, nil)
		w.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() - 0.5 }, w)
		return w
	}
	inputs := mat.NewDense(1, 90, nil)
	inputs.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() }, inputs)
	if err := Genuine(drawn(), inputs, []int{0}); err != nil {
		t.Errorf("a drawn weight: %v", err)
	}
	if Genuine(mat.NewDense(60, 90, nil), inputs, []int{0}) == nil {
		t.Error("zeros pass for an initialisation")
	}
	for _, v := range []float64{math.NaN(), math.Inf(1)} {
		w := drawn()
		w.Set(3, 4, v)
		if Genuine(w, inputs, []int{0}) == nil {
			t.Errorf("a weight with an element %v passes for an initialisation", v)
		}
	}
}
