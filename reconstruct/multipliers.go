package reconstruct

import "math"

// multipliers are the dual variables lambda >= 0 of m particles, held as logarithms so that dual feasibility is built in:
// one a particle for a binary network, and one a particle and rival class for C classes
// (Buzaglo et al. 2023, appendix: the margin of class y over class j has its own lambda_ij).
type multipliers struct {
	labels  []int // class of each particle; 0 or 1 when binary
	classes int   // logits: 1 when binary
	log     []float64
}

// perSample is the number of multipliers a particle has; the one of a particle's own class is unused.
func (u *multipliers) perSample() int { return u.classes }

// directions writes the weighted output directions, m x classes: lambda_i y_i, or
// sum_j lambda_ij (e_y - e_j).
func (u *multipliers) directions(dst []float64) {
	if u.classes == 1 {
		for i, l := range u.log {
			dst[i] = sign(u.labels[i]) * math.Exp(l)
		}
		return
	}
	for i, y := range u.labels {
		row, logs := dst[i*u.classes:][:u.classes], u.log[i*u.classes:][:u.classes]
		total := 0.0
		for j, l := range logs {
			if j != y {
				row[j] = -math.Exp(l)
				total -= row[j]
			}
		}
		row[y] = total
	}
}

// pullback turns the gradient with respect to the directions into one with respect to the logarithms.
func (u *multipliers) pullback(dst, gdir []float64) {
	if u.classes == 1 {
		for i, l := range u.log {
			dst[i] = gdir[i] * sign(u.labels[i]) * math.Exp(l)
		}
		return
	}
	for i, y := range u.labels {
		row, g := dst[i*u.classes:][:u.classes], gdir[i*u.classes:][:u.classes]
		for j := range row {
			if j == y {
				row[j] = 0
				continue
			}
			row[j] = (g[y] - g[j]) * math.Exp(u.log[i*u.classes+j])
		}
	}
}

// total returns the summed multipliers of particle i.
func (u *multipliers) total(i int) float64 {
	if u.classes == 1 {
		return math.Exp(u.log[i])
	}
	sum := 0.0
	for j := range u.classes {
		if j != u.labels[i] {
			sum += math.Exp(u.log[i*u.classes+j])
		}
	}
	return sum
}

// sign is the binary label as +-1.
func sign(label int) float64 { return float64(2*label - 1) }
