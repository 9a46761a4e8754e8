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
	// Retained: recoverable from both models, and clearly so from the model after.
	Retained Verdict = "retained"
	// Inconclusive: neither could be said.
	Inconclusive Verdict = "inconclusive"
)

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
	// Height is how far Score lies above the median of the reference images' scores, in their spreads (1.4826 times the
	// median absolute deviation); 0 where PValue is 1 for want of either.
	Height float64
	// Clear: Height is at least 4, or the threshold is fixed and reached. A p-value cannot be smaller than the number of
	// reference images allows, and among many audits the smallest one occurs by chance; such a height hardly does. Up
	// to 8 a sample to forget is not clear in the model after if every matched control kept four times as much of its height.
	Clear bool
	// Recoverable: the sample is in evidence. Absent: its p-value is over Options.AbsentAbove, or it lost far more of its height than any
	// matched control. Both can be false.
	Recoverable, Absent bool
	// Shown: a statistic that is [ForRetained] shows by itself that the sample was trained on, and clearly so.
	Shown bool
	// Guarded: a guard among the statistics, or an altered copy, shows the sample, so that it does not count as absent.
	Guarded bool
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
	// Use says what it takes part in.
	Use Use `json:"use,omitempty"`
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
	Power *Power
	// Together is what the samples show as a group; nil where no statistic is for the request.
	Together *Together
	Summary  Summary
	// Notes are what a reader must know to weigh the verdict.
	Notes []string
}
