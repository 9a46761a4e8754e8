package metrics

import "slices"

// A side is one model's null distributions.
type side struct {
	scores func(Statistic) Scores
	// used are the indices of the statistics that have power.
	used []int
	// all combines them over the whole reference set; class over the class of a class-level request, or is nil.
	all, class *combiner
}

func (a *audit) newSide(scores func(Statistic) Scores, class []int) side {
	out := side{scores: scores}
	var all, some [][]float64
	controls := make([][]float64, len(a.retain))
	for i, s := range a.in.Statistics {
		if scores(s).NoPower != "" || s.Use != ForSamples && s.Use != ForBoth {
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

// guarded reports whether a guard shows the sample, or a statistic of the combined score lies in the lower tail of the null
// distribution, as it does for a relabelled sample by its own label.
func (a *audit) guarded(e Evidence) bool {
	for k, s := range a.in.Statistics {
		switch s.Use {
		case AsGuard, ForRetained:
			if e.PValues[k] <= guardLevel {
				return true
			}
		case ForRequest:
			if a.started() && e.PValues[k] <= guardLevel {
				return true
			}
		case ForBoth:
			// The share of reference images above it.
			if 1-e.PValues[k] < guardLevel {
				return true
			}
		}
	}
	return false
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
	out.Score, out.Decisive, out.PValue, out.Height = c.score, m.used[c.strongest], c.pValue, c.height
	if m.class != nil && control < 0 {
		of := m.class.evaluate(values, control)
		out.PValue, out.Height = of.pValue, of.height
	}
	return out
}

// detect says which samples are recoverable and which look never trained on, over either role and model by itself: were
// the controls counted with the samples to forget, then giving more controls would loosen the threshold for the others.
func (a *audit) detect() {
	a.copied = a.copiesGuard()
	for k, copied := range a.copied {
		a.Samples[a.forget[k]].After.Guarded = copied
	}
	for _, role := range [][]int{a.forget, a.retain} {
		a.detectIn(role, a.before, func(s *SampleDecision) *Evidence { return &s.Before })
		a.detectIn(role, a.after, func(s *SampleDecision) *Evidence { return &s.After })
	}
}

func (a *audit) detectIn(samples []int, of side, model func(*SampleDecision) *Evidence) {
	pValues := make([]float64, len(samples))
	for k, i := range samples {
		pValues[k] = model(&a.Samples[i]).PValue
	}
	rejected := BenjaminiHochberg(pValues, a.Options.Level)
	shown := a.shownIn(samples, of, model)
	for k, i := range samples {
		e := model(&a.Samples[i])
		if a.Method == FixedThreshold {
			e.Recoverable = e.Score >= a.Options.Tau
			e.Absent, e.Clear = !e.Recoverable, e.Recoverable
			continue
		}
		e.Recoverable = rejected[k]
		e.Shown = shown[k]
		e.Clear = e.Height >= certain
		e.Guarded = e.Guarded || a.guarded(*e)
		e.Absent = e.Decisive >= 0 && e.PValue > a.Options.AbsentAbove && !e.Guarded
	}
}

// shownIn says which samples of a role are shown by a statistic that is [ForRetained]: rejected by the Benjamini-Hochberg
// procedure, and at least shownShare as high as the controls.
func (a *audit) shownIn(samples []int, of side, model func(*SampleDecision) *Evidence) []bool {
	out := make([]bool, len(samples))
	if a.Method == FixedThreshold {
		return out
	}
	for k, st := range a.in.Statistics {
		scores := of.scores(st)
		if st.Use != ForRetained || scores.NoPower != "" {
			continue
		}
		pValues := make([]float64, len(samples))
		for j, i := range samples {
			pValues[j] = model(&a.Samples[i]).PValues[k]
		}
		null := slices.Clone(scores.Null)
		slices.Sort(null)
		scale, least := scaleOf(null), float64(doubtful)
		if controls := pick(scores.Samples, a.retain); len(controls) >= enoughControls {
			slices.Sort(controls)
			least = max(least, shownShare*scale.of(medianOfSorted(controls)))
		}
		for j, rejected := range BenjaminiHochberg(pValues, a.Options.Level) {
			high := scale.of(model(&a.Samples[samples[j]]).Scores[k]) >= least
			out[j] = out[j] || rejected && high
		}
	}
	return out
}
