package metrics

// Role is the part a queried sample plays in a request.
type Role string

// The roles.
const (
	// Forget marks a sample that the request says must go.
	Forget Role = "forget"
	// Retain marks a positive control: a sample that was to stay in the model.
	Retain Role = "retain"
)

// Verdict is what the evidence says of a sample, or of a request as a whole.
type Verdict string

// The verdicts. None of them is proof: each is evidence, with the error rates that [Decision] states.
const (
	// Unlearned: recoverable before, not after, while the controls still were.
	Unlearned Verdict = "unlearned"
	// Retained: recoverable from both models.
	Retained Verdict = "retained"
	// Inconclusive: neither could be said.
	Inconclusive Verdict = "inconclusive"
)

// Sample is one queried image, by name.
type Sample struct {
	// Source says where the image came from, for people.
	Source string
	Role   Role
	// Label is the class, or -1 where it is not known.
	Label int
}

// Scores are one statistic of one model. Larger means more evidence that the image was trained on: a distance is given
// with its sign changed.
type Scores struct {
	// Samples has one score a sample of the input, in its order.
	Samples []float64
	// Null has one score a reference image: images of the same kind that were never trained on. Empty means that
	// there is no reference set.
	Null []float64
	// NoPower says in words why the statistic can tell nothing of this model, so that it is reported but takes no
	// part in the decision. Empty means that it takes part. It must not depend on the scores.
	NoPower string
}

// Statistic is a measure of how far a sample can be recovered from either model.
type Statistic struct {
	// Name is a short key such as "ssim"; Title names it in a sentence, such as "structural similarity (SSIM)".
	Name, Title string
	// Distance says that the scores are distances with their sign changed: reports print them without it.
	Distance      bool
	Before, After Scores
}

// Check is the outcome of one examination of a model. The zero value has not been passed.
type Check struct {
	OK bool `json:"ok"`
	// Reason says what was found, in words; it is needed where OK is false.
	Reason string `json:"reason,omitempty"`
}

// Diagnosis says whether anything can be concluded from one model's failure to give up a sample. A check that is not
// passed never leads to [Unlearned]; it does not stand in the way of [Retained], because a sample that was found was
// found.
type Diagnosis struct {
	// Scope: the model is of the kind that the method's theory speaks of.
	Scope Check `json:"scope"`
	// Convergence: the reconstruction came to its end and explains the parameters.
	Convergence Check `json:"convergence"`
	// Integrity: the parameters show no sign of having been altered without changing what the model computes.
	Integrity Check `json:"integrity"`
}

// Input is the evidence of one audit.
type Input struct {
	Samples    []Sample
	Statistics []Statistic
	// ReferenceLabels has the class of each reference image, -1 where it is not known. It may be left out.
	ReferenceLabels []int
	Before, After   Diagnosis
}

// RequestKind says what a request asks to be forgotten.
type RequestKind string

// The kinds of request.
const (
	// SampleLevel: some samples of one or more classes.
	SampleLevel RequestKind = "sample"
	// ClassLevel: all samples of one class. They are compared with the reference images of that class, where there
	// are enough, since a model that never saw a class answers otherwise to it than to the others.
	ClassLevel RequestKind = "class"
)

// Options are the parameters of a decision. The zero value is a default throughout.
type Options struct {
	// Level is the largest share of false claims of recovery that is accepted among all such claims, over the
	// samples of one role and one model. If 0, it is 0.05.
	Level float64 `json:"level"`
	// Bulk is the p-value above which a sample counts as looking like one that was never trained on. Between Level,
	// as corrected for the number of samples, and Bulk, nothing is said. If 0, it is 0.05 or Level, whichever is
	// larger.
	Bulk float64 `json:"bulk"`
	// Tau is the SSIM from which a sample counts as recovered where there is no reference set. If 0, it is 0.4, the
	// paper's choice.
	Tau float64 `json:"tau"`
	// MinControls is the least number of controls recoverable before that [Unlearned] needs. If 0, it is the least
	// number for which the chance of calling a kept sample unlearned stays within Level whatever the chance of
	// missing one: 7 at 0.05.
	MinControls int `json:"min_controls"`
	// ControlRate is the least share of these that must be recoverable after. If 0, it is 0.8.
	ControlRate float64 `json:"control_rate"`
	// Request says what was asked. If empty, the request is ClassLevel where all samples to forget have one known
	// label and no control has it, and there are several of either; otherwise SampleLevel.
	Request RequestKind `json:"request"`
	// Draws is the number of random choices of a permutation test and of the power estimate. If 0, it is 9999.
	Draws int `json:"draws"`
	// Seed starts the random choices. The verdicts of single samples do not depend on it.
	Seed uint64 `json:"seed"`
}

// withDefaults writes out every default but that of Request, which depends on the input.
func (o Options) withDefaults() Options {
	if o.Level == 0 {
		o.Level = 0.05
	}
	if o.Bulk == 0 {
		o.Bulk = max(0.05, o.Level)
	}
	if o.Tau == 0 {
		o.Tau = 0.4
	}
	if o.MinControls == 0 && o.Level > 0 {
		o.MinControls = controlsNeeded(o.Level)
	}
	if o.ControlRate == 0 {
		o.ControlRate = 0.8
	}
	if o.Draws == 0 {
		o.Draws = 9999
	}
	return o
}

// Method is the way in which a decision was reached.
type Method string

// The methods.
const (
	// Conformal: against a reference set, with a known error rate.
	Conformal Method = "conformal"
	// FixedThreshold: against a fixed SSIM, with an unknown error rate.
	FixedThreshold Method = "fixed_threshold"
)

// Evidence is what one model says of one sample.
type Evidence struct {
	// Scores and PValues have one entry a statistic of the input, in its order. PValues is nil without a reference
	// set.
	Scores, PValues []float64
	// Score joins the statistics that have power, or is the SSIM where the threshold is fixed; Decisive is the index
	// of the statistic that adds most to it, -1 where none has power.
	Score    float64
	Decisive int
	// PValue is the conformal p-value of Score; 1 where no statistic has power or there is no reference set.
	PValue float64
	// Recoverable: the sample is in evidence. Absent: it looks like one that was never trained on. Both can be
	// false.
	Recoverable, Absent bool
}

// SampleDecision is what is said of one sample, and why.
type SampleDecision struct {
	Sample
	Before, After Evidence
	// Loss is Before.Score - After.Score, the D of the difference test.
	Loss float64
	// KeptProbability is, for a sample to forget that was recoverable before and is absent after, the probability
	// that it was kept all the same and only missed. It is 1 for all others.
	KeptProbability float64
	Verdict         Verdict
	Reason          string
}

// StatisticSummary says how a statistic did.
type StatisticSummary struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Distance says that the scores are distances with their sign changed.
	Distance bool `json:"distance"`
	// NoPowerBefore and NoPowerAfter say why the statistic took no part, or are empty.
	NoPowerBefore string `json:"no_power_before,omitempty"`
	NoPowerAfter  string `json:"no_power_after,omitempty"`
	// WeightBefore and WeightAfter are its shares in the combined scores, as taken from the controls; 0 for all
	// statistics where the controls were too few.
	WeightBefore float64 `json:"weight_before"`
	WeightAfter  float64 `json:"weight_after"`
	// ControlsBefore and ControlsAfter count the controls whose p-value by this statistic alone is within Level.
	ControlsBefore int `json:"controls_before"`
	ControlsAfter  int `json:"controls_after"`
	// Decisive counts the samples to forget for which it was the strongest evidence in the model before.
	Decisive int `json:"decisive"`
}

// Summary is the verdict on the request.
type Summary struct {
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
	// Statistic says which statistic decided, and why.
	Statistic string `json:"statistic"`
	// Counts of the samples to forget by verdict.
	Unlearned    int `json:"unlearned"`
	Retained     int `json:"retained"`
	Inconclusive int `json:"inconclusive"`
}

// Decision is the outcome of an audit.
type Decision struct {
	Method Method
	// Options are those in force, defaults written out.
	Options Options
	// References is the number of reference images; ClassReferences, for a class-level request, that of the class,
	// 0 where there were too few and all were used.
	References, ClassReferences int
	// Samples are in the order of the input.
	Samples    []SampleDecision
	Statistics []StatisticSummary
	Controls   Controls
	// Troubles are the checks that were not passed.
	Troubles []string
	// NullBefore and NullAfter are the combined scores of the reference images: what Evidence.Score is seen against.
	NullBefore, NullAfter []float64
	// Difference has one test for the combined score and one a statistic; nil where there are no controls.
	Difference []DifferenceTest
	// Group is nil without a reference set.
	Group *GroupTest
	// Power is nil without a reference set or without controls.
	Power   *Power
	Summary Summary
	// Notes are what a reader must know to weigh the verdict.
	Notes []string
}
