package report

import (
	"bytes"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
)

// gridNames are the picture grids by role.
var gridNames = []struct {
	role  metrics.Role
	file  string
	title string
}{
	{metrics.Forget, "grids/forget.png", "Samples to forget"},
	{metrics.Retain, "grids/retain.png", "Controls: samples that were to stay"},
}

// verdictInk are the colours of the verdicts on white.
var verdictInk = map[metrics.Verdict]color.NRGBA{
	metrics.Retained:     {158, 42, 43, 255},
	metrics.Unlearned:    {28, 101, 68, 255},
	metrics.Inconclusive: {92, 97, 107, 255},
}

// grids returns the PNG files by name.
func (r *Report) grids() (map[string][]byte, error) {
	out := map[string][]byte{}
	if len(r.Pictures) == 0 {
		return out, nil
	}
	for _, g := range gridNames {
		samples := r.byEvidence(g.role)
		if len(samples) == 0 {
			continue
		}
		var png bytes.Buffer
		if err := grid.Encode(&png, r.table(g.title, samples)); err != nil {
			return nil, fmt.Errorf("%s: %w", g.file, err)
		}
		out[g.file] = png.Bytes()
	}
	return out, nil
}

func (r *Report) table(title string, samples []int) grid.Table {
	t := grid.Table{
		Title:    title,
		Subtitle: fmt.Sprintf("nearest reconstruction from each model; before: %s, after: %s", short(r.Models.Before), short(r.Models.After)),
		Rows:     []grid.Row{{Title: "original"}, {Title: "nearest before"}, {Title: "nearest after"}},
	}
	if r.unreconstructed() != "" {
		what := "no picture could be drawn from the models"
		if r.spans() {
			what = "what of each lies in the span of what moved the first layer away from its known start"
		}
		t.Subtitle = fmt.Sprintf("%s; before: %s, after: %s", what, short(r.Models.Before), short(r.Models.After))
		t.Rows = t.Rows[:1]
	}
	recovered := len(t.Rows)
	if r.spans() {
		t.Rows = append(t.Rows, grid.Row{Title: "in the span before"}, grid.Row{Title: "in the span after"})
	}
	for _, i := range samples {
		s, p := r.Samples[i], r.Pictures[i]
		head := []string{s.Source}
		if s.Label != nil {
			head = append(head, fmt.Sprintf("label %d", *s.Label))
		}
		t.Columns = append(t.Columns, head)
		cells := []grid.Cell{{Image: p.Original}, {Image: p.Before, Caption: caption(p.Before, s.Before)}, {Image: p.After, Caption: caption(p.After, s.After)}}
		cells = append(cells[:recovered], grid.Cell{Image: p.SpanBefore, Caption: held(p.Original, p.SpanBefore)}, grid.Cell{Image: p.SpanAfter, Caption: held(p.Original, p.SpanAfter)})
		for row, cell := range cells[:len(t.Rows)] {
			t.Rows[row].Cells = append(t.Rows[row].Cells, cell)
		}
		t.Footers = append(t.Footers, footer(s))
	}
	return t
}

// spans reports whether there are pictures by known starts.
func (r *Report) spans() bool {
	return slices.ContainsFunc(r.Pictures, func(p Pictures) bool { return len(p.SpanBefore.Pix)+len(p.SpanAfter.Pix) > 0 })
}

// held says how much of an image's energy a part of it has.
func held(whole, part metrics.Image) string {
	if len(part.Pix) == 0 {
		return "not known"
	}
	missing, all := 0.0, 0.0
	for i, v := range whole.Pix {
		missing += (v - part.Pix[i]) * (v - part.Pix[i])
		all += v * v
	}
	if all == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %% of it", 100*max(0, 1-missing/all))
}

// captions are the lines below what was recovered.
func captions(m metrics.Image, e Evidence) []string {
	if len(m.Pix) == 0 {
		return []string{"none found"}
	}
	var out []string
	if e.SSIM != nil {
		out = append(out, fmt.Sprintf("SSIM %.2f", *e.SSIM))
	}
	if e.PValue != nil {
		out = append(out, "p "+number(*e.PValue))
	}
	return out
}

func caption(m metrics.Image, e Evidence) string { return strings.Join(captions(m, e), ", ") }

// footer is the verdict below a column. That a control is retained is as it should be, and not set in red.
func footer(s Sample) grid.Footer {
	f := grid.Footer{Text: string(s.Verdict), Color: verdictInk[s.Verdict]}
	if s.Role == metrics.Retain {
		f.Color = verdictInk[metrics.Inconclusive]
	}
	return f
}
