package report

import (
	"cmp"
	"slices"

	"unlearnguard/metrics"
)

// New fills a report with the evidence and the decision of an audit. The caller adds the rest: Tool, Models, Inputs,
// Command, Configuration, Seed, Decision.SSIM, the nearest reconstructions, Times and Pictures.
func New(in metrics.Input, d metrics.Decision) Report {
	r := Report{
		Schema:  SchemaV3,
		Summary: d.Summary,
		Inputs:  []Input{},
		Models:  Models{Before: Model{Checks: in.Before}, After: Model{Checks: in.After}},
		Decision: Decision{
			Method:     d.Method,
			Parameters: d.Options,
			SSIM:       metrics.SSIMOptions{}.WithDefaults(),
			Statistics: d.Statistics,
			Controls:   d.Controls,
			Troubles:   append([]string{}, d.Troubles...),
			Difference: append([]metrics.DifferenceTest{}, d.Difference...),
			Group:      d.Group,
			Power:      d.Power,
			Together:   d.Together,
			Notes:      append([]string{}, d.Notes...),
		},
		Reference: Reference{Images: d.References, Class: d.ClassReferences, Labels: in.ReferenceLabels, Incomparable: in.Incomparable},
		Copies:    in.Copies, Lineage: in.Lineage,
	}
	r.Reference.Before = referenceScore(in, d.NullBefore, func(s metrics.Statistic) metrics.Scores { return s.Before })
	r.Reference.After = referenceScore(in, d.NullAfter, func(s metrics.Statistic) metrics.Scores { return s.After })
	for _, s := range d.Samples {
		r.Samples = append(r.Samples, sample(in, d, s))
	}
	return r
}

func referenceScore(in metrics.Input, combined []float64, of func(metrics.Statistic) metrics.Scores) ReferenceScore {
	out := ReferenceScore{Combined: combined}
	for _, s := range in.Statistics {
		if null := of(s).Null; len(null) > 0 {
			if out.Scores == nil {
				out.Scores = map[string][]float64{}
			}
			out.Scores[s.Name] = null
		}
	}
	return out
}

func sample(in metrics.Input, d metrics.Decision, s metrics.SampleDecision) Sample {
	out := Sample{
		Source:  s.Source,
		Role:    s.Role,
		Before:  evidence(in, d.Method, s.Before),
		After:   evidence(in, d.Method, s.After),
		Loss:    s.Loss,
		Verdict: s.Verdict,
		Reason:  s.Reason,
	}
	if s.Label >= 0 {
		out.Label = &s.Label
	}
	if s.Role == metrics.Forget && s.Before.Recoverable && s.After.Absent {
		out.KeptProbability = &s.KeptProbability
	}
	return out
}

func evidence(in metrics.Input, method metrics.Method, e metrics.Evidence) Evidence {
	out := Evidence{Score: e.Score, Scores: map[string]float64{}, Clear: e.Clear, Recoverable: e.Recoverable, Absent: e.Absent, Guarded: e.Guarded}
	for k, s := range in.Statistics {
		out.Scores[s.Name] = e.Scores[k]
		if s.Name == "ssim" {
			out.SSIM = &e.Scores[k]
		}
		if e.PValues != nil {
			if out.PValues == nil {
				out.PValues = map[string]float64{}
			}
			out.PValues[s.Name] = e.PValues[k]
		}
	}
	if e.Decisive >= 0 {
		out.Decisive = in.Statistics[e.Decisive].Name
	}
	if method == metrics.Conformal {
		out.PValue, out.Height = &e.PValue, &e.Height
	}
	return out
}

// byEvidence lists the samples of one role, those of which the model after gives most away first.
func (r *Report) byEvidence(role metrics.Role) []int {
	var out []int
	for i, s := range r.Samples {
		if s.Role == role {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(i, j int) int {
		return cmp.Compare(r.Samples[j].After.Score, r.Samples[i].After.Score)
	})
	return out
}
