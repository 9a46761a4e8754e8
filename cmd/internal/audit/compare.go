package audit

import (
	"slices"

	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// Decide decides again from the evidence in a report, with other options, and returns the report of that decision. With
// the options of the first decision it gives the first report.
func Decide(r report.Report, o metrics.Options) (report.Report, error) {
	in := inputOf(r)
	d, err := metrics.Decide(in, o)
	if err != nil {
		return report.Report{}, err
	}
	out := report.New(in, d)
	out.Tool, out.Inputs, out.Command, out.Configuration = r.Tool, r.Inputs, r.Command, r.Configuration
	out.Seed, out.Times, out.Pictures, out.Models, out.Decision.SSIM = r.Seed, r.Times, r.Pictures, r.Models, r.Decision.SSIM
	for i := range out.Samples {
		out.Samples[i].Before.Nearest, out.Samples[i].After.Nearest = r.Samples[i].Before.Nearest, r.Samples[i].After.Nearest
	}
	return out, nil
}

// inputOf recovers the decision's input from a report.
func inputOf(r report.Report) metrics.Input {
	in := metrics.Input{Before: r.Models.Before.Checks, After: r.Models.After.Checks, ReferenceLabels: r.Reference.Labels}
	for _, s := range r.Samples {
		label := -1
		if s.Label != nil {
			label = *s.Label
		}
		in.Samples = append(in.Samples, metrics.Sample{Source: s.Source, Role: s.Role, Label: label})
	}
	for _, s := range r.Decision.Statistics {
		stat := metrics.Statistic{Name: s.Name, Title: s.Title,
			Before: metrics.Scores{Null: slices.Clone(r.Reference.Before.Scores[s.Name]), NoPower: s.NoPowerBefore},
			After:  metrics.Scores{Null: slices.Clone(r.Reference.After.Scores[s.Name]), NoPower: s.NoPowerAfter}}
		for _, x := range r.Samples {
			stat.Before.Samples = append(stat.Before.Samples, x.Before.Scores[s.Name])
			stat.After.Samples = append(stat.After.Samples, x.After.Scores[s.Name])
		}
		in.Statistics = append(in.Statistics, stat)
	}
	return in
}
