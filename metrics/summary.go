package metrics

import (
	"fmt"
	"strings"
)

// summarise gives the verdict on the request, says which statistic decided, and adds what a reader must know.
func (a *audit) summarise() {
	s := &a.Summary
	for _, i := range a.forget {
		s.Unlearned += count(a.Samples[i].Verdict == Unlearned)
		s.Retained += count(a.Samples[i].Verdict == Retained)
		s.Inconclusive += count(a.Samples[i].Verdict == Inconclusive)
	}
	s.Verdict, s.Reason = a.overall()
	a.Statistics = a.statistics()
	s.Statistic = a.whichDecided()
	a.Notes = a.notes()
}

// overall is the verdict on the request and its reason in two sentences. One retained sample is a request not honoured, and
// so are samples that are in evidence together. A request is honoured when at least half of its samples are unlearned, or
// [Together] says so, when none is retained, and when together they show no more evidence than as many images never trained
// on.
func (a *audit) overall() (Verdict, string) {
	switch {
	case a.Summary.Retained > 0:
		return Retained, a.requestNotHonoured()
	case a.Together != nil && a.Together.Verdict == Retained:
		return Retained, fmt.Sprintf("The model after still holds samples that the request says must go, though no single one can be named. %s.",
			capital(a.Together.Reason))
	case a.groupShows() || a.togetherBlocks() != nil:
	case a.Summary.Unlearned > 0 && float64(a.Summary.Unlearned) >= unlearnedShare*float64(len(a.forget)):
		return Unlearned, a.requestHonoured()
	case a.Together != nil && a.Together.Verdict == Unlearned && len(a.Troubles) == 0:
		return Unlearned, "The request was honoured, as far as its samples show as a group. " + capital(a.Together.Reason) + "."
	}
	return Inconclusive, "The evidence does not show whether the request was honoured. " + capital(strings.Join(append(a.unexplained(), a.whyInconclusive()), "; ")) + "."
}

// unexplained names the models whose reconstruction explains too little to be a check. The controls decide there, and this
// helps to understand why they fail.
func (a *audit) unexplained() []string {
	if a.Method == FixedThreshold || a.Controls.Failed == "" {
		return nil // a trouble then, or nothing that needs an explanation
	}
	of := func(d Diagnosis) Diagnosis {
		return Diagnosis{Scope: Check{OK: true}, Convergence: d.Convergence, Integrity: Check{OK: true}}
	}
	return append(of(a.in.Before).troubles("before", true), of(a.in.After).troubles("after", true)...)
}

func (a *audit) groupShows() bool { return a.Group != nil && a.Group.PValue <= a.groupLevel() }

func (a *audit) groupEvidence() string {
	return fmt.Sprintf("taken together the samples show more evidence in the model after than as many images never trained on would (%s)", probability(a.Group.PValue))
}

func (a *audit) requestNotHonoured() string {
	n := a.Summary.Retained
	first := fmt.Sprintf("The model after still holds %s that the request says must go", ofAll(n, len(a.forget), "sample"))
	it := "it"
	if n > 1 {
		it = "each of them"
	}
	if a.Method == FixedThreshold {
		return fmt.Sprintf("%s. What can be recovered from either model resembles %s to an SSIM of at least %.2g, but how often that happens by chance is not known.",
			first, it, a.Options.Tau)
	}
	for i := range a.Samples {
		if s := &a.Samples[i]; s.Verdict == Retained && s.After.Shown {
			return fmt.Sprintf("%s. The first is %s.", first, a.shownAfter(s))
		}
	}
	return fmt.Sprintf("%s. From either model %s can be recovered more closely than chance allows, as measured on %d images of the same kind that were never trained on.",
		first, it, a.referencesFor(Forget))
}

func (a *audit) requestHonoured() string {
	before := a.recoverableBefore()
	first := fmt.Sprintf("Of the samples that the request says must go, %s could be recovered from the model before, and %s can be recovered from the model after",
		ofAll(before, len(a.forget), "sample"), noneOf(before))
	if left := a.Summary.Inconclusive; left > 0 {
		first += fmt.Sprintf("; taken one by one, %d count as unlearned and %d as inconclusive", a.Summary.Unlearned, left)
	}
	if a.judgesKnown() && a.goneTogether() {
		return fmt.Sprintf("%s. Of the %d controls, samples that were to stay, %d could be recovered before and %d of these still can be; if kept samples score as these do, at most %d of the %d samples can have been kept (95 %% confidence).",
			first, a.Controls.Count, a.Controls.Before, a.Controls.Both, a.Together.KeptAtMost, a.Together.Samples)
	}
	found := "likely"
	if a.Controls.RateAtLeast >= veryLikely {
		found = "very likely"
	}
	return fmt.Sprintf("%s. Of the %d controls, samples that were to stay, %d could be recovered before and %d of these still can be, so a sample that had been kept would %s have been found.",
		first, a.Controls.Count, a.Controls.Before, a.Controls.Both, found)
}

func (a *audit) recoverableBefore() int {
	n := 0
	for _, i := range a.forget {
		n += count(a.Samples[i].Before.Recoverable)
	}
	return n
}

func noneOf(n int) string {
	if n == 1 {
		return "it no longer"
	}
	return "none of them"
}

// whyInconclusive names the first rule that was not met.
func (a *audit) whyInconclusive() string {
	switch {
	case a.in.Incomparable != "":
		return a.in.Incomparable
	case len(a.misstatements()) > 0:
		return strings.Join(a.misstatements(), "; ")
	case a.Together != nil && len(a.Troubles) == 0 && a.Summary.Unlearned == 0 && a.Together.Verdict == Inconclusive:
		return a.Together.Reason
	case a.recoverableBefore() == 0 && len(a.Troubles) > 0 && a.Method == FixedThreshold:
		return strings.Join(a.Troubles, "; ")
	case a.recoverableBefore() == 0:
		return a.whyNotOneRecoverable()
	case a.Method == Conformal && a.after.all == nil:
		return "no statistic can tell anything of the model after: " + a.powerless(func(s Statistic) Scores { return s.After })
	case len(a.Troubles) > 0:
		return strings.Join(a.Troubles, "; ")
	case a.Controls.Failed != "":
		return a.Controls.Failed
	case a.togetherBlocks() != nil:
		return "taken together the samples show more in the model after than never-trained images do: " + a.togetherBlocks().words()
	case a.groupShows():
		return a.groupEvidence() + ", though no single one can be said to be still there"
	}
	return a.whyTooFew()
}

func (a *audit) misstatements() []string {
	return append(a.in.Before.misstatement("before"), a.in.After.misstatement("after")...)
}

// whyTooFew counts what kept samples from being called unlearned, one by one.
func (a *audit) whyTooFew() string {
	never, traces, missed := 0, 0, 0
	for _, i := range a.forget {
		switch s := a.Samples[i]; {
		case s.Verdict == Unlearned:
		case !s.Before.Recoverable:
			never++
		case !s.After.Absent:
			traces++
		default:
			missed++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{never, "could not be recovered from the model before"},
		{traces, "left a trace in the model after that is too weak to call"},
		{missed, "may have been kept and missed"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	gone := "none"
	if a.Summary.Unlearned > 0 {
		gone = fmt.Sprintf("only %d", a.Summary.Unlearned)
	}
	return fmt.Sprintf("of the %s %s can be said to be gone; of the others, %s",
		plural(len(a.forget), "sample"), gone, strings.Join(parts, ", "))
}

func (a *audit) whyNotOneRecoverable() string {
	s := &a.Samples[a.forget[0]]
	if a.Method == Conformal && (s.Before.Decisive < 0 || a.referencesFor(Forget) < referencesNeeded(a.Options.Level)) {
		return a.whyNotRecoverable(s)
	}
	which := "the sample could not"
	if n := len(a.forget); n > 1 {
		which = fmt.Sprintf("none of the %d samples could", n)
	}
	return which + " be recovered from the model before, so absence from the model after would say nothing"
}

// statistics says how each statistic did on the controls.
func (a *audit) statistics() []StatisticSummary {
	var out []StatisticSummary
	for k, st := range a.in.Statistics {
		s := StatisticSummary{Name: st.Name, Title: st.Title, Distance: st.Distance, Use: st.Use, NoPowerBefore: st.Before.NoPower, NoPowerAfter: st.After.NoPower}
		if a.weightsBefore != nil {
			s.WeightBefore = a.weightsBefore[k]
		}
		if a.weightsAfter != nil {
			s.WeightAfter = a.weightsAfter[k]
		}
		for _, i := range a.forget {
			s.Decisive += count(a.Samples[i].Before.Decisive == k)
		}
		for _, i := range a.retain {
			s.ControlsBefore += count(a.shows(a.Samples[i].Before, k))
			s.ControlsAfter += count(a.shows(a.Samples[i].After, k))
		}
		out = append(out, s)
	}
	return out
}

// shows reports whether one statistic by itself is evidence of the sample.
func (a *audit) shows(e Evidence, statistic int) bool {
	if a.Method == FixedThreshold {
		return statistic == a.in.ssim() && e.Scores[statistic] >= a.Options.Tau
	}
	return e.PValues[statistic] <= a.Options.Level
}

// whichDecided names the statistic that was most often the strongest evidence in the model before, and why it was.
func (a *audit) whichDecided() string {
	if a.Method == FixedThreshold {
		return fmt.Sprintf("Decided by the %s against a fixed threshold of %.2g, since no reference images were given.",
			a.in.Statistics[a.in.ssim()].Title, a.Options.Tau)
	}
	best := -1
	for k, s := range a.Statistics {
		if s.Decisive > 0 && (best < 0 || s.Decisive > a.Statistics[best].Decisive) {
			best = k
		}
	}
	if best < 0 {
		return "No statistic can tell anything of the model before."
	}
	st := a.Statistics[best]
	out := "Each sample was judged by the statistic that is highest above the reference images"
	if a.weightsBefore != nil {
		out = "The statistics were combined with the weights that best separate the controls from the reference images"
	}
	out += fmt.Sprintf(". For %s the %s weighed most", ofAll(st.Decisive, len(a.forget), "sample"), st.Title)
	if n := len(a.retain); n > 0 {
		out += fmt.Sprintf(": taken alone, it recognises %d of %s in the model before and %d in the model after",
			st.ControlsBefore, plural(n, "control"), st.ControlsAfter)
	}
	for _, s := range a.Statistics {
		for _, left := range []struct{ model, reason string }{{"before", s.NoPowerBefore}, {"after", s.NoPowerAfter}} {
			if left.reason != "" {
				out += fmt.Sprintf(". The %s took no part for the model %s: %s", s.Title, left.model, left.reason)
			}
		}
	}
	return out + "."
}

// notes lists what a reader must know to weigh the verdict.
func (a *audit) notes() []string {
	var out []string
	add := func(format string, values ...any) { out = append(out, fmt.Sprintf(format, values...)) }
	if a.Method == FixedThreshold {
		add("No reference images were given, so the paper's fixed threshold was used (SSIM %.2g). Its error rate is unknown: on handwritten digits a third to a half of all images that were never trained on pass 0.4.", a.Options.Tau)
	} else {
		a.noteReferences(add)
	}
	if len(a.Troubles) > 0 {
		add("%s. Where this is so, nothing is ever called unlearned.", capital(strings.Join(a.Troubles, "; ")))
	}
	for _, m := range []struct {
		name string
		Check
	}{{"before", a.in.Before.Convergence}, {"after", a.in.After.Convergence}} {
		if !m.OK && m.Reason != "" && a.Method == Conformal {
			add("The model %s was not explained by its reconstruction: %s. The controls show what can be recovered all the same.", m.name, m.Reason)
		}
	}
	a.noteControls(add)
	if l := a.in.Lineage; l != nil {
		add("%s.", capital(l.Reason))
		if a.fromBefore() {
			add("The model after is not known to be trained from another start. Then the samples must also be absent from each layer by itself and by their loss.")
		}
	}
	return out
}

func (a *audit) noteReferences(add func(string, ...any)) {
	m, k := len(a.forget), a.referencesFor(Forget)
	if a.Options.Request == ClassLevel {
		if a.ClassReferences > 0 {
			add("The request is for a whole class, so its samples are compared with the %d reference images of that class.", k)
		} else {
			add("The request is for a whole class, but there are too few reference images of it (at least %d are needed): all were used, and an unusual class may make the p-values too small or too large.", referencesNeeded(a.Options.Level))
		}
	}
	// One sample alone is noticed if 1/(K+1) <= level/m; together, k of them if 1/(K+1) <= k level/m.
	if alone := referencesNeeded(a.Options.Level / float64(m)); k < alone && k >= referencesNeeded(a.Options.Level) {
		add("With %d reference images a single kept sample among %d cannot be told from chance; that takes at least %d.", k, m, alone)
	}
	add("If no sample had been in either model, the chance of calling any of them retained would be at most %.0f %%.", 100*a.Options.Level)
}

func (a *audit) noteControls(add func(string, ...any)) {
	c := a.Controls
	if c.Before > 0 && a.Method == Conformal {
		add("Of the controls recoverable before, %d of %d still are: with 95 %% confidence a kept sample would have been found with a probability of at least %.2f.", c.Both, c.Before, c.RateAtLeast)
	}
	if p := a.Power; p != nil {
		if p.Kept == 0 {
			add("Even if every sample of the request had been kept, this audit would have noticed it with a probability of only %s.", chance(p.Noticed))
		} else {
			add("If %s of the request had been kept, this audit would have noticed at least one with a probability of %s.", ofAll(p.Kept, p.Samples, "sample"), chance(p.Noticed))
		}
	}
}
