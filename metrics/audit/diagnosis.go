package audit

import (
	"fmt"
	"math"
	"slices"

	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
)

// diagnose turns the diagnostics of a model's reconstruction, beside that of the model before, into the checks of the decision. A model
// that was opened is in scope.
func diagnose(e, before *Evidence, r *Request, name string) metrics.Diagnosis {
	passed := metrics.Check{OK: true}
	d := metrics.Diagnosis{Scope: passed, Convergence: passed, Integrity: passed}
	for _, reason := range []string{e.misfit, e.late} {
		if reason != "" {
			d.Scope = metrics.Check{Reason: reason}
		}
	}
	d.Misstated = misstated(r.startsOf(name))
	if e.Result == nil {
		if r.late != "" {
			d.Convergence = metrics.Check{Reason: r.late}
		}
		return d
	}
	d.Convergence.OK = e.Result.Explained
	if !e.Result.Explained {
		d.Convergence.Reason = e.Result.Reason
	}
	var usual reconstruct.Balance
	if before.Result != nil {
		usual = before.Result.Balance
	}
	d.Integrity = integrity(e.Result.Balance, usual)
	return d
}

// integrity is the check of a model's neurons, beside those of the model before.
func integrity(b, before reconstruct.Balance) metrics.Check {
	switch {
	case b.Altered:
		return metrics.Check{Reason: fmt.Sprintf("the norms and the noise of its neurons are uneven (spread %.2g, about 0.1 after training): "+
			"weights were scaled without changing what the model computes, or it was not trained by gradient descent", slices.Max(b.Spread))}
	case b.Levelled:
		return metrics.Check{Reason: fmt.Sprintf("the noise of its neurons is uneven (by a factor of %.2g), though their norms are even: "+
			"weights were scaled without changing what the model computes", math.Exp(slices.Max(b.Noise)))}
	case b.Apart(before):
		return metrics.Check{Reason: fmt.Sprintf("the norms of its neurons' weights towards the inputs and towards the outputs do not fit each other (spread %.2g, about 0.1 "+
			"after training): its layers were not trained together, or in large steps", slices.Max(b.Spread))}
	}
	return metrics.Check{OK: true}
}
