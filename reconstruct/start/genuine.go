package start

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"unlearnguard/graph/chain"
)

// Genuine reports, as an error that says why, that a weight at its start (outputs x inputs) is no initialisation: independent
// elements, uniform on an interval about 0 or normal. What was added to it shows in the elements' distribution, in the
// spectrum or, for images that somebody wants to hide, in how strongly it answers to these: inputs has one row an image, the
// suspects among them at some positions. Who takes care that none of this shows is not noticed.
func Genuine(weight, inputs *mat.Dense, suspects []int) error {
	deviation, err := drawn(weight)
	if err != nil {
		return err
	}
	if p := answers(weight, inputs, suspects, deviation); !(p >= genuineLevel) {
		return fmt.Errorf("it answers to the images in question otherwise than a weight that does not know them (p = %.1g)", p)
	}
	return nil
}

// drawn tests a weight by itself, and returns its elements' standard deviation.
func drawn(weight *mat.Dense) (deviation float64, err error) {
	h, d := weight.Dims()
	values := slices.Clone(weight.RawMatrix().Data)
	slices.Sort(values)
	n := float64(len(values))
	deviation = floats.Norm(values, 2) / math.Sqrt(n)
	if !(deviation > 0) || math.IsInf(deviation, 1) {
		return 0, fmt.Errorf("its elements are all 0, or not all of them are finite numbers")
	}
	bound := math.Sqrt(3) * deviation
	uniform := kolmogorov(values, func(v float64) float64 { return min(max((v+bound)/(2*bound), 0), 1) })
	if p := max(uniform, kolmogorov(values, distuv.Normal{Sigma: deviation}.CDF)); !(p >= genuineLevel) {
		return 0, fmt.Errorf("its elements are neither uniform nor normal (p = %.1g)", p)
	}
	most := max(-values[0], values[len(values)-1])
	if limit := bound * (1 + boundAbove*math.Sqrt(0.2/n)); uniform >= genuineLevel && most > limit {
		return 0, fmt.Errorf("its largest element, %.4g, is beyond the bound that the others have, %.4g", most, limit)
	}
	edge := chain.MarchenkoPastur(h, d)[0] * deviation
	if most := largest(weight); !(most <= edge*(1+spectrumAbove)) {
		return 0, fmt.Errorf("its largest singular value, %.3g, is beyond what independent elements have, %.3g", most, edge)
	}
	return deviation, nil
}

// powers is the number of steps of power iteration: one that stands out is found in a few.
const powers = 60

// largest is the largest singular value of a weight, or a little less where several are about as large.
func largest(weight *mat.Dense) float64 {
	h, d := weight.Dims()
	x, y := mat.NewVecDense(d, nil), mat.NewVecDense(h, nil)
	for i := range d {
		x.SetVec(i, math.Cos(float64(i*i)))
	}
	value := 0.0
	for range powers {
		length := mat.Norm(x, 2)
		if length == 0 {
			return 0
		}
		x.ScaleVec(1/length, x)
		y.MulVec(weight, x)
		value = mat.Norm(y, 2)
		x.MulVec(weight.T(), y)
	}
	return value
}

// kolmogorov is the p-value of sorted values being drawn from a distribution (the asymptotic law of Kolmogorov 1933).
func kolmogorov(sorted []float64, of func(float64) float64) float64 {
	n, most := float64(len(sorted)), 0.0
	for i, v := range sorted {
		f := of(v)
		most = max(most, float64(i+1)/n-f, f-float64(i)/n)
	}
	t := math.Sqrt(n) * most
	p := 0.0
	for k := 1.0; k < 101; k++ {
		p += 2 * math.Pow(-1, k-1) * math.Exp(-2*k*k*t*t)
	}
	return min(max(p, 0), 1)
}

// answers is the p-value of the least likely of the suspects' answers: for independent elements of a standard deviation,
// |W x|^2 / (deviation |x|)^2 has a chi-squared distribution with as many degrees as outputs, whatever x is.
func answers(weight, inputs *mat.Dense, suspects []int, deviation float64) float64 {
	h, d := weight.Dims()
	chi, least := distuv.ChiSquared{K: float64(h)}, 1.0
	for _, i := range suspects {
		x := inputs.RawRowView(i)
		var y mat.VecDense
		y.MulVec(weight, mat.NewVecDense(d, x))
		length := floats.Dot(x, x)
		if length == 0 {
			continue
		}
		q := mat.Dot(&y, &y) / (deviation * deviation * length)
		low := chi.CDF(q)
		least = min(least, 2*min(low, 1-low)*float64(len(suspects)))
	}
	return least
}
