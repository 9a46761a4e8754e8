package metrics

// compareLosses uses the controls where the p-value alone does not decide: a sample to forget that was kept would have lost about
// as much of its height as they did.
//
// One never-trained image in twenty has a p-value between Level and AbsentAbove by chance. A sample with such a p-value counts as absent
// if it lost far more of its height than any matched control. A few outliers of the null distribution lie above certain,
// not far: a sample up to doubtful is not clear if it lost as much. Where the controls lost as much, as in a model that was pruned or
// has noise on it, nothing changes.
func (a *audit) compareLosses() {
	if a.Method == FixedThreshold {
		return
	}
	for _, i := range a.forget {
		s := &a.Samples[i]
		switch {
		case !s.Before.Recoverable || s.After.Decisive < 0:
		case s.After.Clear:
			s.After.Clear = s.After.Height >= doubtful || !a.lostBeyondControls(s)
		case !s.After.Recoverable && !s.After.Absent && !s.After.Guarded:
			s.After.Absent = a.lostBeyondControls(s)
		}
	}
}

func (a *audit) lostBeyondControls(s *SampleDecision) bool {
	controls := a.matchedControls(s)
	for _, i := range controls {
		if a.Samples[i].keptHeight() < lossBeyond*s.keptHeight() {
			return false
		}
	}
	return len(controls) > 0
}

// keptHeight is the share of its height in the model before that a sample recoverable from it has in the model after.
func (s *SampleDecision) keptHeight() float64 { return s.After.Height / s.Before.Height }
