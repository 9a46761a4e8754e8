package metrics

import "fmt"

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
	// AbsentAbove is the p-value above which a sample looks like one that was never trained on. For p-values between Level, as
	// corrected for the number of samples, and AbsentAbove, the controls decide: the sample is absent if it lost far more of its
	// height than any matched control, and otherwise neither absent nor recoverable. If 0, it is 0.05 or Level, whichever is
	// larger.
	AbsentAbove float64 `json:"bulk"`
	// Tau is the SSIM from which a sample counts as recovered where there is no reference set. If 0, it is 0.4, the
	// paper's choice.
	Tau float64 `json:"tau"`
	// MinControls is the least number of controls recoverable before that [Unlearned] needs. If 0, it is the least
	// number for which the chance of calling a kept sample unlearned stays within Level whatever the chance of
	// missing one: 7 at 0.05.
	MinControls int `json:"min_controls"`
	// ControlRate is the least share of these that must be recoverable after. If 0, it is 0.8.
	ControlRate float64 `json:"control_rate"`
	// KeptShare is the largest share of the request's samples that can have been kept, with 95 % confidence, for the request
	// to be called [Unlearned] by what its samples show together. If 0, it is 1/3.
	KeptShare float64 `json:"kept_share"`
	// Request says what was asked. If empty, the request is ClassLevel where all samples to forget have one known
	// label and no control has it, and there are several of either; otherwise SampleLevel.
	Request RequestKind `json:"request"`
	// Draws is the number of random choices of a permutation test and of the power estimate. If 0, it is 9999.
	Draws int `json:"draws"`
	// Seed starts the random choices. The verdicts of single samples do not depend on it.
	Seed uint64 `json:"seed"`
}

// WithDefaults writes out every default but that of Request, which depends on the input.
func (o Options) WithDefaults() Options {
	if o.Level == 0 {
		o.Level = defaultLevel
	}
	if o.AbsentAbove == 0 {
		o.AbsentAbove = max(defaultAbsentAbove, o.Level)
	}
	if o.Tau == 0 {
		o.Tau = defaultTau
	}
	if o.MinControls == 0 && o.Level > 0 {
		o.MinControls = controlsNeeded(o.Level)
	}
	if o.ControlRate == 0 {
		o.ControlRate = defaultControlRate
	}
	if o.KeptShare == 0 {
		o.KeptShare = defaultKeptShare
	}
	if o.Draws == 0 {
		o.Draws = defaultDraws
	}
	return o
}

func (o Options) validate() error {
	o = o.WithDefaults()
	switch {
	case !(o.Level > 0 && o.Level < 1):
		return fmt.Errorf("level %v: choose a share of errors between 0 and 1", o.Level)
	case !(o.AbsentAbove >= o.Level && o.AbsentAbove < 1):
		return fmt.Errorf("absent above %v: choose a p-value of at least the level %v and under 1", o.AbsentAbove, o.Level)
	case !(o.Tau > -1 && o.Tau < 1):
		return fmt.Errorf("tau %v: choose an ssim between -1 and 1", o.Tau)
	case o.MinControls < 1:
		return fmt.Errorf("%d controls needed: choose at least 1", o.MinControls)
	case !(o.ControlRate > 0 && o.ControlRate <= 1):
		return fmt.Errorf("control rate %v: choose a share over 0 and up to 1", o.ControlRate)
	case !(o.KeptShare > 0 && o.KeptShare <= 1):
		return fmt.Errorf("kept share %v: choose a share over 0 and up to 1", o.KeptShare)
	case o.Request != "" && o.Request != SampleLevel && o.Request != ClassLevel:
		return fmt.Errorf("request %q: use %q or %q", o.Request, SampleLevel, ClassLevel)
	case o.Draws < fewestDraws:
		return fmt.Errorf("%d draws are too few for a permutation test: choose at least %d", o.Draws, fewestDraws)
	}
	return nil
}
