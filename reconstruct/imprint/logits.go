package imprint

import (
	"math"
	"slices"
)

// goal is the margin that a pass differentiates: that of a class over its competitors, each of which counts by its softmax
// among them at the temperature.
type goal struct {
	temperature float64
	// rival asks for the strongest class but the image's own.
	rival bool
}

// weights sets the weights of the logits whose sum is the margin, and returns it. A label that is no class stands for the
// class that the network gives.
func (g goal) weights(logits, weight []float32, label int) float64 {
	if len(logits) == 1 {
		weight[0] = 1
		if positive(logits, label) == g.rival {
			weight[0] = -1
		}
		return float64(weight[0] * logits[0])
	}
	label = own(logits, label)
	if g.rival {
		label = strongestBut(logits, label)
	}
	return marginWeights(logits, weight, label, g.temperature)
}

// positive reports whether an image of a network with one logit is of the second class.
func positive(logits []float32, label int) bool { return label > 0 || label < 0 && logits[0] >= 0 }

func own(logits []float32, label int) int {
	if label >= 0 && label < len(logits) {
		return label
	}
	return slices.Index(logits, slices.Max(logits))
}

func strongestBut(logits []float32, label int) int {
	best := -1
	for j, z := range logits {
		if j != label && (best < 0 || z > logits[best]) {
			best = j
		}
	}
	return best
}

func marginWeights(logits, weight []float32, label int, temperature float64) float64 {
	top := float64(logits[strongestBut(logits, label)])
	sum, rivals := 0.0, 0.0
	for j, z := range logits {
		if j != label {
			sum += math.Exp((float64(z) - top) / temperature)
		}
	}
	for j, z := range logits {
		if j != label {
			share := math.Exp((float64(z)-top)/temperature) / sum
			weight[j] = float32(-share)
			rivals += share * float64(z)
		}
	}
	weight[label] = 1
	return float64(logits[label]) - rivals
}

// gain is minus the cross-entropy of the class.
func gain(logits []float32, label int) float64 {
	if len(logits) == 1 {
		z := float64(logits[0])
		if !positive(logits, label) {
			z = -z
		}
		return -softplus(-z)
	}
	label = own(logits, label)
	rival := float64(logits[strongestBut(logits, label)])
	sum := 0.0
	for j, z := range logits {
		if j != label {
			sum += math.Exp(float64(z) - rival)
		}
	}
	return -softplus(rival + math.Log(sum) - float64(logits[label]))
}

// softplus is log(1 + e^x), which neither overflows nor rounds to 0.
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// deviation is the standard deviation of numbers.
func deviation(x []float32) float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	for _, v := range x {
		square += (float64(v) - mean) * (float64(v) - mean)
	}
	return math.Sqrt(square / float64(max(len(x)-1, 1)))
}
