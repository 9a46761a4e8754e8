package reconstruct

import "math"

// multipliers are the dual variables lambda >= 0 of m particles, held as logarithms so that dual feasibility is built in:
// one a particle for a binary network, and one a particle and rival class for C classes (Buzaglo et al. 2023: the margin of
// class y over class j has its own lambda_ij).
type multipliers struct {
	labels  []int // class of each particle; 0 or 1 when binary
	classes int   // logits: 1 when binary
	log     []float64
}

// values writes the multipliers.
func (u *multipliers) values(dst []float64) {
	for i, l := range u.log {
		dst[i] = math.Exp(l)
	}
}

// pullback turns the gradient with respect to the multipliers, in place, into one with respect to their logarithms.
func (u *multipliers) pullback(grad []float64) {
	for i, l := range u.log {
		grad[i] *= math.Exp(l)
	}
}

// total returns the summed multipliers of particle i.
func (u *multipliers) total(i int) float64 {
	sum := 0.0
	for j := range u.classes {
		if u.classes == 1 || j != u.labels[i] {
			sum += math.Exp(u.log[i*u.classes+j])
		}
	}
	return sum
}
