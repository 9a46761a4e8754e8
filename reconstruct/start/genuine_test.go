package start

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Initialisations are genuine, however often they are drawn; what the contribution of samples was added to is not, clipped to the
// bound or not.
func TestGenuine(t *testing.T) {
	const h, d, hidden = 120, 200, 5
	rng := rand.New(rand.NewPCG(3, 5))
	images := mat.NewDense(30, d, nil)
	images.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() }, images)
	bound := 1 / math.Sqrt(d)
	draw := func(normal bool) *mat.Dense {
		w := mat.NewDense(h, d, nil)
		w.Apply(func(_, _ int, _ float64) float64 {
			if normal {
				return 0.02 * rng.NormFloat64()
			}
			return bound * (2*rng.Float64() - 1)
		}, w)
		return w
	}
	suspects := []int{0, 1, 2, 3, 4}
	for i := range 40 {
		if err := Genuine(draw(i%2 == 0), images, suspects); err != nil {
			t.Errorf("initialisation %d: %v", i, err)
		}
	}
	for _, clip := range []bool{false, true} {
		for _, size := range []float64{0.02, 0.1} {
			t.Run(fmt.Sprint(clip, size), func(t *testing.T) {
				w := draw(false)
				signals := mat.NewDense(h, hidden, nil)
				signals.Apply(func(_, _ int, _ float64) float64 { return size * rng.NormFloat64() }, signals)
				var part mat.Dense
				part.Mul(signals, images.Slice(0, hidden, 0, d))
				w.Add(w, &part)
				if clip {
					w.Apply(func(_, _ int, v float64) float64 { return min(max(v, -bound), bound) }, w)
				}
				if err := Genuine(w, images, suspects); err == nil {
					t.Error("a start that holds samples is taken for an initialisation")
				}
			})
		}
	}
}

// What was not drawn at random is no initialisation.
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
