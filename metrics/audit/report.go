package audit

import (
	"encoding/json"

	"unlearnguard/metrics/report"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint"
)

// method names the reconstruction in reports.
const method = "stationarity of the first layer in its span, several random starts"

// Report lays out everything that the audit found. The caller adds what it alone knows: the tool, the command line, the
// configuration, the input files and the times.
func (o *Outcome) Report(r *Request) report.Report {
	out := report.New(o.input(r), o.Decision)
	out.Decision.SSIM = r.SSIM.WithDefaults()
	out.Seed = r.Reconstruct.Seed
	o.Before.describe(&out.Models.Before, o.Unreconstructed)
	o.After.describe(&out.Models.After, o.Unreconstructed)
	out.Models.Before.Starts, out.Models.After.Starts = o.Before.describeStarts(r.StartsBefore), o.After.describeStarts(r.StartsAfter)
	if r.vectors() {
		return out
	}
	before, after := o.Before.Found(r), o.After.Found(r)
	spanBefore, spanAfter := o.Before.insideSpan(r, r.NormBefore), o.After.insideSpan(r, r.NormAfter)
	for i, original := range r.views().pictures(r.Queried.Len()) {
		b, a := o.Before.Nearest[i].Index, o.After.Nearest[i].Index
		out.Samples[i].Before.Nearest, out.Samples[i].After.Nearest = &b, &a
		out.Pictures = append(out.Pictures, report.Pictures{Original: original, Before: before[i], After: after[i], SpanBefore: spanBefore[i], SpanAfter: spanAfter[i]})
	}
	return out
}

func (e *Evidence) describe(m *report.Model, unreconstructed string) {
	m.Path, m.SHA256, m.Bytes = e.Model.Path, e.Model.SHA256, e.Model.Size
	m.Producer, m.Architecture = e.Model.Producer, e.Model.Architecture()
	m.Homogeneity = report.Homogeneity{Verdict: string(e.Model.Homogeneity.Verdict), Degree: e.Model.Homogeneity.Degree}
	if e.Model.Unfit == nil {
		deviation := e.Model.Deviation
		m.Homogeneity.Deviation = &deviation
	}
	if e.Layers != nil {
		m.Layers = layerNames(e.Layers)
	}
	if e.Result == nil {
		m.Reconstruction = report.Reconstruction{Method: report.NoReconstruction + unreconstructed, Residuals: []float64{}}
		return
	}
	m.Parameters = e.Result.Parameters
	m.Reconstruction = report.Reconstruction{Method: method, Samples: len(e.Result.Samples), Rank: e.Result.Rank,
		Details: details(e.Result)}
	m.Reconstruction.Width = e.Result.Width()
	for _, s := range e.Result.Restarts {
		m.Reconstruction.Residuals = append(m.Reconstruction.Residuals, s.Residual)
	}
}

// layerNames are those of the layers that were asked.
func layerNames(found *imprint.Result) []string {
	out := []string{}
	for _, s := range found.Scores {
		if s.Kind == imprint.Matched {
			out = append(out, s.Layer)
		}
	}
	return out
}

// details is what else a result says, in the form that it has when a report is read again: compare then writes the same
// bytes.
func details(r *reconstruct.Result) any {
	var out any
	text, err := json.Marshal(map[string]any{"edge": r.Edge, "floor": r.Floor, "balance": r.Balance})
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		panic(err) // they are plain numbers
	}
	return out
}
