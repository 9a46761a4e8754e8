package metrics

import (
	"math"
	"strings"
)

// Decide says of every sample of an audit whether it is still in the model after, and of the request as a whole whether
// it was honoured. The package comment states the rules. It fails on evidence that is incomplete or not finite; the
// error names the statistic and the sample.
func Decide(in Input, opts Options) (Decision, error) {
	if err := opts.validate(); err != nil {
		return Decision{}, err
	}
	if err := in.validate(); err != nil {
		return Decision{}, err
	}
	a := newAudit(in, opts.WithDefaults())
	a.weigh()
	a.detect()
	a.compareLosses()
	a.checkControls()
	a.together()
	a.test()
	a.judge()
	a.summarise()
	a.reworded()
	return a.Decision, nil
}

// An audit is a decision in the making. Its methods are its steps, in the order in which Decide calls them.
type audit struct {
	Decision
	in             Input
	forget, retain []int // indices of the samples of either role
	before, after  side
	// copied has one entry a sample to forget: an altered copy of it keeps it from counting as absent. Nil without copies.
	copied []bool
	// weightsBefore and weightsAfter are the shares of the statistics in the combined score, one a statistic; nil
	// where they were not taken from controls.
	weightsBefore, weightsAfter []float64
}

func newAudit(in Input, opts Options) *audit {
	a := &audit{in: in}
	a.Method = Conformal
	a.References = len(in.Statistics[0].Before.Null)
	if a.References == 0 {
		a.Method = FixedThreshold
	}
	for i, s := range in.Samples {
		if s.Role == Forget {
			a.forget = append(a.forget, i)
		} else {
			a.retain = append(a.retain, i)
		}
		a.Samples = append(a.Samples, SampleDecision{Sample: s, KeptProbability: 1})
	}
	if opts.Request == "" {
		opts.Request = a.requestKind()
	}
	a.Options = opts
	class := a.classReferences()
	a.ClassReferences = len(class)
	a.before = a.newSide(func(s Statistic) Scores { return s.Before }, class)
	a.after = a.newSide(func(s Statistic) Scores { return s.After }, class)
	return a
}

// requestKind recognises a class-level request by its labels.
func (a *audit) requestKind() RequestKind {
	label := a.in.Samples[a.forget[0]].Label
	if label < 0 || len(a.forget) < 2 || len(a.retain) < 2 {
		return SampleLevel
	}
	for _, s := range a.in.Samples {
		if (s.Label == label) != (s.Role == Forget) {
			return SampleLevel
		}
	}
	return ClassLevel
}

// classReferences lists the reference images of the class to forget, if the request is for a class and they are enough
// to reach the level.
func (a *audit) classReferences() []int {
	if a.Options.Request != ClassLevel {
		return nil
	}
	var out []int
	for i, l := range a.in.ReferenceLabels {
		if l == a.in.Samples[a.forget[0]].Label {
			out = append(out, i)
		}
	}
	if len(out) < referencesNeeded(a.Options.Level) {
		return nil
	}
	return out
}

// referencesNeeded is the least number of reference images with which a p-value can be as small as level.
func referencesNeeded(level float64) int { return int(math.Ceil(1/level-1e-9)) - 1 }

// checkControls counts what became of the controls, and says why they do not support a verdict of unlearned.
func (a *audit) checkControls() {
	c := Controls{Count: len(a.retain), Needed: a.Options.MinControls, RateNeeded: a.Options.ControlRate}
	for _, i := range a.retain {
		s := a.Samples[i]
		c.Before += count(s.Before.Recoverable)
		c.After += count(s.After.Recoverable)
		c.Both += count(s.Before.Recoverable && s.After.Recoverable)
	}
	if c.Before > 0 {
		c.Rate = float64(c.Both) / float64(c.Before)
		c.RateAtLeast = rateAtLeast(c.Both, c.Before)
	}
	c.Failed = c.failure()
	a.Controls = c
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rounding is what a probability may exceed the level by and still be equal to it.
const rounding = 1e-9

// judge gives every sample its verdict.
func (a *audit) judge() {
	a.Troubles = a.troubles()
	for i := range a.Samples {
		s := &a.Samples[i]
		if s.Role == Forget && s.Before.Recoverable && s.After.Absent {
			s.KeptProbability = a.keptProbability(i)
		}
		s.Verdict, s.Reason = a.verdict(s)
	}
}

// verdict applies the rules to one sample.
func (a *audit) verdict(s *SampleDecision) (Verdict, string) {
	switch {
	case a.in.Incomparable != "":
		return Inconclusive, a.in.Incomparable
	case s.Role == Forget && s.After.Shown && (s.Before.Recoverable || s.Before.Shown):
		return Retained, a.shownAfter(s)
	case !s.Before.Recoverable:
		return Inconclusive, a.notRecoverableBefore(s)
	case s.After.Recoverable && (s.After.Clear || s.Role == Retain):
		return Retained, a.recoverableFromBoth(s)
	case s.Role == Retain:
		return Inconclusive, a.controlLost(s)
	case !s.After.Absent:
		return Inconclusive, a.borderline(s)
	case len(a.Troubles) > 0:
		return Inconclusive, a.provesNothing(strings.Join(a.Troubles, "; "))
	case a.togetherShow() != nil:
		return Inconclusive, a.provesNothing("taken together the samples of the request are in evidence: " + a.togetherShow().words())
	case a.groupShows():
		return Inconclusive, a.provesNothing(a.groupEvidence())
	case a.started() && !a.goneTogether():
		return Inconclusive, a.provesNothing(a.beyondFirst())
	case a.judgesKnown() && !a.goneTogether():
		return Inconclusive, a.provesNothing(a.notGoneTogether())
	case a.Controls.Failed != "":
		return Inconclusive, a.provesNothing(a.Controls.Failed)
	case s.KeptProbability > a.Options.Level*(1+rounding):
		return Inconclusive, a.provesNothing(a.mayHaveBeenKept(s))
	}
	return Unlearned, a.notRecoverableAfter(s)
}

// test looks at the samples of the request together.
func (a *audit) test() {
	o := a.Options
	if len(a.retain) > 0 {
		a.Difference = a.differenceTests()
	}
	if a.Method == FixedThreshold || a.after.all == nil {
		return
	}
	group, null := make([]float64, len(a.forget)), a.NullAfter
	for k, i := range a.forget {
		group[k] = a.Samples[i].After.Score
	}
	references := a.References
	if a.ClassReferences > 0 {
		references, null = a.ClassReferences, a.classNull()
	}
	g := newGroupTest(group, null, o.Draws, o.Seed)
	a.Group = &g
	if len(a.retain) > 0 {
		var controls []SampleDecision
		for _, i := range a.retain {
			controls = append(controls, a.Samples[i])
		}
		a.Power = newPower(len(a.forget), references, controls, o.Level, o.Seed)
	}
}

// classNull is NullAfter for the reference images of the class to forget.
func (a *audit) classNull() []float64 {
	var out []float64
	for _, i := range a.classReferences() {
		out = append(out, a.NullAfter[i])
	}
	return out
}

func (a *audit) differenceTests() []DifferenceTest {
	o := a.Options
	loss := func(of func(SampleDecision) float64, samples []int) []float64 {
		var out []float64
		for _, i := range samples {
			out = append(out, of(a.Samples[i]))
		}
		return out
	}
	test := func(name string, of func(SampleDecision) float64) DifferenceTest {
		return NewDifferenceTest(name, loss(of, a.forget), loss(of, a.retain), o.Draws, o.Seed)
	}
	var out []DifferenceTest
	if a.Method == Conformal {
		out = append(out, test("combined", func(s SampleDecision) float64 { return s.Loss }))
	}
	for k, s := range a.in.Statistics {
		out = append(out, test(s.Name, func(d SampleDecision) float64 { return d.Before.Scores[k] - d.After.Scores[k] }))
	}
	return out
}
