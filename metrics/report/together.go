package report

import (
	"fmt"
	"strings"

	"unlearnguard/metrics"
)

// A groupSection is what the samples show together, in words and as a plot.
type groupSection struct {
	*metrics.Together
	// Tested: there are tests and a plot; otherwise the reason says why not.
	Tested bool
	Plot   *figure
	Tests  []groupTest
	// Facts are the tests and bounds in words.
	Facts []fact
	// Least is the smallest p-value that there can be.
	Least string
	// OnControls says whether the controls give absence a meaning.
	OnControls string
	// Apart says that the verdict on the request is another one, or is empty.
	Apart string
}

// A groupTest is one test of the samples as a group.
type groupTest struct{ Model, Title, Tail, PValue string }

// A fact is a name and what is said of it.
type fact struct{ Name, Text string }

// together lays out what the samples show as a group; nil where nothing was asked about that.
func (r *Report) together() (*groupSection, error) {
	t := r.Decision.Together
	if t == nil {
		return nil, nil
	}
	g := &groupSection{Together: t, Tested: len(t.After) > 0, Least: number(1 / float64(r.Decision.Parameters.Draws+1)), OnControls: r.onControls(t)}
	if t.Verdict != r.Summary.Verdict {
		g.Apart = fmt.Sprintf("The verdict on the request is %s: it also weighs the samples one by one and the checks of the two files.", r.Summary.Verdict)
	}
	if !g.Tested {
		return g, nil
	}
	g.Tests = append(g.Tests, r.groupTest("before", metrics.GroupTail{Statistic: t.Statistic, PValue: t.Before}))
	for _, x := range t.After {
		g.Tests = append(g.Tests, r.groupTest("after", x))
	}
	g.Facts = r.groupFacts(t)
	var err error
	g.Plot, err = r.groupPlot(t)
	return g, err
}

func (r *Report) groupTest(model string, x metrics.GroupTail) groupTest {
	out := groupTest{Model: model, Title: x.Statistic, Tail: "above", PValue: number(x.PValue)}
	if x.Below {
		out.Tail = "below, as relabelled samples do"
	}
	switch s := r.statistic(x.Statistic); {
	case s != nil:
		out.Title += ": " + s.Title
	case x.Version != "":
		out.Title += ": " + x.Version
	}
	return out
}

// statistic finds a statistic by its name; nil for none.
func (r *Report) statistic(name string) *metrics.StatisticSummary {
	for k := range r.Decision.Statistics {
		if r.Decision.Statistics[k].Name == name {
			return &r.Decision.Statistics[k]
		}
	}
	return nil
}

func (r *Report) groupFacts(t *metrics.Together) []fact {
	out := []fact{
		{"To forget, before", "p = " + number(t.Before)},
		{"To forget, after", fmt.Sprintf("p = %s (the smallest of %d tests, times %d)", number(t.AfterPValue), len(t.After), len(t.After))},
		{"Controls", r.controlsTogether(t)},
		{"Can have been kept", r.keptAtMost(t)},
	}
	if t.KeptAtLeast > 0 {
		out = append(out, fact{"Still there", fmt.Sprintf("at least %d of the %d samples (95 %% confidence)", t.KeptAtLeast, t.Samples)})
	}
	out = append(out, fact{"Would have been noticed", r.noticed(t)})
	if c := r.Copies; c != nil {
		by := "by the layers' answers"
		if c.Pictures != nil {
			by += " and by the likeness to what was reconstructed"
		}
		out = append(out, fact{"Altered copies", fmt.Sprintf("looked for in %d versions of each sample in the model after, %s: shifted, flipped, turned, scaled, inverted, cut, and in the form that fits each best; copies that were altered otherwise are not looked for", len(c.Versions), by)})
	}
	if l := r.Lineage; l != nil {
		out = append(out, fact{"Descent of the model after", l.Reason})
	}
	return out
}

func (r *Report) controlsTogether(t *metrics.Together) string {
	if r.Decision.Controls.Count == 0 {
		return "none were given"
	}
	return fmt.Sprintf("p = %s before, p = %s after", number(t.ControlsBefore), number(t.ControlsAfter))
}

func (r *Report) keptAtMost(t *metrics.Together) string {
	if r.Decision.Controls.Count == 0 || len(t.After) == 0 {
		return "any number: it takes controls to know"
	}
	switch {
	case t.AfterPValue <= r.Decision.Parameters.Level:
		return "they show in the model after"
	case t.NoticedFrom == 0:
		return "any number: the audit would not notice"
	}
	return fmt.Sprintf("at most %d of the %d samples, if kept ones score as the controls do (95 %% confidence)", t.KeptAtMost, t.Samples)
}

func (r *Report) noticed(t *metrics.Together) string {
	switch {
	case r.Decision.Controls.Count == 0:
		return "not known: it takes controls to know"
	case t.NoticedFrom == 0:
		return fmt.Sprintf("not even all %d kept samples with a probability of 95 %%", t.Samples)
	}
	return fmt.Sprintf("from %d kept samples on, with a probability of 95 %%", t.NoticedFrom)
}

// inEvidence reports whether the controls are plainly in evidence in both models.
func inEvidence(t *metrics.Together) bool {
	return t.ControlsBefore <= metrics.RequestLevel && t.ControlsAfter <= metrics.RequestLevel
}

func (r *Report) onControls(t *metrics.Together) string {
	switch {
	case len(t.After) == 0:
		return ""
	case r.Decision.Controls.Count == 0:
		return "No controls were given here, so absence would say nothing."
	case !inEvidence(t):
		return "Here they are not plainly in evidence in both models, so absence would say nothing."
	}
	return "Here they are in evidence in both models."
}

// groupPlot shows the scores that the tests add up, in both models on one axis.
func (r *Report) groupPlot(t *metrics.Together) (*figure, error) {
	s := r.statistic(t.Statistic)
	if s == nil {
		return nil, nil
	}
	m := r.measureOf(*s)
	m.axis, m.means = t.Statistic+" score", true
	f, err := r.figure("The "+t.Statistic+" score in the model before and in the model after", "", m)
	return &f, err
}

// asked puts in words what was found of the samples one by one, and together.
func (r *Report) asked() string {
	s := r.Summary
	out := fmt.Sprintf("%d retained, %d unlearned, %d inconclusive", s.Retained, s.Unlearned, s.Inconclusive)
	if t := r.Decision.Together; t != nil {
		out = fmt.Sprintf("one by one: %s; together: %s", out, t.Verdict)
	}
	return out
}

// controls puts in words what was found of the controls.
func (r *Report) controls() string {
	c, t := r.Decision.Controls, r.Decision.Together
	if c.Count == 0 {
		return "none"
	}
	found := "recoverable from"
	if r.unreconstructed() != "" {
		found = "in evidence in"
	}
	out := fmt.Sprintf("%d of %d %s both models", c.Both, c.Count, found)
	if t == nil || len(t.After) == 0 {
		return out
	}
	return fmt.Sprintf("one by one: %s; together: %s", out, r.controlsTogether(t))
}

// vectors reports whether the inputs are no images: there are no pictures, and nothing is said to be nearest to any of them.
func (r *Report) vectors() bool {
	if r.unreconstructed() == "" || len(r.Pictures) > 0 {
		return false
	}
	for _, s := range r.Samples {
		if s.Before.Nearest != nil {
			return false
		}
	}
	return true
}

// notSaidOfGroup lists what a verdict on the samples as a group does not mean.
func (r *Report) notSaidOfGroup() []string {
	t := r.Decision.Together
	if t == nil || t.Verdict != r.Summary.Verdict {
		return nil
	}
	switch {
	case t.Verdict == metrics.Unlearned && 2*r.Summary.Unlearned < t.Samples:
		bound := fmt.Sprintf("It is about the samples as a group and not about any single one. With 95 %% confidence at most %d of the %d were kept", t.KeptAtMost, t.Samples)
		if t.KeptAtMost > 0 {
			bound += "; it does not say that none was"
		}
		return []string{bound + ".",
			"It takes it that the controls were trained on as the samples to forget were."}
	case t.Verdict == metrics.Retained && r.Summary.Retained == 0:
		return []string{"It is about the samples as a group: it does not name those that are still there."}
	}
	return nil
}

// weight is a statistic's share in the score of single samples, in words.
func (r *Report) weight(s metrics.StatisticSummary, share float64, noPower string) string {
	switch {
	case noPower != "":
		return "no part"
	case s.Use == metrics.AsGuard:
		return "guard"
	case s.Use == metrics.AsLayer:
		return "one layer"
	case s.Use == metrics.ForRequest:
		return "samples together"
	}
	return percent(share)
}

// A statisticRow is one statistic in the table of how it was decided.
type statisticRow struct {
	metrics.StatisticSummary
	BeforeText, AfterText string
}

func (r *Report) statisticRows() (rows []statisticRow, guards string) {
	var names []string
	for _, s := range r.Decision.Statistics {
		rows = append(rows, statisticRow{s, r.weight(s, s.WeightBefore, s.NoPowerBefore), r.weight(s, s.WeightAfter, s.NoPowerAfter)})
		if s.Use == metrics.AsGuard {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return rows, ""
	}
	return rows, fmt.Sprintf("Guards (%s) only ever count as evidence that samples are still there. That they show nothing counts for nothing.", strings.Join(names, ", "))
}
