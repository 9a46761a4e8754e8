package metrics

// lossBeyond is how many times as much of its height every control like a sample must have kept, for the sample to count as
// absent though it stands a little above the bulk of the reference images.
const lossBeyond = 4

// compareLosses settles what the p-value alone leaves open. One image in twenty that was never trained on stands above the
// bulk of the others by chance. Where a sample to forget does, and is not in evidence, it counts as absent if it lost far
// more of its height than any control like it did: had it been kept, it would have fared about as they. Where controls
// fared as badly, as in a model that was pruned or has noise on it, the sample stays in between.
func (a *audit) compareLosses() {
	if a.Method == FixedThreshold {
		return
	}
	for _, i := range a.forget {
		s := &a.Samples[i]
		if s.Before.Recoverable && !s.After.Recoverable && !s.After.Clear && s.After.Decisive >= 0 && !s.After.Absent {
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
