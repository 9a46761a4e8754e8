package reconstruct

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// PublishedSetting holds the five hyper-parameters of the published method, for which its authors know no rule: they
// sweep them at random. A value of 0 is drawn
//
//	Alpha       uniformly from [10, 500]
//	MinLambda   uniformly from [0.01, 0.5]
//	Scale       with a uniform logarithm from [1e-6, 0.1]
//	RateX       with a uniform logarithm from [1e-5, 1]
//	RateLambda  in the same way
//
// which are the ranges of the sweeps that Haim et al. publish beside their program (reconstructions/*/sweep.txt of
// github.com/nivha/dataset_reconstruction), but for that of RateLambda: there it is 1e-4 in all runs, and Buzaglo et al.
// sweep it too, without saying in which range; those of their settings that they print have 0.48 and 0.95.
type PublishedSetting struct {
	// RateX and RateLambda are the rates of descent of the candidates and of their multipliers.
	RateX      float64 `json:"rate_x"`
	RateLambda float64 `json:"rate_lambda"`
	// Scale is sigma, the standard deviation of the candidates' starts.
	Scale float64 `json:"scale"`
	// MinLambda is lambda_min, from which on down multipliers are penalised.
	MinLambda float64 `json:"min_lambda"`
	// Alpha is the steepness of the surrogate sigmoid(alpha z) of the ReLU's derivative.
	Alpha float64 `json:"alpha"`
}

// drawn fills in what is 0. All five are drawn whatever is given, so that giving one leaves the others as they were.
func (s PublishedSetting) drawn(rng *rand.Rand) PublishedSetting {
	uniform := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	logUniform := func(low, high float64) float64 { return math.Exp(uniform(math.Log(low), math.Log(high))) }
	for _, v := range []struct {
		set  *float64
		draw float64
	}{
		{&s.RateX, logUniform(1e-5, 1)},
		{&s.RateLambda, logUniform(1e-5, 1)},
		{&s.Scale, logUniform(1e-6, 0.1)},
		{&s.MinLambda, uniform(0.01, 0.5)},
		{&s.Alpha, uniform(10, 500)},
	} {
		if *v.set == 0 {
			*v.set = v.draw
		}
	}
	return s
}

func (s PublishedSetting) validate() error {
	var errs []error
	for name, v := range map[string]float64{"rate of x": s.RateX, "rate of lambda": s.RateLambda, "scale of x": s.Scale,
		"least lambda": s.MinLambda, "surrogate's alpha": s.Alpha} {
		if !(v >= 0) || math.IsInf(v, 0) {
			errs = append(errs, fmt.Errorf("reconstruct: %s %v; give a positive number, or 0 to have one drawn", name, v))
		}
	}
	return errors.Join(errs...)
}
