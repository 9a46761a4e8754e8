package metrics

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Controls says how well samples that are known to have been kept could be recovered: the power of the audit, without which a
// failure to recover is no evidence.
type Controls struct {
	Count int `json:"count"`
	// Before and After count the controls that were recoverable from each model, Both those from both.
	Before int `json:"recoverable_before"`
	After  int `json:"recoverable_after"`
	Both   int `json:"recoverable_both"`
	// Rate is Both / Before: of the controls recoverable before, the share that still is. 0 where none was.
	Rate float64 `json:"rate"`
	// RateAtLeast is the lower 95 % confidence bound on that share (Clopper and Pearson 1934).
	RateAtLeast float64 `json:"rate_at_least"`
	// Needed and RateNeeded are what `unlearned` requires of Before and Rate.
	Needed     int     `json:"needed"`
	RateNeeded float64 `json:"rate_needed"`
	// Failed says in words why the controls do not support a verdict of unlearned, or is empty.
	Failed string `json:"failed,omitempty"`
}

// controlsNeeded is the least number C of controls recoverable before for which the chance of calling a kept sample
// unlearned stays within level even in the worst case: if a kept sample is missed with probability q, then all C
// controls are found and one sample is missed with probability q(1-q)^C, which is largest at q = 1/(C+1).
func controlsNeeded(level float64) int {
	for c := 1; ; c++ {
		n := float64(c)
		if math.Pow(n/(n+1), n)/(n+1) <= level {
			return c
		}
	}
}

// rateAtLeast is the one-sided 95 % lower confidence bound on a probability of which hits of n trials were seen.
func rateAtLeast(hits, n int) float64 {
	if hits == 0 {
		return 0
	}
	return distuv.Beta{Alpha: float64(hits), Beta: float64(n-hits) + 1}.Quantile(0.05)
}
