package metrics

// compareLosses settles what the p-value alone leaves open, by the controls: had a sample to forget been kept, it would have
// fared about as they. One image in twenty that was never trained on stands above the bulk of the others by chance. Where a
// sample does, and is not in evidence, it counts as absent if it lost far more of its height than any control like it
// did. Few stand clear of all others by chance, and not far: one that is barely clear and lost as much is not. Where controls
// fared as badly, as in a model that was pruned or has noise on it, everything stays as it is.
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
