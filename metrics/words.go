package metrics

import (
	"fmt"
	"math"
	"strings"
)

// This file puts decisions into words. Every sentence is for a reader who knows neither statistics nor networks, and
// carries the number that it rests on.

// ofKnown rewords sentences about recovery for known images, which are not recovered but in evidence. A new sentence about recovery
// needs a pair here, and a row in TestOfKnown.
var ofKnown = strings.NewReplacer(
	"the one sample could be recovered from", "the one sample was in evidence in", "it no longer can be recovered from", "it no longer is in evidence in",
	"each of them can be recovered more closely", "each of them is in evidence more strongly",
	"it can be recovered more closely", "it is in evidence more strongly",
	"recoverable from", "in evidence in",
	"could be recovered from", "were in evidence in", "can be recovered from", "are in evidence in",
	"could be recovered before", "were in evidence before", "still can be", "still are",
	"can still be recovered", "are still in evidence", "Of the controls recoverable before", "Of the controls in evidence before",
	"a failure to recover", "absence", "From either model", "By either model", "cannot be recovered", "is not in evidence",
)

// reworded rewords the decision for known images where nothing was reconstructed.
func (a *audit) reworded() {
	if !a.judgesKnown() {
		return
	}
	for _, text := range []*string{&a.Summary.Reason, &a.Summary.Statistic, &a.Controls.Failed} {
		*text = ofKnown.Replace(*text)
	}
	for i := range a.Samples {
		a.Samples[i].Reason = ofKnown.Replace(a.Samples[i].Reason)
	}
	for i := range a.Notes {
		a.Notes[i] = ofKnown.Replace(a.Notes[i])
	}
}

// probability writes a p-value with two significant digits.
func probability(p float64) string { return fmt.Sprintf("p = %.2g", p) }

// chance writes a probability for people, who should not read 1 or 0 where it was only estimated.
func chance(p float64) string {
	switch {
	case p > 0.99:
		return "over 0.99"
	case p < 0.01:
		return "under 0.01"
	}
	return fmt.Sprintf("%.2f", p)
}

// plural is "1 sample", "3 samples".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ofAll is "2 of the 3 samples", "all 3 samples", "both samples", "the one sample", for some of them.
func ofAll(k, n int, noun string) string {
	switch {
	case n == 1 && k == 1:
		return "the one " + noun
	case k == n && n == 2:
		return "both " + noun + "s"
	case k == n:
		return fmt.Sprintf("all %d %ss", n, noun)
	}
	return fmt.Sprintf("%d of the %d %ss", k, n, noun)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// troubles lists the checks that either model did not pass. Whether the reconstruction explains the parameters
// counts only without reference images: with them, the controls show whether samples can be recovered.
func (a *audit) troubles() []string {
	fixed := a.Method == FixedThreshold
	var out []string
	if a.in.Incomparable != "" {
		out = append(out, a.in.Incomparable)
	}
	if l := a.in.Lineage; l != nil && l.Relation == "same" {
		out = append(out, "the model after is the model before: "+l.Reason)
	}
	out = append(out, a.in.Before.troubles("before", fixed)...)
	return append(out, a.in.After.troubles("after", fixed)...)
}

func (d Diagnosis) troubles(model string, convergence bool) []string {
	if !convergence {
		d.Convergence = Check{OK: true}
	}
	var out []string
	for _, c := range []struct {
		Check
		failed, passed string
	}{
		{d.Scope, "is out of the method's scope", "is in the method's scope"},
		{d.Convergence, "was not explained by its reconstruction", "was explained by its reconstruction"},
		{d.Integrity, "shows signs of tampering", "was tampered with"},
	} {
		switch {
		case c.OK:
		case c.Reason == "":
			out = append(out, fmt.Sprintf("it was not checked whether the model %s %s", model, c.passed))
		default:
			out = append(out, fmt.Sprintf("the model %s %s (%s)", model, c.failed, c.Reason))
		}
	}
	return append(out, d.misstatement(model)...)
}

// misstatement says what was stated of a model and is not so, in at most one phrase.
func (d Diagnosis) misstatement(model string) []string {
	if d.Misstated == "" {
		return nil
	}
	return []string{fmt.Sprintf("what was stated of the model %s is not so (%s)", model, d.Misstated)}
}

// failure says why the controls cannot support a verdict of unlearned, or is empty.
func (c Controls) failure() string {
	switch {
	case c.Count == 0:
		return "no controls were given, that is, samples that were to stay in the model; without them a failure to recover can have any cause"
	case c.Before < c.Needed:
		return fmt.Sprintf("of %s only %d could be recovered from the model before, and %d are needed to give a failure to recover its meaning",
			plural(c.Count, "control"), c.Before, c.Needed)
	case c.Rate < c.RateNeeded:
		return fmt.Sprintf("of %s that could be recovered from the model before only %d still can be, and %.0f %% are needed to trust that a kept sample would be found",
			plural(c.Before, "control"), c.Both, 100*c.RateNeeded)
	}
	return ""
}

// strength is the evidence for a sample in a model: its p-value, or its SSIM.
func (a *audit) strength(e Evidence) string {
	if a.Method == FixedThreshold {
		return fmt.Sprintf("SSIM %.2f, threshold %.2g", e.Score, a.Options.Tau)
	}
	return probability(e.PValue)
}

// by names the statistic that gave the strongest evidence.
func (a *audit) by(e Evidence) string {
	if e.Decisive < 0 {
		return ""
	}
	return a.in.Statistics[e.Decisive].Title
}

// referencesFor is the size of the null that a sample of the given role is compared with.
func (a *audit) referencesFor(r Role) int {
	if r == Forget && a.ClassReferences > 0 {
		return a.ClassReferences
	}
	return a.References
}

// asHigh is "12 of 400 images never trained on score as high".
func (a *audit) asHigh(s *SampleDecision, e Evidence) string {
	k := a.referencesFor(s.Role)
	n := asMany(e.PValue, k)
	if n == 0 {
		return fmt.Sprintf("none of %d images never trained on scores as high", k)
	}
	return fmt.Sprintf("%d of %d images never trained on score as high", n, k)
}

func (a *audit) notRecoverableBefore(s *SampleDecision) string {
	reason := a.whyNotRecoverable(s)
	if s.After.Recoverable {
		reason += fmt.Sprintf("; the model after does show evidence of it (%s)", a.strength(s.After))
	}
	return reason
}

func (a *audit) whyNotRecoverable(s *SampleDecision) string {
	k := a.referencesFor(s.Role)
	smallest := 1 / float64(k+1)
	switch {
	case a.Method == FixedThreshold:
		return fmt.Sprintf("not recoverable from the model before (%s), so its absence from the model after would say nothing", a.strength(s.Before))
	case s.Before.Decisive < 0:
		return "no statistic can tell anything of the model before: " + a.powerless(func(st Statistic) Scores { return st.Before })
	case k < referencesNeeded(a.Options.Level):
		return fmt.Sprintf("with %s no p-value can be under %.2g, and the level is %.2g: at least %d are needed",
			plural(k, "reference image"), smallest, a.Options.Level, referencesNeeded(a.Options.Level))
	case s.Before.PValue <= a.Options.Level:
		return fmt.Sprintf("the evidence in the model before (%s) is not enough for one of %d samples at level %.2g: more reference images than %d may settle it",
			probability(s.Before.PValue), a.queried(s.Role), a.Options.Level, k)
	}
	return fmt.Sprintf("not recoverable from the model before (%s: %s), so its absence from the model after would say nothing",
		probability(s.Before.PValue), a.asHigh(s, s.Before))
}

func (a *audit) queried(r Role) int {
	if r == Forget {
		return len(a.forget)
	}
	return len(a.retain)
}

// powerless lists why no statistic has power for a model.
func (a *audit) powerless(of func(Statistic) Scores) string {
	var out []string
	for _, s := range a.in.Statistics {
		if reason := of(s).NoPower; reason != "" {
			out = append(out, s.Title+": "+reason)
		}
	}
	return strings.Join(out, "; ")
}

func (a *audit) recoverableFromBoth(s *SampleDecision) string {
	out := fmt.Sprintf("recoverable from the model before (%s) and from the model after (%s", a.strength(s.Before), a.strength(s.After))
	if a.Method == Conformal {
		out += ": " + a.asHigh(s, s.After)
	}
	return out + "), most clearly by the " + a.by(s.After)
}

// shownAfter names the statistic that shows a sample by itself.
func (a *audit) shownAfter(s *SampleDecision) string {
	by, least := "", 1.0
	for k, st := range a.in.Statistics {
		if p := s.After.PValues[k]; st.Use == ForRetained && p <= least {
			by, least = st.Title, p
		}
	}
	return fmt.Sprintf("shown to be in the model after (%s) by the %s, which relies on what that party supplied", probability(least), by)
}

func (a *audit) controlLost(s *SampleDecision) string {
	return fmt.Sprintf("a control that was recoverable from the model before (%s) and is not from the model after (%s)",
		a.strength(s.Before), a.strength(s.After))
}

func (a *audit) borderline(s *SampleDecision) string {
	if s.After.Decisive < 0 {
		return "no statistic can tell anything of the model after: " + a.powerless(func(st Statistic) Scores { return st.After })
	}
	if s.After.Recoverable {
		return fmt.Sprintf("recoverable from the model before (%s); the model after shows more evidence of it than chance allows in one audit (%s: %s), but not more than occurs by chance in one of many",
			a.strength(s.Before), a.strength(s.After), a.asHigh(s, s.After))
	}
	if s.After.Guarded {
		return fmt.Sprintf("recoverable from the model before (%s), not as it is from the model after (%s), which proves nothing here: %s", a.strength(s.Before), a.strength(s.After), a.guard(s))
	}
	return fmt.Sprintf("recoverable from the model before (%s); the model after shows more evidence of it than of most images never trained on (%s: %s), but not enough to say that it is still there",
		a.strength(s.Before), a.strength(s.After), a.asHigh(s, s.After))
}

// guard names what shows that a sample may be there.
func (a *audit) guard(s *SampleDecision) string {
	for k, i := range a.forget {
		if &a.Samples[i] == s && len(a.copied) > 0 && a.copied[k] {
			return "the model's answer to a copy of it, " + a.in.Copies.Best[k] + ", differs from that to such copies of images never trained on"
		}
	}
	for k, st := range a.in.Statistics {
		if st.Use == AsGuard && s.After.PValues[k] <= guardLevel {
			return fmt.Sprintf("it is in evidence by the %s (%s)", st.Title, probability(s.After.PValues[k]))
		}
	}
	return "it scores far below images never trained on, as relabelled samples do"
}

// provesNothing says why a sample that cannot be recovered from the model after is not called unlearned.
func (a *audit) provesNothing(because string) string {
	return "not recoverable from the model after, which proves nothing here: " + because
}

func (a *audit) mayHaveBeenKept(s *SampleDecision) string {
	matched := a.matchedControls(s)
	lost := 0
	for _, i := range matched {
		lost += count(a.Samples[i].After.Absent)
	}
	out := fmt.Sprintf("of %s like it, samples that were kept, %s as absent", plural(len(matched), "control"), looks(lost))
	if others := a.othersFound(); others > 0 {
		out += fmt.Sprintf(", and %s of the same request can still be recovered", plural(others, "sample"))
	}
	return out + fmt.Sprintf(", so that it may have been kept and missed with a probability of %.2g", s.KeptProbability)
}

// looks is "none looks", "1 looks", "3 look".
func looks(n int) string {
	switch n {
	case 0:
		return "none looks"
	case 1:
		return "1 looks"
	}
	return fmt.Sprintf("%d look", n)
}

func (a *audit) othersFound() int {
	n := 0
	for _, i := range a.forget {
		n += count(a.Samples[i].Before.Recoverable && a.Samples[i].After.Recoverable)
	}
	return n
}

// asMany turns a conformal p-value back into the number of images that score as high.
func asMany(p float64, n int) int { return int(math.Round(p*float64(n+1))) - 1 }

func (a *audit) notRecoverableAfter(s *SampleDecision) string {
	after := a.strength(s.After)
	if a.Method == Conformal {
		after += ": " + a.asHigh(s, s.After)
	}
	return fmt.Sprintf("recoverable from the model before (%s), not from the model after (%s), while %d of %d controls still are; probability that it was kept and missed: %.2g",
		a.strength(s.Before), after, a.Controls.Both, a.Controls.Before, s.KeptProbability)
}
