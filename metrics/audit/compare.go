package audit

import (
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// Decide decides again from the evidence in a report, with other options, and returns the report of that decision. With
// the options of the first decision it gives the first report.
func Decide(r report.Report, o metrics.Options) (report.Report, error) {
	in := r.Evidence()
	d, err := metrics.Decide(in, o)
	if err != nil {
		return report.Report{}, err
	}
	again := report.New(in, d)
	again.Decision.SSIM = r.Decision.SSIM
	for i, s := range r.Samples {
		again.Samples[i].Before.Nearest, again.Samples[i].After.Nearest = s.Before.Nearest, s.After.Nearest
	}
	r.Summary, r.Decision, r.Samples, r.Reference = again.Summary, again.Decision, again.Samples, again.Reference
	return r, nil
}
