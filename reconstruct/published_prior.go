package reconstruct

import (
	"context"
	"errors"
	"math"
	"slices"
)

// PublishedPrior is phase 2 of Algorithm 2 of arXiv 2410.10120 (its eqs. 4 and 5). It moves the candidates xhat_i of
// phase 1 away from the decision boundary, by descent on the prior loss
//
//	-alpha_3 sum_i |M(theta; x_i)|
//
// and, after every step, back to what lies within eps of where they were, pixel by pixel:
//
//	x_i <- min(max(x_i, xhat_i - eps), xhat_i + eps).
//
// The loss has no lower bound, so that the projection alone ends the descent: given enough steps, and however small
// alpha_3 is, pixels go to xhat +- eps. As numbers for eps and alpha_3 would mean something else for every network and
// normalisation, both are free of scale here: eps is relative to the candidates' typical pixel, and a step goes Weight eps
// where a candidate's gradient is largest and in proportion elsewhere.
//
// It does little. With the default Weight and Epochs, on three networks of 784-1000-1 trained on 20 MNIST images each, odd
// against even, whose phase 1 came to a mean best SSIM of 0.84, 0.71 and 0.74, a Radius of 0.03 adds 0.003 to 0.004 and
// one of 0.1 adds 0.007 to 0.011; 0.3 changes it by -0.015 to +0.004, and 1 takes away 0.10 to 0.15.
type PublishedPrior struct {
	// Radius is eps over the root mean square of the candidates' input values. 0 leaves phase 2 out.
	Radius float64
	// Weight is alpha_3 as above. If 0, 0.1.
	Weight float64
	// Epochs is the number of steps. If 0, 100.
	Epochs int
}

func (p PublishedPrior) validate() error {
	if !(p.Radius >= 0) || math.IsInf(p.Radius, 0) || !(p.Weight >= 0) || math.IsInf(p.Weight, 0) || p.Epochs < 0 {
		return errors.New("reconstruct: the prior's radius, weight and epochs must not be negative")
	}
	return nil
}

// apply moves candidates x with the given labels, as many as the network of net takes.
func (p PublishedPrior) apply(ctx context.Context, net *logits, labels []int, x []float64) error {
	if p.Weight == 0 {
		p.Weight = 0.1
	}
	if p.Epochs == 0 {
		p.Epochs = 100
	}
	eps := p.Radius * math.Sqrt(dot(x, x)/float64(len(x)))
	if eps == 0 {
		return nil
	}
	from := slices.Clone(x)
	single, grad := make([]float32, len(x)), make([]float32, len(x))
	width := len(x) / len(labels)
	for range p.Epochs {
		if err := ctx.Err(); err != nil {
			return err
		}
		convert(single, x)
		net.gradient(grad, outward(net.at(single), labels))
		for at := 0; at < len(x); at += width {
			to := at + width
			ascend(x[at:to], from[at:to], grad[at:to], p.Weight*eps, eps)
		}
	}
	return nil
}

// outward is the derivative of sum_i |M_i| by the logits.
func outward(logits []float32, labels []int) []float32 {
	classes := len(logits) / len(labels)
	weight := make([]float32, len(logits))
	if classes == 1 {
		for i, v := range logits {
			weight[i] = sign(v)
		}
		return weight
	}
	for i, rival := range rivals(logits, labels) {
		own := i*classes + labels[i]
		s := sign(logits[own] - logits[i*classes+rival])
		weight[own], weight[i*classes+rival] = s, -s
	}
	return weight
}

func sign(v float32) float32 {
	if v < 0 {
		return -1
	}
	return 1
}

// ascend moves x along grad by step in the largest element, and back to within eps of from.
func ascend(x, from []float64, grad []float32, step, eps float64) {
	largest := 0.0
	for _, g := range grad {
		largest = max(largest, math.Abs(float64(g)))
	}
	if largest == 0 {
		return
	}
	for j, g := range grad {
		x[j] = min(max(x[j]+step*float64(g)/largest, from[j]-eps), from[j]+eps)
	}
}
