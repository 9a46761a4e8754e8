package metrics

import (
	"errors"
	"fmt"
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
	a := newAudit(in, opts.withDefaults())
	a.weigh()
	a.detect()
	a.checkControls()
	a.judge()
	a.test()
	a.summarise()
	return a.Decision, nil
}

func (o Options) validate() error {
	o = o.withDefaults()
	switch {
	case !(o.Level > 0 && o.Level < 1):
		return fmt.Errorf("level %v: choose a share of errors between 0 and 1", o.Level)
	case !(o.Bulk >= o.Level && o.Bulk < 1):
		return fmt.Errorf("bulk %v: choose a p-value of at least the level %v and under 1", o.Bulk, o.Level)
	case !(o.Tau > -1 && o.Tau < 1):
		return fmt.Errorf("tau %v: choose an ssim between -1 and 1", o.Tau)
	case o.MinControls < 1:
		return fmt.Errorf("%d controls needed: choose at least 1", o.MinControls)
	case !(o.ControlRate > 0 && o.ControlRate <= 1):
		return fmt.Errorf("control rate %v: choose a share over 0 and up to 1", o.ControlRate)
	case o.Request != "" && o.Request != SampleLevel && o.Request != ClassLevel:
		return fmt.Errorf("request %q: use %q or %q", o.Request, SampleLevel, ClassLevel)
	case o.Draws < 99:
		return fmt.Errorf("%d draws are too few for a permutation test: choose at least 99", o.Draws)
	}
	return nil
}

func (in Input) validate() error {
	forget := 0
	for i, s := range in.Samples {
		if s.Role != Forget && s.Role != Retain {
			return fmt.Errorf("sample %d (%s) has role %q: use %q or %q", i, s.Source, s.Role, Forget, Retain)
		}
		if s.Role == Forget {
			forget++
		}
	}
	if forget == 0 {
		return errors.New("no sample to forget was given: there is nothing to decide")
	}
	if len(in.Statistics) == 0 {
		return errors.New("no statistic was given: there is nothing to decide by")
	}
	k := len(in.Statistics[0].Before.Null)
	for _, s := range in.Statistics {
		if err := s.Before.validate(len(in.Samples), k); err != nil {
			return fmt.Errorf("statistic %s of the model before: %w", s.Name, err)
		}
		if err := s.After.validate(len(in.Samples), k); err != nil {
			return fmt.Errorf("statistic %s of the model after: %w", s.Name, err)
		}
	}
	if k == 0 && in.ssim() < 0 {
		return errors.New("without reference images the decision needs the statistic ssim")
	}
	if n := len(in.ReferenceLabels); n != 0 && n != k {
		return fmt.Errorf("%d reference labels for %d reference images", n, k)
	}
	return nil
}

func (s Scores) validate(samples, references int) error {
	if len(s.Samples) != samples {
		return fmt.Errorf("%d scores for %d samples", len(s.Samples), samples)
	}
	if len(s.Null) != references {
		return fmt.Errorf("%d scores for %d reference images", len(s.Null), references)
	}
	for i, v := range s.Samples {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the score of sample %d is %v", i, v)
		}
	}
	for i, v := range s.Null {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the score of reference image %d is %v", i, v)
		}
	}
	return nil
}

// ssim is the index of the statistic of that name, or -1.
func (in Input) ssim() int {
	for i, s := range in.Statistics {
		if s.Name == "ssim" {
			return i
		}
	}
	return -1
}

// An audit is a decision in the making. Its methods are its steps, in the order in which Decide calls them.
type audit struct {
	Decision
	in             Input
	forget, retain []int // indices of the samples of either role
	before, after  side
	// weightsBefore and weightsAfter are the shares of the statistics in the combined score, one a statistic; nil
	// where they were not taken from controls.
	weightsBefore, weightsAfter []float64
}

// A side is one model's null distributions.
type side struct {
	scores func(Statistic) Scores
	// used are the indices of the statistics that have power.
	used []int
	// all combines them over the whole reference set; class over the class of a class-level request, or is nil.
	all, class *combiner
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

func (a *audit) newSide(scores func(Statistic) Scores, class []int) side {
	out := side{scores: scores}
	var all, some [][]float64
	controls := make([][]float64, len(a.retain))
	for i, s := range a.in.Statistics {
		if scores(s).NoPower != "" {
			continue
		}
		out.used = append(out.used, i)
		all = append(all, scores(s).Null)
		some = append(some, pick(scores(s).Null, class))
		for k, v := range pick(scores(s).Samples, a.retain) {
			controls[k] = append(controls[k], v)
		}
	}
	if len(out.used) > 0 && a.References > 0 {
		out.all = newCombiner(all, controls)
		if len(class) > 0 {
			out.class = newCombiner(some, controls)
		}
	}
	return out
}

func pick(values []float64, indices []int) []float64 {
	out := make([]float64, len(indices))
	for k, i := range indices {
		out[k] = values[i]
	}
	return out
}

// weigh turns scores into evidence.
func (a *audit) weigh() {
	control := 0
	for i := range a.Samples {
		k := -1
		if a.Samples[i].Role == Retain {
			k, control = control, control+1
		}
		a.Samples[i].Before = a.evidence(a.before, i, k)
		a.Samples[i].After = a.evidence(a.after, i, k)
		a.Samples[i].Loss = a.Samples[i].Before.Score - a.Samples[i].After.Score
	}
	a.NullBefore, a.weightsBefore = a.before.ofNull(len(a.in.Statistics))
	a.NullAfter, a.weightsAfter = a.after.ofNull(len(a.in.Statistics))
}

// ofNull returns the combined scores of the reference images, and the weights of all n statistics.
func (m side) ofNull(n int) (null, weights []float64) {
	if m.all == nil {
		return nil, nil
	}
	null, w := m.all.ofNull()
	if w == nil {
		return null, nil
	}
	weights = make([]float64, n)
	for k, s := range m.used {
		weights[s] = w[k]
	}
	return null, weights
}

// evidence weighs one sample, which is the given control or, where that is -1, none.
func (a *audit) evidence(m side, sample, control int) Evidence {
	out := Evidence{Decisive: -1, PValue: 1}
	for _, s := range a.in.Statistics {
		out.Scores = append(out.Scores, m.scores(s).Samples[sample])
		if a.Method == Conformal {
			out.PValues = append(out.PValues, ConformalPValue(m.scores(s).Samples[sample], m.scores(s).Null))
		}
	}
	if a.Method == FixedThreshold {
		out.Decisive = a.in.ssim()
		out.Score = out.Scores[out.Decisive]
		return out
	}
	if m.all == nil {
		return out
	}
	values := make([]float64, len(m.used))
	for k, s := range m.used {
		values[k] = out.Scores[s]
	}
	c := m.all.evaluate(values, control)
	out.Score, out.Decisive, out.PValue = c.score, m.used[c.strongest], c.pValue
	if m.class != nil && control < 0 {
		out.PValue = m.class.evaluate(values, control).pValue
	}
	return out
}

// detect says which samples are recoverable and which look never trained on, over either role and model by itself: were
// the controls counted with the samples to forget, then giving more controls would loosen the threshold for the others.
func (a *audit) detect() {
	for _, role := range [][]int{a.forget, a.retain} {
		a.detectIn(role, func(s *SampleDecision) *Evidence { return &s.Before })
		a.detectIn(role, func(s *SampleDecision) *Evidence { return &s.After })
	}
}

func (a *audit) detectIn(samples []int, model func(*SampleDecision) *Evidence) {
	pValues := make([]float64, len(samples))
	for k, i := range samples {
		pValues[k] = model(&a.Samples[i]).PValue
	}
	rejected := BenjaminiHochberg(pValues, a.Options.Level)
	for k, i := range samples {
		e := model(&a.Samples[i])
		if a.Method == FixedThreshold {
			e.Recoverable = e.Score >= a.Options.Tau
			e.Absent = !e.Recoverable
			continue
		}
		e.Recoverable = rejected[k]
		e.Absent = e.Decisive >= 0 && e.PValue > a.Options.Bulk
	}
}

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

// judge gives every sample its verdict.
func (a *audit) judge() {
	a.Troubles = troubles(a.in.Before, a.in.After)
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
	case !s.Before.Recoverable:
		return Inconclusive, a.notRecoverableBefore(s)
	case s.After.Recoverable:
		return Retained, a.recoverableFromBoth(s)
	case s.Role == Retain:
		return Inconclusive, a.controlLost(s)
	case !s.After.Absent:
		return Inconclusive, a.borderline(s)
	case len(a.Troubles) > 0:
		return Inconclusive, a.provesNothing(strings.Join(a.Troubles, "; "))
	case a.Controls.Failed != "":
		return Inconclusive, a.provesNothing(a.Controls.Failed)
	case s.KeptProbability > a.Options.Level:
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
