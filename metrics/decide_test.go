package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// A world makes audits whose truth is known. Statistics of never-trained images are normal and correlated; those of
// images in a model are lifted.
type world struct {
	forget, retain, references int
	// lift is how far, in standard deviations, an image in a model stands out by each statistic.
	lift []float64
	// kept: the model after still holds the samples to forget. trained: the model before held them.
	kept, trained bool
	// missed is the probability that the model after gives no trace of an image that it holds. Where weakFirst is
	// set, it falls on the images that stood out least in the model before.
	missed    float64
	weakFirst bool
}

func passed() Diagnosis {
	ok := Check{OK: true}
	return Diagnosis{Scope: ok, Convergence: ok, Integrity: ok}
}

func (w world) audit(rng *rand.Rand) Input {
	in := Input{Before: passed(), After: passed()}
	n := w.forget + w.retain
	for i := range n {
		role := Retain
		if i < w.forget {
			role = Forget
		}
		in.Samples = append(in.Samples, Sample{Source: fmt.Sprintf("set#%d", i), Role: role, Label: i % 10})
	}
	in.ReferenceLabels = make([]int, w.references)
	for i := range in.ReferenceLabels {
		in.ReferenceLabels[i] = i % 10
	}
	strength := make([]float64, n)
	for i := range strength {
		strength[i] = 0.5 + rng.Float64() // some samples are closer to the margin than others
	}
	inAfter := make([]bool, n)
	for i := range inAfter {
		missed := w.missed
		if w.weakFirst {
			missed = 0
			if strength[i] < 0.5+w.missed {
				missed = 1
			}
		}
		inAfter[i] = (i >= w.forget || w.kept) && rng.Float64() >= missed
	}
	for s, lift := range w.lift {
		name := []string{"ssim", "ncc", "span"}[s]
		in.Statistics = append(in.Statistics, Statistic{Name: name, Title: name,
			Before: w.scores(rng, func(i int) float64 {
				if i < w.forget && !w.trained {
					return 0
				}
				return lift * strength[i]
			}),
			After: w.scores(rng, func(i int) float64 {
				if !inAfter[i] {
					return 0
				}
				return lift * strength[i]
			})})
	}
	return in
}

func (w world) scores(rng *rand.Rand, lift func(int) float64) Scores {
	var out Scores
	for i := range w.forget + w.retain {
		out.Samples = append(out.Samples, 0.4+0.1*(rng.NormFloat64()+lift(i)))
	}
	for range w.references {
		out.Null = append(out.Null, 0.4+0.1*rng.NormFloat64())
	}
	return out
}

// easy is an honest audit in which every sample stands out.
var easy = world{forget: 4, retain: 18, references: 400, lift: []float64{4, 5, 10}, trained: true}

func decide(t *testing.T, in Input, opts Options) Decision {
	t.Helper()
	d, err := Decide(in, opts)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func verdicts(d Decision, role Role) map[Verdict]int {
	out := map[Verdict]int{}
	for _, s := range d.Samples {
		if s.Role == role {
			out[s.Verdict]++
		}
	}
	return out
}

func TestHonestRequestIsUnlearned(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	unlearned, recoverable, summaries := 0, 0, 0
	for range 100 {
		d := decide(t, easy.audit(rng), Options{Draws: 999})
		for _, s := range d.Samples[:easy.forget] {
			recoverable += count(s.Before.Recoverable)
			unlearned += count(s.Verdict == Unlearned)
			if s.Verdict == Retained {
				t.Logf("retained: %s", s.Reason)
			}
		}
		summaries += count(d.Summary.Verdict == Unlearned)
	}
	if recoverable < 380 || float64(unlearned) < 0.9*float64(recoverable) {
		t.Errorf("%d of %d recoverable samples came out as unlearned", unlearned, recoverable)
	}
	if summaries < 85 {
		t.Errorf("%d of 100 honest requests came out as unlearned", summaries)
	}
}

func TestSameModelTwiceIsRetained(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(2, 1)))
	for s := range in.Statistics {
		in.Statistics[s].After = in.Statistics[s].Before
	}
	d := decide(t, in, Options{})
	if got := verdicts(d, Forget); got[Retained] != easy.forget {
		t.Errorf("verdicts %v", got)
	}
	if d.Summary.Verdict != Retained {
		t.Errorf("summary %+v", d.Summary)
	}
	if d.Difference[0].PValue != 1 || d.Difference[0].EffectSize != 0.5 {
		t.Errorf("no loss, but the difference test says %+v", d.Difference[0])
	}
}

// The claim that the package makes of itself: where no sample was ever in either model, the chance of calling any of
// them retained is at most the level. Under the weaker claim that they are recoverable from one model it is the same.
func TestNeverTrainedSamplesAreNotFound(t *testing.T) {
	const audits = 200
	for _, w := range []world{
		{forget: 5, retain: 20, references: 99, lift: []float64{1, 2, 4}},
		{forget: 20, retain: 20, references: 400, lift: []float64{3, 4, 0}},
		{forget: 3, retain: 0, references: 60, lift: []float64{3, 4, 8}},
	} {
		rng := rand.New(rand.NewPCG(3, uint64(w.forget)))
		before, retained, unlearned := 0, 0, 0
		for range audits {
			d := decide(t, w.audit(rng), Options{Draws: 99})
			any := false
			for _, s := range d.Samples[:w.forget] {
				any = any || s.Before.Recoverable
				retained += count(s.Verdict == Retained)
				unlearned += count(s.Verdict == Unlearned)
			}
			before += count(any)
		}
		// Three standard errors over the level.
		if most := 0.05*audits + 3*math.Sqrt(0.05*0.95*audits); float64(before) > most {
			t.Errorf("%+v: a sample was found in %d of %d models that never saw one", w, before, audits)
		}
		if retained > audits/100 || unlearned > audits/20 {
			t.Errorf("%+v: %d retained and %d unlearned of samples that were never there", w, retained, unlearned)
		}
	}
}

// Whatever share of the samples that it holds the model after hides, and whether or not it hides those first that were
// hardest to recover, a kept sample is not called unlearned.
func TestKeptSamplesAreNotUnlearned(t *testing.T) {
	kept, samples, requests := 0, 0, 0
	for _, weakFirst := range []bool{false, true} {
		for _, missed := range []float64{0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1} {
			for _, n := range []int{1, 2, 5} {
				w := world{forget: n, retain: 9 * n, references: 200, lift: []float64{3, 4, 8}, trained: true, kept: true,
					missed: missed, weakFirst: weakFirst}
				rng := rand.New(rand.NewPCG(4, uint64(1000*missed)))
				for range 25 {
					d := decide(t, w.audit(rng), Options{Draws: 99})
					kept += n
					samples += verdicts(d, Forget)[Unlearned]
					requests += count(d.Summary.Verdict == Unlearned)
				}
			}
		}
	}
	if kept < 3000 || samples > kept/1000 || requests > 2 {
		t.Errorf("%d of %d kept samples and %d requests came out as unlearned", samples, kept, requests)
	}
}

func TestUnlearnedNeedsEveryCheck(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(5, 1)))
	if d := decide(t, in, Options{}); d.Summary.Verdict != Unlearned {
		t.Fatalf("the audit to spoil is %+v", d.Summary)
	}
	for name, c := range map[string]struct {
		spoil func(*Input)
		says  string
	}{
		"scope before":     {func(in *Input) { in.Before.Scope = Check{Reason: "softmax inside"} }, "softmax inside"},
		"scope after":      {func(in *Input) { in.After.Scope = Check{Reason: "softmax inside"} }, "softmax inside"},
		"tampering before": {func(in *Input) { in.Before.Integrity = Check{Reason: "rescaled neurons"} }, "rescaled neurons"},
		"tampering after":  {func(in *Input) { in.After.Integrity = Check{Reason: "rescaled neurons"} }, "rescaled neurons"},
		"another seed":     {func(in *Input) { in.After.Misstated = "seed 4 is not its own" }, "seed 4 is not its own"},
		"nothing checked":  {func(in *Input) { in.After = Diagnosis{} }, "not checked"},
		"controls gone":    {func(in *Input) { spoilControls(in, 5) }, "controls that could be recovered"},
		"no controls":      {func(in *Input) { keepFirst(in, easy.forget) }, "no controls were given"},
		"few controls":     {func(in *Input) { keepFirst(in, easy.forget+4) }, "7 are needed"},
		"powerless after": {func(in *Input) {
			for s := range in.Statistics {
				in.Statistics[s].After.NoPower = "the span is everything"
			}
		}, "the span is everything"},
		"powerless before": {func(in *Input) {
			for s := range in.Statistics {
				in.Statistics[s].Before.NoPower = "the span is everything"
			}
		}, "the span is everything"},
		"few references": {func(in *Input) {
			in.ReferenceLabels = nil
			for s := range in.Statistics {
				in.Statistics[s].Before.Null = in.Statistics[s].Before.Null[:10]
				in.Statistics[s].After.Null = in.Statistics[s].After.Null[:10]
			}
		}, "at least 19 are needed"},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := clone(in)
			c.spoil(&spoilt)
			d := decide(t, spoilt, Options{})
			if got := verdicts(d, Forget); got[Unlearned] > 0 || d.Summary.Verdict != Inconclusive {
				t.Errorf("verdicts %v, summary %s", got, d.Summary.Verdict)
			}
			if !strings.Contains(strings.ToLower(d.Summary.Reason), c.says) {
				t.Errorf("the summary does not say %q: %s", c.says, d.Summary.Reason)
			}
			found := false
			for _, s := range d.Samples {
				found = found || s.Role == Forget && strings.Contains(s.Reason, c.says)
			}
			if !found {
				t.Errorf("no sample's reason says %q", c.says)
			}
		})
	}
}

// A reconstruction that explains little of the parameters leaves the word to the controls, where there are reference images;
// without these it forbids a verdict of unlearned.
func TestControlsSpeakForTheReconstruction(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(5, 1)))
	in.After.Convergence = Check{Reason: "residual 0.6"}
	d := decide(t, in, Options{})
	if d.Summary.Verdict != Unlearned || !strings.Contains(strings.Join(d.Notes, " "), "residual 0.6") {
		t.Errorf("with good controls: %s; notes %q", d.Summary.Verdict, d.Notes)
	}
	spoilt := clone(in)
	spoilControls(&spoilt, 5)
	if d := decide(t, spoilt, Options{}); d.Summary.Verdict != Inconclusive {
		t.Errorf("without controls: %+v", d.Summary)
	}
	for s := range in.Statistics {
		in.Statistics[s].Before.Null, in.Statistics[s].After.Null = nil, nil
	}
	in.ReferenceLabels = nil
	d = decide(t, in, Options{})
	if d.Summary.Unlearned > 0 || len(d.Troubles) != 1 || !strings.Contains(d.Troubles[0], "residual 0.6") {
		t.Errorf("against a fixed threshold: %+v, %q", d.Summary, d.Troubles)
	}
}

// What was found was found, whatever is wrong with the files.
func TestRetainedStandsWithoutChecksAndControls(t *testing.T) {
	w := easy
	w.kept = true
	in := w.audit(rand.New(rand.NewPCG(6, 1)))
	in.Before, in.After = Diagnosis{}, Diagnosis{}
	keepFirst(&in, w.forget)
	d := decide(t, in, Options{})
	if got := verdicts(d, Forget); got[Retained] != w.forget || d.Summary.Verdict != Retained {
		t.Errorf("verdicts %v, summary %+v", got, d.Summary)
	}
	if len(d.NullAfter) != w.references || d.Group.PValue > 0.01 {
		t.Errorf("%d scores of reference images, group %+v", len(d.NullAfter), d.Group)
	}
}

func TestNotRecoverableBeforeIsInconclusiveWhateverComesAfter(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(7, 1)))
	for s := range in.Statistics {
		in.Statistics[s].Before.Samples[0] = 0.3
		in.Statistics[s].After.Samples[0] = 1.5
	}
	d := decide(t, in, Options{})
	if got := d.Samples[0]; got.Verdict != Inconclusive || !strings.Contains(got.Reason, "the model after does show evidence") {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}

// atRank puts sample i in the model after among the reference images: at their median, but by the last statistic only as
// many of them score higher as is said.
func atRank(in *Input, i, above int) {
	for s := range in.Statistics {
		null := slices.Sorted(slices.Values(in.Statistics[s].After.Null))
		in.Statistics[s].After.Samples[i] = null[len(null)/2]
		if s == len(in.Statistics)-1 {
			in.Statistics[s].After.Samples[i] = null[len(null)-1-above]
		}
	}
}

func TestBetweenFoundAndAbsentTheControlsDecide(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(8, 1)))
	atRank(&in, 0, 8)
	d := decide(t, in, Options{})
	if got := d.Samples[0]; got.Verdict != Unlearned || got.After.PValue > d.Options.AbsentAbove || got.After.Recoverable {
		t.Errorf("all controls kept their evidence, p = %v: %s: %s", got.After.PValue, got.Verdict, got.Reason)
	}
	// One control that fared no better is enough.
	atRank(&in, easy.forget, 4)
	d = decide(t, in, Options{})
	if got := d.Samples[0]; got.Verdict != Inconclusive || got.After.Absent || got.After.Recoverable {
		t.Errorf("a control was lost too, p = %v: %s: %s", got.After.PValue, got.Verdict, got.Reason)
	}
}

// A p-value as small as the references allow occurs by chance in one audit of twenty. Only a height above certain is retained.
func TestSmallestPValueIsNotRetained(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(8, 2)))
	for s := range in.Statistics {
		null := slices.Sorted(slices.Values(in.Statistics[s].After.Null))
		in.Statistics[s].After.Samples[0] = null[len(null)-8]
	}
	d := decide(t, in, Options{})
	got := d.Samples[0]
	if got.Verdict != Inconclusive || !got.After.Recoverable || got.After.Clear || !strings.Contains(got.Reason, "by chance in one of many") {
		t.Errorf("p = %v, %.1f spreads above: %s: %s", got.After.PValue, got.After.Height, got.Verdict, got.Reason)
	}
	for s := range in.Statistics {
		in.Statistics[s].After.Samples[0] = 0.4 + 0.1*8
	}
	if got := decide(t, in, Options{}).Samples[0]; got.Verdict != Retained || !got.After.Clear {
		t.Errorf("%.1f spreads above: %s: %s", got.After.Height, got.Verdict, got.Reason)
	}
}

// A sample between certain and doubtful is not retained where all controls kept their height, and is where a control lost as much.
func TestControlsDecideUpToDoubtful(t *testing.T) {
	w := easy
	w.lift = []float64{12, 15, 40}
	in := w.audit(rand.New(rand.NewPCG(8, 2)))
	lift := func(i int, by float64) {
		for s := range in.Statistics {
			in.Statistics[s].After.Samples[i] = 0.4 + 0.1*by
		}
	}
	lift(0, 4)
	got := decide(t, in, Options{}).Samples[0]
	if h := got.After.Height; h < certain || h >= doubtful {
		t.Fatalf("%.1f spreads above, want a height between", h)
	}
	if got.Verdict != Inconclusive || !got.After.Recoverable || got.After.Clear || got.After.Absent || !strings.Contains(got.Reason, "by chance in one of many") {
		t.Errorf("all controls kept their evidence: %s: %s", got.Verdict, got.Reason)
	}
	lift(w.forget, 4)
	if got := decide(t, in, Options{}).Samples[0]; got.Verdict != Retained || !got.After.Clear {
		t.Errorf("a control fared as badly, %.1f spreads above: %s: %s", got.After.Height, got.Verdict, got.Reason)
	}
}

func TestOtherSamplesOfTheRequestCount(t *testing.T) {
	w := world{forget: 5, retain: 18, references: 400, lift: []float64{4, 5, 10}, trained: true, kept: true}
	in := w.audit(rand.New(rand.NewPCG(9, 1)))
	for s := range in.Statistics {
		in.Statistics[s].After.Samples[0] = in.Statistics[s].After.Null[0] // as if never trained on
	}
	d := decide(t, in, Options{})
	if got := d.Samples[0]; got.Verdict == Unlearned || got.KeptProbability < 0.1 {
		t.Errorf("with the rest of its request kept, a sample is %s (%s)", got.Verdict, got.Reason)
	}
	if d.Summary.Verdict != Retained || d.Summary.Retained != 4 {
		t.Errorf("summary %+v", d.Summary)
	}
}

func TestFixedThreshold(t *testing.T) {
	statistic := func(before, after []float64) []Statistic {
		return []Statistic{{Name: "ssim", Title: "SSIM", Before: Scores{Samples: before}, After: Scores{Samples: after}}}
	}
	in := Input{Before: passed(), After: passed()}
	before, after := []float64{0.7, 0.8, 0.7, 0.2}, []float64{0.3, 0.2, 0.8, 0.1}
	for range 4 {
		in.Samples = append(in.Samples, Sample{Role: Forget, Label: -1})
	}
	for range 90 {
		in.Samples = append(in.Samples, Sample{Role: Retain, Label: -1})
		before, after = append(before, 0.75), append(after, 0.7)
	}
	in.Statistics = statistic(before, after)
	d := decide(t, in, Options{})
	want := []Verdict{Unlearned, Unlearned, Retained, Inconclusive}
	for i, v := range want {
		if d.Samples[i].Verdict != v {
			t.Errorf("sample %d is %s, not %s: %s", i, d.Samples[i].Verdict, v, d.Samples[i].Reason)
		}
	}
	if d.Method != FixedThreshold || d.Group != nil || d.Power != nil {
		t.Errorf("method %q, group %v, power %v", d.Method, d.Group, d.Power)
	}
	if !strings.Contains(strings.Join(d.Notes, " "), "error rate is unknown") {
		t.Errorf("the notes do not say that the error rate is unknown: %q", d.Notes)
	}

	keepFirst(&in, 9) // five controls
	if d := decide(t, in, Options{}); verdicts(d, Forget)[Unlearned] > 0 {
		t.Error("unlearned with five controls and no reference images")
	}
	in.Statistics[0].Name = "ncc"
	if _, err := Decide(in, Options{}); err == nil || !strings.Contains(err.Error(), "ssim") {
		t.Errorf("without references and ssim: error %v", err)
	}
}

// A class that was never seen is unlike all others; it must be compared with itself.
func TestClassLevelRequest(t *testing.T) {
	audit := func(rng *rand.Rand, perClass int) Input {
		w := world{forget: 8, retain: 36, references: 10 * perClass, lift: []float64{4, 5, 10}, trained: true}
		in := w.audit(rng)
		for i := range in.Samples {
			in.Samples[i].Label = 3
			if i >= w.forget {
				in.Samples[i].Label = i % 3
			}
		}
		for s := range in.Statistics { // images of class 3 look more like the reconstructions than others do
			for i := range w.forget {
				in.Statistics[s].Before.Samples[i] += 0.15
				in.Statistics[s].After.Samples[i] += 0.15
			}
			for i, l := range in.ReferenceLabels {
				if l == 3 {
					in.Statistics[s].Before.Null[i] += 0.15
					in.Statistics[s].After.Null[i] += 0.15
				}
			}
		}
		return in
	}
	rng := rand.New(rand.NewPCG(10, 1))
	unlearned, retained, pooled := 0, 0, 0
	for range 20 {
		in := audit(rng, 60)
		d := decide(t, in, Options{Draws: 99})
		if d.Options.Request != ClassLevel || d.ClassReferences != 60 {
			t.Fatalf("request %q, %d references of the class", d.Options.Request, d.ClassReferences)
		}
		unlearned += verdicts(d, Forget)[Unlearned]
		retained += verdicts(d, Forget)[Retained]
		pooled += verdicts(decide(t, in, Options{Request: SampleLevel, Draws: 99}), Forget)[Unlearned]
	}
	if unlearned < 130 || retained > 3 {
		t.Errorf("of 160 samples of a forgotten class %d came out as unlearned and %d as retained", unlearned, retained)
	}
	if pooled >= unlearned {
		t.Errorf("comparing with the class alone did not help: %d unlearned, %d against all reference images", unlearned, pooled)
	}
	if d := decide(t, audit(rng, 10), Options{}); d.ClassReferences != 0 || !strings.Contains(strings.Join(d.Notes, " "), "too few reference images of it") {
		t.Errorf("with 10 images of the class: %d used, notes %q", d.ClassReferences, d.Notes)
	}
}

func TestDecisionDoesNotDependOnOrderOrUnits(t *testing.T) {
	w := easy
	w.missed = 0.1
	in := w.audit(rand.New(rand.NewPCG(11, 1)))
	want := decide(t, in, Options{Request: SampleLevel})

	shuffled, order := clone(in), rand.New(rand.NewPCG(12, 1)).Perm(len(in.Samples))
	for to, from := range order {
		shuffled.Samples[to] = in.Samples[from]
		for s := range in.Statistics {
			shuffled.Statistics[s].Before.Samples[to] = 3 + 7*in.Statistics[s].Before.Samples[from]
			shuffled.Statistics[s].After.Samples[to] = 3 + 7*in.Statistics[s].After.Samples[from]
		}
	}
	for s := range in.Statistics {
		for i, v := range in.Statistics[s].Before.Null {
			shuffled.Statistics[s].Before.Null[i] = 3 + 7*v
		}
		for i, v := range in.Statistics[s].After.Null {
			shuffled.Statistics[s].After.Null[i] = 3 + 7*v
		}
	}
	got := decide(t, shuffled, Options{Request: SampleLevel})
	for to, from := range order {
		a, b := got.Samples[to], want.Samples[from]
		if a.Verdict != b.Verdict || a.Before.PValue != b.Before.PValue || a.After.PValue != b.After.PValue || a.Reason != b.Reason {
			t.Errorf("sample %d: %s %v %v, before shuffling %s %v %v", from, a.Verdict, a.Before.PValue, a.After.PValue, b.Verdict, b.Before.PValue, b.After.PValue)
		}
	}
	if got.Summary.Verdict != want.Summary.Verdict || got.Summary.Reason != want.Summary.Reason {
		t.Errorf("summary %+v, before shuffling %+v", got.Summary, want.Summary)
	}
}

func TestDecisionRepeats(t *testing.T) {
	in := easy.audit(rand.New(rand.NewPCG(13, 1)))
	if a, b := decide(t, in, Options{Seed: 7}), decide(t, in, Options{Seed: 7}); !reflect.DeepEqual(a, b) {
		t.Error("two decisions on one input differ")
	}
}

func TestPowerSaysWhatWouldHaveBeenNoticed(t *testing.T) {
	strong := decide(t, easy.audit(rand.New(rand.NewPCG(14, 1))), Options{})
	if p := strong.Power; p == nil || p.Kept != 1 || p.Noticed < 0.95 {
		t.Errorf("where every control is found, one kept sample of four should be noticed: %+v", p)
	}
	w := easy
	w.missed = 0.9
	weak := decide(t, w.audit(rand.New(rand.NewPCG(14, 2))), Options{})
	if p := weak.Power; p == nil || p.Kept == 1 {
		t.Errorf("where most controls are lost, one kept sample should not be noticed: %+v", p)
	}
	w = easy
	w.forget, w.references = 40, 99 // 1/100 > 0.05/40: one alone cannot be told from chance
	coarse := decide(t, w.audit(rand.New(rand.NewPCG(14, 3))), Options{})
	if p := coarse.Power; p == nil || p.Kept < 8 {
		t.Errorf("with 99 reference images fewer than 8 of 40 samples cannot reach the level: %+v", p)
	}
	if !strings.Contains(strings.Join(coarse.Notes, " "), "that takes at least 799") {
		t.Errorf("the notes do not say how many reference images it takes: %q", coarse.Notes)
	}
}

func TestDecideRefuses(t *testing.T) {
	good := easy.audit(rand.New(rand.NewPCG(15, 1)))
	for name, c := range map[string]struct {
		spoil func(*Input, *Options)
		says  string
	}{
		"no forget":      {func(in *Input, _ *Options) { in.Samples = in.Samples[easy.forget:] }, "nothing to decide"},
		"role":           {func(in *Input, _ *Options) { in.Samples[1].Role = "keep" }, `"keep"`},
		"no statistics":  {func(in *Input, _ *Options) { in.Statistics = nil }, "no statistic"},
		"score count":    {func(in *Input, _ *Options) { in.Statistics[1].After.Samples = in.Statistics[1].After.Samples[1:] }, "ncc of the model after"},
		"null count":     {func(in *Input, _ *Options) { in.Statistics[2].Before.Null = nil }, "span of the model before"},
		"not a number":   {func(in *Input, _ *Options) { in.Statistics[0].After.Samples[3] = math.NaN() }, "sample 3"},
		"labels":         {func(in *Input, _ *Options) { in.ReferenceLabels = []int{1} }, "1 reference labels"},
		"level":          {func(_ *Input, o *Options) { o.Level = 1.5 }, "level 1.5"},
		"absent above":   {func(_ *Input, o *Options) { o.Level, o.AbsentAbove = 0.1, 0.05 }, "absent above 0.05"},
		"request":        {func(_ *Input, o *Options) { o.Request = "all" }, `"all"`},
		"level 1":        {func(_ *Input, o *Options) { o.Level = 1 }, "level 1"},
		"absent above 1": {func(_ *Input, o *Options) { o.AbsentAbove = 1 }, "absent above 1"},
		"tau 1":          {func(_ *Input, o *Options) { o.Tau = 1 }, "tau 1"},
		"tau -1":         {func(_ *Input, o *Options) { o.Tau = -1 }, "tau -1"},
		"controls":       {func(_ *Input, o *Options) { o.MinControls = -1 }, "-1 controls"},
		"control rate":   {func(_ *Input, o *Options) { o.ControlRate = 1.1 }, "control rate 1.1"},
		"kept share":     {func(_ *Input, o *Options) { o.KeptShare = 1.1 }, "kept share 1.1"},
		"below 0":        {func(_ *Input, o *Options) { o.ControlRate = -0.1 }, "control rate -0.1"},
		"share below 0":  {func(_ *Input, o *Options) { o.KeptShare = -0.1 }, "kept share -0.1"},
		"draws":          {func(_ *Input, o *Options) { o.Draws = 5 }, "5 draws"},
	} {
		in, opts := clone(good), Options{}
		c.spoil(&in, &opts)
		if _, err := Decide(in, opts); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func TestWordsAreWhole(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(16, seed))
		w := world{forget: 1 + rng.IntN(4), retain: rng.IntN(30), references: rng.IntN(3) * 60, lift: []float64{2, 3, 6}, trained: rng.IntN(4) > 0,
			kept: rng.IntN(2) > 0, missed: rng.Float64() / 2}
		d := decide(t, w.audit(rng), Options{Draws: 99})
		words := append([]string{d.Summary.Reason, d.Summary.Statistic}, d.Notes...)
		for _, s := range d.Samples {
			words = append(words, s.Reason)
		}
		for _, text := range words {
			if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "NaN") || strings.Contains(text, "  ") || strings.Contains(text, " 1 samples") {
				t.Errorf("%q", text)
			}
		}
		if n := strings.Count(d.Summary.Reason, ". "); n != 1 || !strings.HasSuffix(d.Summary.Reason, ".") {
			t.Errorf("the summary is not two sentences: %q", d.Summary.Reason)
		}
	}
}

// spoilControls makes n controls look never trained on to the model after.
func spoilControls(in *Input, n int) {
	for s := range in.Statistics {
		for k := range n {
			in.Statistics[s].After.Samples[easy.forget+k] = in.Statistics[s].After.Null[k]
		}
	}
}

// keepFirst leaves out all samples after the first n.
func keepFirst(in *Input, n int) {
	in.Samples = in.Samples[:n]
	for s := range in.Statistics {
		in.Statistics[s].Before.Samples = in.Statistics[s].Before.Samples[:n]
		in.Statistics[s].After.Samples = in.Statistics[s].After.Samples[:n]
	}
}

func clone(in Input) Input {
	in.Samples = slices.Clone(in.Samples)
	in.Statistics = slices.Clone(in.Statistics)
	for s := range in.Statistics {
		for _, scores := range []*Scores{&in.Statistics[s].Before, &in.Statistics[s].After} {
			scores.Samples, scores.Null = slices.Clone(scores.Samples), slices.Clone(scores.Null)
		}
	}
	return in
}

// A control is left out of the weights that it is judged with, the first one as well.
func TestControlIsNotItsOwnEvidence(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 1))
	var nulls [][]float64
	for range 2 {
		null := make([]float64, 100)
		for i := range null {
			null[i] = rng.NormFloat64()
		}
		nulls = append(nulls, null)
	}
	controls := [][]float64{{0, 30}}
	for range 8 {
		controls = append(controls, []float64{4 + rng.NormFloat64(), rng.NormFloat64()})
	}
	all, others := newCombiner(nulls, controls), newCombiner(nulls, controls[1:])
	if got, want := all.evaluate(controls[0], 0), others.evaluate(controls[0], -1); got != want {
		t.Errorf("%+v, want %+v as by the other controls", got, want)
	}
}

func TestRulesOfOneSample(t *testing.T) {
	audited := func(change func(a *audit, s *SampleDecision)) (*audit, *SampleDecision) {
		a := newAudit(placedAudit(one(20, 0), places(12, place{20, 20})), Options{}.WithDefaults())
		s := &a.Samples[0]
		s.Before.Recoverable, s.After.Absent, s.KeptProbability = true, true, 0.01
		s.Before.PValues, s.After.PValues = []float64{0.001}, []float64{0.5}
		change(a, s)
		return a, s
	}
	startIs := func(a *audit, verdict Verdict) {
		a.in.Statistics = append(a.in.Statistics, Statistic{Name: StartStatistic})
		a.Together = &Together{Verdict: verdict, AfterPValue: 1}
		if verdict == "" {
			a.Together = nil
		}
	}
	for _, c := range []struct {
		name   string
		change func(a *audit, s *SampleDecision)
		want   Verdict
	}{
		{"gone", func(*audit, *SampleDecision) {}, Unlearned},
		{"kept probability at the level", func(_ *audit, s *SampleDecision) { s.KeptProbability = defaultLevel }, Unlearned},
		{"kept probability above the level", func(_ *audit, s *SampleDecision) { s.KeptProbability = 0.051 }, Inconclusive},
		{"a control that is shown", func(_ *audit, s *SampleDecision) { s.Role, s.After.Shown = Retain, true }, Inconclusive},
		{"shown after, recoverable before", func(_ *audit, s *SampleDecision) { s.After.Shown = true }, Retained},
		{"shown after, shown before", func(_ *audit, s *SampleDecision) {
			s.Before.Recoverable, s.Before.Shown, s.After.Shown = false, true, true
		}, Retained},
		{"shown after alone", func(_ *audit, s *SampleDecision) { s.Before.Recoverable, s.After.Shown = false, true }, Inconclusive},
		{"recoverable, not clear", func(_ *audit, s *SampleDecision) { s.After.Recoverable, s.After.Absent = true, false }, Inconclusive},
		{"recoverable and clear", func(_ *audit, s *SampleDecision) { s.After.Recoverable, s.After.Clear = true, true }, Retained},
		{"a start, and nothing known of the group", func(a *audit, _ *SampleDecision) { startIs(a, "") }, Inconclusive},
		{"a start, and a group of which nothing is said", func(a *audit, _ *SampleDecision) { startIs(a, Inconclusive) }, Inconclusive},
		{"a start, and a group that is gone", func(a *audit, _ *SampleDecision) { startIs(a, Unlearned) }, Unlearned},
	} {
		a, s := audited(c.change)
		if got, reason := a.verdict(s); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, reason)
		}
	}
}

// A statistic without power takes no part, whatever its scores.
func TestNoPowerTakesNoPart(t *testing.T) {
	in := placedAudit(one(20, 0), places(12, place{20, 20}))
	useless := in.Statistics[0]
	useless.Name, useless.After = "useless", Scores{Null: ladder(), Samples: slices.Repeat([]float64{50}, 13), NoPower: "noise"}
	for _, use := range []Use{ForSamples, ForRetained} {
		useless.Use = use
		with := in
		with.Statistics = append(slices.Clone(in.Statistics), useless)
		if s := decide(t, with, Options{}).Samples[0].After; s.Recoverable || s.Shown {
			t.Errorf("%q: a statistic without power makes a sample recoverable: %v, or shows it: %v", use, s.Recoverable, s.Shown)
		}
	}
}

func TestRequestKind(t *testing.T) {
	kind := func(forget, retain []int) RequestKind {
		in := placedAudit(places(len(forget), place{20, 0}), places(len(retain), place{20, 20}))
		for i, l := range append(slices.Clone(forget), retain...) {
			in.Samples[i].Label = l
		}
		return newAudit(in, Options{}.WithDefaults()).Options.Request
	}
	for _, c := range []struct {
		forget, retain []int
		want           RequestKind
	}{
		{[]int{0, 0}, []int{1, 2}, ClassLevel},
		{[]int{0}, []int{1, 2}, SampleLevel},
		{[]int{0, 0}, []int{1}, SampleLevel},
		{[]int{-1, -1}, []int{1, 2}, SampleLevel},
		{[]int{0, 0}, []int{0, 2}, SampleLevel},
		{[]int{0, 3}, []int{1, 2}, SampleLevel},
	} {
		if got := kind(c.forget, c.retain); got != c.want {
			t.Errorf("labels %v to forget and %v to retain: %s", c.forget, c.retain, got)
		}
	}
}

// The reference images of a class are enough where their p-values can reach the level.
func TestClassReferencesAtTheLevel(t *testing.T) {
	for n, want := range map[int]int{18: 0, 19: 19} {
		in := placedAudit(places(2, place{20, 0}), places(12, place{20, 20}))
		for i := range in.Samples {
			in.Samples[i].Label = count(i >= 2)
		}
		in.ReferenceLabels = slices.Repeat([]int{1}, ladderSize)
		for i := range n {
			in.ReferenceLabels[i*20] = 0
		}
		if got := decide(t, in, Options{Draws: 99}).ClassReferences; got != want {
			t.Errorf("%d reference images of the class: %d are compared with", n, got)
		}
	}
}
