package reconstruct

import "math"

// adam is the optimiser of Kingma and Ba 2015 for one block of variables.
type adam struct {
	First, Second []float64 // moments
	Step          int
}

// The decay rates: a shorter second-moment memory than the usual 0.999 suits runs of a few hundred steps whose surrogate
// slope keeps changing the gradient's scale.
const (
	adamBeta1 = 0.9
	adamBeta2 = 0.99
	adamEps   = 1e-8
)

func newAdam(n int) *adam { return &adam{First: make([]float64, n), Second: make([]float64, n)} }

func (a *adam) update(x, grad []float64, rate float64) {
	a.Step++
	c1 := 1 - math.Pow(adamBeta1, float64(a.Step))
	c2 := 1 - math.Pow(adamBeta2, float64(a.Step))
	for i, g := range grad {
		a.First[i] = adamBeta1*a.First[i] + (1-adamBeta1)*g
		a.Second[i] = adamBeta2*a.Second[i] + (1-adamBeta2)*g*g
		x[i] -= rate * (a.First[i] / c1) / (math.Sqrt(a.Second[i]/c2) + adamEps)
	}
}
