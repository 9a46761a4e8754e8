package reconstruct

// momentum is gradient descent with momentum (Polyak 1964) for one block of variables, in the form of PyTorch's SGD: the
// velocity is a decaying sum of gradients.
type momentum struct{ Velocity []float64 }

// momentumDecay is the value that all of the published runs have.
const momentumDecay = 0.9

func newMomentum(n int) *momentum { return &momentum{Velocity: make([]float64, n)} }

func (m *momentum) update(x, grad []float64, rate float64) {
	for i, g := range grad {
		m.Velocity[i] = momentumDecay*m.Velocity[i] + g
		x[i] -= rate * m.Velocity[i]
	}
}
