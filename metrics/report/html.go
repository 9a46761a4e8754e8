package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
)

//go:embed report.html.tmpl
var pageText string

//go:embed style.css
var styleText string

var pageTemplate = template.Must(template.New("report.html").Funcs(template.FuncMap{"tie": tie, "number": number, "percent": percent}).Parse(pageText))

// tie keeps a number and its unit, and a p and its value, on one line.
func tie(s string) string {
	return strings.NewReplacer("p = ", "p\u00a0=\u00a0", " %", "\u00a0%").Replace(s)
}

func percent(share float64) string { return fmt.Sprintf("%.0f\u00a0%%", 100*share) }

// HTML returns the report as one page that needs nothing besides itself: pictures and plots are part of it.
func HTML(r Report) ([]byte, error) {
	p, err := newPage(&r)
	if err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	return out.Bytes(), nil
}

// A page is a report as the template wants it: words and pictures, in the order in which they are read.
type page struct {
	*Report
	Style     template.CSS
	Forget    []card
	Retain    []card
	MoreKept  int // controls that are in the table alone
	MoreAsked int // samples to forget that are in the table alone
	Overview  template.HTML
	Plots     []figure
	Columns   []column
	Rows      []row
	NotSaid   []string
	Files     []modelColumn
	References
	// Unreconstructed says why nothing was reconstructed, or is empty. Vectors: the inputs are no images. Spans: there are
	// pictures by known starts.
	Unreconstructed string
	Vectors, Spans  bool
	// Together is what the samples show as a group, or nil.
	Together   *groupSection
	Statistics []statisticRow
	Guards     string
	// Asked and Controls sum up the samples of either role; Kept says how many can have been kept.
	Asked, Controls, Kept string
}

// References says in words what the samples were compared with.
type References struct{ ComparedWith string }

// A card is one sample with its pictures.
type card struct {
	Sample
	Original, NearestBefore, NearestAfter template.URL
	SpanBefore, SpanAfter                 template.URL
	HeldBefore, HeldAfter                 string
	LabelText                             string
	CaptionBefore, CaptionAfter           []string
}

// A figure is a pair of plots of one measure, of the model before and of the model after.
type figure struct {
	Title         string
	Note          string
	Before, After template.HTML
}

// A column is one measure in the table, a row one sample.
type column struct{ Name, Title string }

type row struct {
	Sample
	LabelText     string
	Before, After []string
}

// modelColumn is one model in the table of files.
type modelColumn struct {
	Model
	Role, HomogeneityText, ResidualText, RankText string
	MethodText, LayersText, StartsText            string
	CheckLines                                    []string
}

// mostCards is the number of samples of either role that are shown with pictures: more would make the page too large to
// send, and few would look at them.
const mostCards = 60

func newPage(r *Report) (*page, error) {
	p := &page{Report: r, Style: template.CSS(styleText)}
	var err error
	if p.Forget, p.MoreAsked, err = r.cards(metrics.Forget); err != nil {
		return nil, err
	}
	if p.Retain, p.MoreKept, err = r.cards(metrics.Retain); err != nil {
		return nil, err
	}
	if p.Overview, err = r.comparison(); err != nil {
		return nil, err
	}
	if p.Plots, err = r.figures(); err != nil {
		return nil, err
	}
	p.Columns, p.Rows = r.tableRows()
	p.NotSaid = r.notSaid()
	p.Files = []modelColumn{newModelColumn("before", r.Models.Before), newModelColumn("after", r.Models.After)}
	p.ComparedWith = r.comparedWith()
	p.Unreconstructed, p.Vectors, p.Spans = r.unreconstructed(), r.vectors(), r.spans()
	p.Statistics, p.Guards = r.statisticRows()
	p.Asked, p.Controls = r.asked(), r.controls()
	if t := r.Decision.Together; t != nil {
		p.Kept = r.keptAtMost(t)
	}
	p.Together, err = r.together()
	return p, err
}

func (r *Report) cards(role metrics.Role) (shown []card, more int, err error) {
	if len(r.Pictures) == 0 {
		return nil, 0, nil
	}
	samples := r.byEvidence(role)
	if len(samples) > mostCards {
		samples, more = samples[:mostCards], len(samples)-mostCards
	}
	for _, i := range samples {
		s, pictures := r.Samples[i], r.Pictures[i]
		c := card{Sample: s, LabelText: labelText(s), CaptionBefore: captions(pictures.Before, s.Before), CaptionAfter: captions(pictures.After, s.After),
			HeldBefore: held(pictures.Original, pictures.SpanBefore), HeldAfter: held(pictures.Original, pictures.SpanAfter)}
		for _, m := range []struct {
			image metrics.Image
			url   *template.URL
		}{{pictures.Original, &c.Original}, {pictures.Before, &c.NearestBefore}, {pictures.After, &c.NearestAfter},
			{pictures.SpanBefore, &c.SpanBefore}, {pictures.SpanAfter, &c.SpanAfter}} {
			if *m.url, err = dataURL(m.image); err != nil {
				return nil, 0, fmt.Errorf("%s: %w", s.Source, err)
			}
		}
		shown = append(shown, c)
	}
	return shown, more, nil
}

func (r *Report) unreconstructed() string { return unreconstructed(r.Models.Before) }

func unreconstructed(m Model) string {
	why, none := strings.CutPrefix(m.Reconstruction.Method, NoReconstruction)
	if !none {
		return ""
	}
	return why
}

// dataURL is a picture as part of the page, pixel for pixel; empty for one that is not there.
func dataURL(m metrics.Image) (template.URL, error) {
	if len(m.Pix) == 0 {
		return "", nil
	}
	if err := m.Validate(); err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := png.Encode(&out, grid.Picture(m)); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}

func labelText(s Sample) string {
	if s.Label == nil {
		return ""
	}
	return fmt.Sprintf("label %d", *s.Label)
}

// figures plots the combined evidence and every statistic against the reference images.
func (r *Report) figures() ([]figure, error) {
	var out []figure
	if r.Decision.Method == metrics.Conformal {
		title := "Evidence, all statistics together"
		if r.Decision.Together != nil {
			title = "Evidence of single samples, from all statistics that join their score"
		}
		f, err := r.figure(title, fmt.Sprintf("Of the reference images %.0f %% lie beyond the dashed line.", 100*r.Decision.Parameters.Level), measure{
			before: func(s Sample) float64 { return s.Before.Score }, after: func(s Sample) float64 { return s.After.Score },
			nullBefore: r.Reference.Before.Combined, nullAfter: r.Reference.After.Combined, axis: "evidence",
		})
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	for _, s := range r.Decision.Statistics {
		if t := r.Decision.Together; t != nil && len(t.After) > 0 && t.Statistic == s.Name {
			continue // it is shown with what the samples show together
		}
		f, err := r.figure(capitalised(s.Title), r.noPower(s), r.measureOf(s))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// A measure is what a figure shows.
type measure struct {
	before, after         func(Sample) float64
	nullBefore, nullAfter []float64
	axis                  string
	means                 bool // the means of the groups are marked
}

func (r *Report) measureOf(s metrics.StatisticSummary) measure {
	sign := 1.0
	axis := s.Name
	if s.Distance {
		sign, axis = -1, s.Name+" (distance: smaller is more evidence)"
	}
	flip := func(values []float64) []float64 {
		out := make([]float64, len(values))
		for i, v := range values {
			out[i] = sign * v
		}
		return out
	}
	return measure{
		before:     func(x Sample) float64 { return sign * x.Before.Scores[s.Name] },
		after:      func(x Sample) float64 { return sign * x.After.Scores[s.Name] },
		nullBefore: flip(r.Reference.Before.Scores[s.Name]), nullAfter: flip(r.Reference.After.Scores[s.Name]), axis: axis,
	}
}

func (r *Report) figure(title, note string, m measure) (figure, error) {
	before := r.series(m.before, m.nullBefore)
	after := r.series(m.after, m.nullAfter)
	if m.axis == "evidence" {
		before.threshold, after.threshold = r.threshold(m.nullBefore), r.threshold(m.nullAfter)
	} else if m.axis == "ssim" && r.Decision.Method == metrics.FixedThreshold {
		before.threshold, after.threshold = r.Decision.Parameters.Tau, r.Decision.Parameters.Tau
	}
	if m.means {
		before.means, after.means = true, true
		before.threshold, after.threshold = stat.Mean(before.null, nil), stat.Mean(after.null, nil)
	}
	low, high := extent(before, after)
	out := figure{Title: title, Note: note}
	var err error
	if out.Before, err = distribution(m.axis, before, low, high); err != nil {
		return out, err
	}
	out.After, err = distribution(m.axis, after, low, high)
	return out, err
}

func (r *Report) series(of func(Sample) float64, null []float64) series {
	return series{null: null, controls: r.values(metrics.Retain, of), forget: r.values(metrics.Forget, of), threshold: math.NaN()}
}

// extent is the range of all values, with a little air.
func extent(all ...series) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, s := range all {
		for _, values := range [][]float64{s.null, s.controls, s.forget, {s.threshold}} {
			for _, v := range values {
				if !math.IsNaN(v) {
					low, high = min(low, v), max(high, v)
				}
			}
		}
	}
	air := 0.04*(high-low) + 1e-3
	return low - air, high + air
}

func (r *Report) noPower(s metrics.StatisticSummary) string {
	var out []string
	if s.NoPowerBefore != "" {
		out = append(out, "Took no part for the model before: "+s.NoPowerBefore+".")
	}
	if s.NoPowerAfter != "" {
		out = append(out, "Took no part for the model after: "+s.NoPowerAfter+".")
	}
	return strings.Join(out, " ")
}

// tableRows lays out one row a sample: p-value and statistics of either model.
func (r *Report) tableRows() ([]column, []row) {
	var columns []column
	if r.Decision.Method == metrics.Conformal {
		columns = append(columns, column{"p", "p-value of the score that joins the statistics"})
	}
	for _, s := range r.Decision.Statistics {
		columns = append(columns, column{s.Name, s.Title})
	}
	cells := func(e Evidence) []string {
		var out []string
		if e.PValue != nil {
			out = append(out, number(*e.PValue))
		}
		for _, s := range r.Decision.Statistics {
			v := e.Scores[s.Name]
			if s.Distance {
				v = -v
			}
			out = append(out, score(v))
		}
		return out
	}
	var rows []row
	for _, role := range []metrics.Role{metrics.Forget, metrics.Retain} {
		for _, i := range r.byEvidence(role) {
			s := r.Samples[i]
			rows = append(rows, row{Sample: s, LabelText: labelText(s), Before: cells(s.Before), After: cells(s.After)})
		}
	}
	return columns, rows
}

// score writes a score for people, and a small one as what it is: -0.000 would be none.
func score(v float64) string {
	if v != 0 && math.Abs(v) < 0.0005 {
		return fmt.Sprintf("%.1e", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// notSaid lists what the verdict does not mean.
func (r *Report) notSaid() []string {
	can := "can be recovered from the parameters"
	if r.unreconstructed() != "" {
		can = "the layers of the two models show of the samples"
	}
	out := []string{
		"It is evidence, not proof. It says what " + can + " by this method, with the error rates stated below.",
		"It speaks of the two files named below, by their SHA-256 digests, and of no other copy, version, backup or service.",
		"It takes the parties' word that the model before was trained on the samples, that the controls were to stay, and that the reference images were never used for training.",
	}
	switch r.Summary.Verdict {
	case metrics.Unlearned:
		out = append(out, "It does not rule out that traces remain which this method cannot see, such as those of copies that were altered otherwise than the versions that were tried.")
	case metrics.Retained:
		out = append(out, "It says nothing of intent, and it cannot tell a sample from a near copy of it that was rightly kept.")
	default:
		out = append(out, "It does not mean that the samples are gone, and it does not mean that they are still there.")
	}
	out = append(out, r.notSaidOfGroup()...)
	return append(out, "It does not judge whether the request was lawful or what follows from it.")
}

func (r *Report) comparedWith() string {
	if r.Decision.Method == metrics.FixedThreshold {
		return fmt.Sprintf("no reference images: a fixed threshold of SSIM %.2g, whose error rate is unknown", r.Decision.Parameters.Tau)
	}
	if r.Reference.Class > 0 {
		return fmt.Sprintf("%d reference images of the class, of %d", r.Reference.Class, r.Reference.Images)
	}
	return fmt.Sprintf("%d reference images", r.Reference.Images)
}

func newModelColumn(role string, m Model) modelColumn {
	out := modelColumn{Model: m, Role: role, HomogeneityText: m.Homogeneity.Verdict, MethodText: m.Reconstruction.Method, LayersText: strings.Join(m.Layers, ", ")}
	if m.Starts != nil {
		out.StartsText = m.Starts.words()
	}
	if why := unreconstructed(m); why != "" {
		out.MethodText = "none, because of this: " + why
	}
	if m.Homogeneity.Degree != 0 {
		out.HomogeneityText += fmt.Sprintf(" of degree %g", m.Homogeneity.Degree)
	}
	if m.Homogeneity.Deviation != nil {
		out.HomogeneityText += fmt.Sprintf(", measured deviation %s", number(*m.Homogeneity.Deviation))
	}
	if rec := m.Reconstruction; rec.Width > 0 {
		out.RankText = fmt.Sprintf("%d of %d", rec.Rank, rec.Width)
	}
	var residuals []string
	for _, v := range m.Reconstruction.Residuals {
		residuals = append(residuals, number(v))
	}
	out.ResidualText = strings.Join(residuals, ", ")
	for _, c := range []struct {
		metrics.Check
		passed, failed string
		// unmade is said where it was passed for want of a reconstruction.
		unmade string
	}{
		{m.Checks.Scope, "in scope", "not in scope", ""},
		{m.Checks.Convergence, "reconstruction converged", "reconstruction did not converge", "nothing was reconstructed, so there is no convergence to check"},
		{m.Checks.Integrity, "no sign of tampering", "signs of tampering", "signs of tampering were not looked for: that takes a reconstruction"},
	} {
		line := "✓ " + c.passed
		switch {
		case !c.OK:
			line = "✗ " + c.failed
		case c.Reason == "" && c.unmade != "" && unreconstructed(m) != "":
			line = "– " + c.unmade
		}
		if c.Reason != "" {
			line += ": " + c.Reason
		}
		out.CheckLines = append(out.CheckLines, line)
	}
	if m.Checks.Misstated != "" {
		out.CheckLines = append(out.CheckLines, "✗ what was stated of it is not so: "+m.Checks.Misstated)
	}
	return out
}

// number writes a value for people: two significant digits.
func number(v float64) string { return fmt.Sprintf("%.2g", v) }

func capitalised(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// short names a model file by its last element and the start of its digest.
func short(m Model) string {
	name := filepath.Base(m.Path)
	if len(m.SHA256) >= 8 {
		name += " (" + m.SHA256[:8] + ")"
	}
	return name
}
