package metrics

import "sort"

// A sample that cannot be recovered from the model after was either unlearned or kept and missed. Which of the two is
// more likely follows from Bayes' rule, with Laplace's rule of succession for both shares in it:
//
//	P(kept | absent) / P(unlearned | absent) = share kept / share unlearned * P(absent | kept) / P(absent | unlearned)
//
// The share kept comes from the other samples of the same request, P(absent | kept) from the controls. So a sample is
// not called unlearned where the rest of its request was kept, nor where matched controls are absent.

// keptProbability is the probability that forgotten sample i, recoverable before and absent after, was kept all the
// same.
func (a *audit) keptProbability(i int) float64 {
	found, gone := 1.0, 1.0
	for _, j := range a.forget {
		if s := a.Samples[j]; j != i && s.Before.Recoverable {
			found += float64(count(s.After.Recoverable))
			gone += float64(count(s.After.Absent))
		}
	}
	matched := a.matchedControls(&a.Samples[i])
	lost := 1.0
	for _, c := range matched {
		lost += float64(count(a.Samples[c].After.Absent))
	}
	missed := lost / float64(len(matched)+2)
	odds := found / gone * missed / a.absentIfUnlearned()
	return odds / (1 + odds)
}

// matchedControls are the controls recoverable before whose height was at most alike times that of a sample (against a fixed
// threshold: whose SSIM was no higher), and at least the lower half of them: a sample that was hard to recover is easily missed.
func (a *audit) matchedControls(s *SampleDecision) []int {
	var out []int
	for _, i := range a.retain {
		if a.Samples[i].Before.Recoverable {
			out = append(out, i)
		}
	}
	ease, limit := func(e Evidence) float64 { return e.Height }, alike*s.Before.Height
	if a.Method == FixedThreshold {
		ease, limit = func(e Evidence) float64 { return e.Score }, s.Before.Score
	}
	before := func(k int) float64 { return ease(a.Samples[out[k]].Before) }
	sort.SliceStable(out, func(k, l int) bool { return before(k) < before(l) })
	n := sort.Search(len(out), func(k int) bool { return before(k) > limit })
	return out[:max(n, (len(out)+1)/2)]
}

// absentIfUnlearned is the probability that a sample that was never trained on counts as absent. Against a fixed
// threshold it is not known (absentOfFixed).
func (a *audit) absentIfUnlearned() float64 {
	if a.Method == FixedThreshold {
		return absentOfFixed
	}
	return 1 - a.Options.AbsentAbove
}
