package report

import "unlearnguard/metrics"

// Evidence returns what the decision was taken from, so that it can be taken again with other options. With the options
// in Decision.Parameters, [metrics.Decide] comes to the decision of the report.
func (r Report) Evidence() metrics.Input {
	in := metrics.Input{Before: r.Models.Before.Checks, After: r.Models.After.Checks, ReferenceLabels: r.Reference.Labels, Incomparable: r.Reference.Incomparable, Copies: r.Copies, Lineage: r.Lineage}
	for _, s := range r.Samples {
		label := -1
		if s.Label != nil {
			label = *s.Label
		}
		in.Samples = append(in.Samples, metrics.Sample{Source: s.Source, Role: s.Role, Label: label})
	}
	for _, s := range r.Decision.Statistics {
		st := metrics.Statistic{Name: s.Name, Title: s.Title, Distance: s.Distance, Use: s.Use,
			Before: metrics.Scores{Null: r.Reference.Before.Scores[s.Name], NoPower: s.NoPowerBefore},
			After:  metrics.Scores{Null: r.Reference.After.Scores[s.Name], NoPower: s.NoPowerAfter},
		}
		for _, x := range r.Samples {
			st.Before.Samples = append(st.Before.Samples, x.Before.Scores[s.Name])
			st.After.Samples = append(st.After.Samples, x.After.Scores[s.Name])
		}
		in.Statistics = append(in.Statistics, st)
	}
	return in
}
