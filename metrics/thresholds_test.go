package metrics

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// The tests of this file place evidence on either side of each threshold in thresholds.go, in plain numbers, and at the
// threshold itself, which belongs to the side that its comment names. They fail if a threshold leaves its safe range.

// place is where an image stands in the two models, in spreads above the median of the null distribution.
type place struct{ before, after float64 }

const ladderSize = 400

// ladder is a null distribution of evenly spaced quantiles of the normal distribution: its median is 0 and its spread 1.
func ladder() []float64 {
	out := make([]float64, ladderSize)
	for i := range out {
		out[i] = distuv.UnitNormal.Quantile((float64(i) + 0.5) / ladderSize)
	}
	return out
}

// below is a score that so many images of the ladder reach or exceed.
func below(above int) float64 { return ladder()[ladderSize-above] - 1e-9 }

// placedAudit is an audit by one statistic.
func placedAudit(forget, controls []place) Input {
	st := Statistic{Name: "ssim", Title: "SSIM", Before: Scores{Null: ladder()}, After: Scores{Null: ladder()}}
	in := Input{Before: passed(), After: passed()}
	for i, p := range append(slices.Clone(forget), controls...) {
		role := Forget
		if i >= len(forget) {
			role = Retain
		}
		in.Samples = append(in.Samples, Sample{Role: role, Label: -1})
		st.Before.Samples = append(st.Before.Samples, p.before)
		st.After.Samples = append(st.After.Samples, p.after)
	}
	in.Statistics = []Statistic{st}
	return in
}

func places(n int, p place) []place { return slices.Repeat([]place{p}, n) }

func one(before, after float64) []place { return []place{{before, after}} }

func TestCertainAndDoubtfulHeights(t *testing.T) {
	kept := places(12, place{20, 20})
	for _, c := range []struct {
		name     string
		sample   place
		controls []place
		clear    bool
	}{
		{"below certain", place{6, 3.6}, kept, false},
		{"above certain", place{6, 4.4}, kept, true},
		{"lost far more than the controls, below doubtful", place{40, 7.2}, kept, false},
		{"lost far more than the controls, above doubtful", place{60, 8.8}, kept, true},
		{"lost 3.6 times as much as the controls", place{40, 5}, places(12, place{20, 9}), true},
		{"lost 4.4 times as much as the controls", place{40, 5}, places(12, place{20, 11}), false},
	} {
		if got := decide(t, placedAudit([]place{c.sample}, c.controls), Options{}).Samples[0].After; got.Clear != c.clear || !got.Recoverable {
			t.Errorf("%s: clear %v, recoverable %v, height %.2f", c.name, got.Clear, got.Recoverable, got.Height)
		}
	}
}

// A height that is the threshold counts.
func TestHeightsAtTheirThresholds(t *testing.T) {
	a := newAudit(placedAudit(one(1, 1), places(2, place{1, 1})), Options{}.WithDefaults())
	s := &a.Samples[0]
	s.Before, s.After = Evidence{Recoverable: true, Height: 100}, Evidence{Clear: true, Height: doubtful}
	for _, i := range a.retain {
		a.Samples[i].Before, a.Samples[i].After = Evidence{Recoverable: true, Height: 100}, Evidence{Height: 100}
	}
	if a.compareLosses(); !s.After.Clear {
		t.Error("a height of doubtful is left to the controls")
	}
	for _, c := range []struct {
		control float64
		lost    bool
	}{{lossBeyond * doubtful, true}, {lossBeyond*doubtful - 1, false}} {
		a.Samples[a.retain[0]].After.Height = c.control
		if got := a.lostBeyondControls(s); got != c.lost {
			t.Errorf("a control at a height of %v: lost beyond it is %v", c.control, got)
		}
	}
}

func TestMatchedControls(t *testing.T) {
	heights := []float64{5, 5, 5, 5, 5, 17, 25, 25, 25, 25}
	count := func(heights []float64) int {
		a := newAudit(placedAudit(one(1, 1), places(len(heights), place{1, 1})), Options{}.WithDefaults())
		for k, i := range a.retain {
			a.Samples[i].Before = Evidence{Recoverable: true, Height: heights[k]}
		}
		a.Samples[0].Before = Evidence{Recoverable: true, Height: 10}
		return len(a.matchedControls(&a.Samples[0]))
	}
	if got := count(heights); got != 6 {
		t.Errorf("%d of the controls at %v are like a sample at 10, want 6", got, heights)
	}
	if got := count([]float64{5, alike * 10, 30}); got != 2 {
		t.Errorf("%d controls, want the one at alike times the sample's height among them", got)
	}
	if got := count([]float64{30, 40, 50}); got != 2 {
		t.Errorf("%d of three controls that are all higher, want the lower half, rounded up", got)
	}
}

// shownBy is whether a supplied start shows a sample at a height, beside controls at another.
func shownBy(t *testing.T, sample float64, controls []place) bool {
	in := placedAudit(one(20, sample), controls)
	supplied := in.Statistics[0]
	supplied.Name, supplied.Use = "supplied start", ForRetained
	in.Statistics = append(in.Statistics, supplied)
	return decide(t, in, Options{}).Samples[0].After.Shown
}

func TestShownShare(t *testing.T) {
	controls := places(12, place{20, 20})
	if shownBy(t, 9, controls) || !shownBy(t, 12, controls) {
		t.Error("a sample must stand half as high as the controls to be shown, and does not at 9 of 20 or does not count at 12")
	}
	few := places(4, place{20, 20})
	if !shownBy(t, 9, few) || shownBy(t, 7, few) {
		t.Error("with too few controls a height of doubtful shows a sample")
	}
	if shownBy(t, 9, places(enoughControls, place{20, 20})) {
		t.Error("enoughControls controls do not count")
	}
}

func TestDefaultLevels(t *testing.T) {
	// One control was lost, so that the sample's loss is no sign of its absence.
	controls := append(places(12, place{20, 20}), place{20, 0})
	evidence := func(above int, o Options) Evidence {
		return decide(t, placedAudit(one(20, below(above)), controls), o).Samples[0].After
	}
	for above, recoverable := range map[int]bool{15: true, 23: false} { // p = 0.040 and 0.060
		if got := evidence(above, Options{}); got.Recoverable != recoverable {
			t.Errorf("p = %.4f: recoverable %v", got.PValue, got.Recoverable)
		}
	}
	for above, absent := range map[int]bool{15: false, 23: true} {
		if got := evidence(above, Options{Level: 0.01}); got.Absent != absent {
			t.Errorf("p = %.4f: absent %v", got.PValue, got.Absent)
		}
	}
	at := evidence(15, Options{})
	if got := evidence(15, Options{Level: 0.01, AbsentAbove: at.PValue}); got.Absent {
		t.Error("a p-value of AbsentAbove counts as absent")
	}
}

func TestGuardLevel(t *testing.T) {
	guarded := func(use Use, above int) bool {
		in := placedAudit(one(20, 0), places(12, place{20, 20}))
		guard := in.Statistics[0]
		guard.Name, guard.Use, guard.After = "guard", use, Scores{Null: ladder(), Samples: slices.Clone(in.Statistics[0].After.Samples)}
		guard.After.Samples[0] = below(above)
		in.Statistics = append(in.Statistics, guard)
		return decide(t, in, Options{}).Samples[0].After.Guarded
	}
	for _, use := range []Use{AsGuard, ForRetained} {
		if !guarded(use, 2) || guarded(use, 5) { // p = 0.0075 and 0.015
			t.Errorf("a statistic %q guards at p = 0.0075: %v, at 0.015: %v", use, guarded(use, 2), guarded(use, 5))
		}
	}
	if guarded(ForRequest, 2) {
		t.Error("a statistic for the request guards single samples without a known start")
	}
	if !guarded(ForBoth, 398) || guarded(ForBoth, 394) || guarded(ForBoth, 2) {
		t.Error("only what lies below nearly all of the null distribution is guarded by a statistic for both")
	}
	in := placedAudit(one(20, 0), nil)
	in.Statistics[0].Use = AsGuard
	a := newAudit(in, Options{}.WithDefaults())
	if !a.guarded(Evidence{PValues: []float64{guardLevel}}) {
		t.Error("a p-value of guardLevel does not guard")
	}
	a.in.Statistics[0].Use = ForBoth
	if a.guarded(Evidence{PValues: []float64{1 - guardLevel}}) {
		t.Error("a share of guardLevel below guards")
	}
	a.in.Statistics = []Statistic{{Use: ForRequest}, {Name: StartStatistic}}
	if !a.guarded(Evidence{PValues: []float64{guardLevel, 1}}) {
		t.Error("where a start judges, a p-value of guardLevel by the layers does not guard")
	}
}

func TestCopyGuardLevel(t *testing.T) {
	guards := func(c *Copies, use Use) bool {
		a := audit{in: Input{Copies: c, Statistics: []Statistic{{Name: "imprint", Use: use}}}}
		return a.copiesGuard()[0]
	}
	// of is a sample that so many of 99 images reach; where pictures are given, that so many reach by these.
	of := func(above, pictures int) *Copies {
		c := &Copies{Versions: []string{"v"}, Samples: [][]float64{{float64(99-above) - 0.5}}}
		for i := range 99 {
			c.Null = append(c.Null, []float64{float64(i)})
		}
		if pictures >= 0 {
			c.Pictures = []float64{float64(99-pictures) - 0.5}
			for i := range 99 {
				c.NullPictures = append(c.NullPictures, float64(i))
			}
		}
		return c
	}
	for _, c := range []struct {
		above, pictures int
		use             Use
		want            bool
	}{
		{0, -1, ForRequest, true}, {1, -1, ForRequest, false}, // p = 0.01 and 0.02
		{50, 0, ForRequest, true}, {50, 1, ForRequest, false},
		{0, 50, ForRequest, false}, {0, 9, ForRequest, false}, {0, 4, ForRequest, true}, // pictures speak against it
		{0, 50, ForBoth, true}, // but do not judge
		{0, int(100*unseenAbove) - 1, ForRequest, true}, {0, int(100 * unseenAbove), ForRequest, false},
	} {
		if got := guards(of(c.above, c.pictures), c.use); got != c.want {
			t.Errorf("a copy that %d of 99 reach, by pictures %d, %v: guards %v", c.above, c.pictures, c.use, got)
		}
	}
}

func TestCopiesLevel(t *testing.T) {
	shows := func(p float64, statistics ...string) bool {
		a := audit{in: Input{}}
		a.Options = Options{}.WithDefaults()
		for _, name := range statistics {
			a.in.Statistics = append(a.in.Statistics, Statistic{Name: name})
		}
		a.Together = &Together{AfterPValue: 0.5, After: []GroupTail{{Statistic: copiesStatistic, PValue: 0.9}, {Statistic: copiesStatistic, PValue: p}, {PValue: 0.9}}}
		return a.togetherShow() != nil
	}
	if !shows(0.017) || shows(0.033) || !shows(copiesLevel/2) {
		t.Errorf("two tests of copies show the samples at p = 0.017: %v, 0.033: %v, copiesLevel/2: %v", shows(0.017), shows(0.033), shows(copiesLevel/2))
	}
	if !shows(0.007, StartStatistic) || shows(0.014, StartStatistic) {
		t.Errorf("beside a known start, p = 0.007: %v, 0.014: %v", shows(0.007, StartStatistic), shows(0.014, StartStatistic))
	}
}

// Altered copies that layers answer to keep no sample that is judged by what was reconstructed, where none of that resembles them.
func TestUnseenAbove(t *testing.T) {
	shows := func(p, pictures float64, use Use) bool {
		a := audit{in: Input{Statistics: []Statistic{{Name: "imprint", Use: use}}}}
		a.Options = Options{}.WithDefaults()
		a.Together = &Together{AfterPValue: min(1, 2*min(p, pictures)), After: []GroupTail{{Statistic: copiesStatistic, PValue: p}}}
		if pictures > 0 {
			a.Together.After = append(a.Together.After, GroupTail{Statistic: picturesStatistic, PValue: pictures})
		} else {
			a.Together.AfterPValue = p
		}
		return a.togetherShow() != nil && a.togetherBlocks() != nil
	}
	for _, c := range []struct {
		p, pictures float64 // none for 0
		use         Use
		want        bool
	}{
		{0.01, 0.9, ForRequest, false}, {0.01, 0.09, ForRequest, false}, {0.01, 0.05, ForRequest, true},
		{0.0004, 0.9, ForRequest, true},           // plainly there
		{RequestLevel / 2, 0.9, ForRequest, true}, // two tests
		{0.9, 0.02, ForRequest, true},             // seen, and not answered to
		{0.01, 0, ForRequest, true},               // nothing was reconstructed from the model after
		{0.01, 0.9, ForBoth, true},                // nor anything looked for
		{0.01, 0.99 * unseenAbove, ForRequest, true}, {0.01, 1.01 * unseenAbove, ForRequest, false},
	} {
		if got := shows(c.p, c.pictures, c.use); got != c.want {
			t.Errorf("p = %v, pictures %v, %v: shows %v", c.p, c.pictures, c.use, got)
		}
	}
}

// Where several tests block a request, the sentence names the one that shows most.
func TestStrongestBlocks(t *testing.T) {
	a := audit{}
	a.Options = Options{}.WithDefaults()
	a.Together = &Together{AfterPValue: 0.009, After: []GroupTail{{Statistic: "first", PValue: 0.012}, {Statistic: "second", PValue: 0.003}, {Statistic: "third", PValue: 0.9}}}
	if got := a.togetherBlocks(); got == nil || got.Statistic != "second" {
		t.Errorf("%+v", got)
	}
}

// judged is the verdict on a request that is unlearned in every respect but what change does to it.
func judged(change func(*Together, *audit)) Verdict {
	a := &audit{retain: make([]int, 30)}
	a.Options = Options{}.WithDefaults()
	t := &Together{Samples: 30, Before: 1e-4, ControlsBefore: 1e-4, ControlsAfter: 1e-4, KeptAtMost: 3, NoticedFrom: 10, AfterPValue: 0.5,
		After: []GroupTail{{PValue: 0.5}}}
	a.Together = t
	change(t, a)
	verdict, _ := t.judge(a)
	return verdict
}

func TestJudgeTogether(t *testing.T) {
	started := func(a *audit) { a.in.Statistics = []Statistic{{Name: StartStatistic}} }
	derived := func(t *Together, a *audit, statistic string, p float64) {
		a.in.Lineage = &Lineage{Relation: "derived"}
		t.After = append(t.After, GroupTail{Statistic: statistic, PValue: p})
	}
	loss := func(t *Together, p float64) {
		t.After = append(t.After, GroupTail{Statistic: lossStatistic, PValue: p})
	}
	copies := func(t *Together, p float64) { // two tests
		t.After = append(t.After, GroupTail{Statistic: copiesStatistic, PValue: p}, GroupTail{Statistic: copiesStatistic, PValue: 0.9})
	}
	for _, c := range []struct {
		name   string
		change func(*Together, *audit)
		want   Verdict
	}{
		{"nothing", func(*Together, *audit) {}, Unlearned},
		{"after 0.00075", func(t *Together, _ *audit) { t.AfterPValue = 0.00075 }, Retained},
		{"after RequestLevel", func(t *Together, _ *audit) { t.AfterPValue = RequestLevel }, Retained},
		{"after 0.0015", func(t *Together, _ *audit) { t.AfterPValue = 0.0015 }, Inconclusive},
		{"after 0.04", func(t *Together, _ *audit) { t.AfterPValue = 0.04 }, Inconclusive},
		{"after Level", func(t *Together, _ *audit) { t.AfterPValue = defaultLevel }, Inconclusive},
		{"after 0.06", func(t *Together, _ *audit) { t.AfterPValue = 0.06 }, Unlearned},
		{"before 0.00075", func(t *Together, _ *audit) { t.Before = 0.00075 }, Unlearned},
		{"before RequestLevel", func(t *Together, _ *audit) { t.Before = RequestLevel }, Unlearned},
		{"before 0.0015", func(t *Together, _ *audit) { t.Before = 0.0015 }, Inconclusive},
		{"controls before RequestLevel", func(t *Together, _ *audit) { t.ControlsBefore = RequestLevel }, Unlearned},
		{"controls before 0.0015", func(t *Together, _ *audit) { t.ControlsBefore = 0.0015 }, Inconclusive},
		{"controls after RequestLevel", func(t *Together, _ *audit) { t.ControlsAfter = RequestLevel }, Unlearned},
		{"controls after 0.0015", func(t *Together, _ *audit) { t.ControlsAfter = 0.0015 }, Inconclusive},
		{"7 controls", func(_ *Together, a *audit) { a.retain = a.retain[:7] }, Unlearned},
		{"6 controls", func(_ *Together, a *audit) { a.retain = a.retain[:6] }, Inconclusive},
		{"a third kept", func(t *Together, _ *audit) { t.KeptAtMost = 10 }, Unlearned},
		{"11 of 30 kept", func(t *Together, _ *audit) { t.KeptAtMost = 11 }, Inconclusive},
		{"one kept at least", func(t *Together, _ *audit) { t.KeptAtLeast = 1 }, Inconclusive},
		{"noticed from half", func(t *Together, _ *audit) { t.NoticedFrom = 15 }, Unlearned},
		{"noticed from 16 of 30", func(t *Together, _ *audit) { t.NoticedFrom = 16 }, Inconclusive},
		{"start, noticed from 18 of 30", func(t *Together, a *audit) { started(a); t.NoticedFrom = 18 }, Unlearned},
		{"start, noticed from 19 of 30", func(t *Together, a *audit) { started(a); t.NoticedFrom = 19 }, Inconclusive},
		{"never noticed", func(t *Together, _ *audit) { t.NoticedFrom = 0 }, Inconclusive},
		{"the loss at Level", func(t *Together, _ *audit) { loss(t, defaultLevel) }, Inconclusive},
		{"the loss at 0.06", func(t *Together, _ *audit) { loss(t, 0.06) }, Unlearned},
		{"start, the loss at 0.025", func(t *Together, a *audit) { started(a); loss(t, 0.025) }, Unlearned},
		{"copies at copiesLevel", func(t *Together, _ *audit) { copies(t, copiesLevel/2) }, Inconclusive},
		{"copies at 0.07", func(t *Together, _ *audit) { copies(t, 0.035) }, Unlearned},
		{"start, copies at 0.028", func(t *Together, a *audit) { started(a); copies(t, 0.014) }, Unlearned},
		{"8 samples", func(t *Together, _ *audit) { t.Samples, t.KeptAtMost, t.NoticedFrom = 8, 1, 4 }, Unlearned},
		{"7 samples", func(t *Together, _ *audit) { t.Samples, t.KeptAtMost, t.NoticedFrom = 7, 1, 3 }, Inconclusive},
		{"a class", func(t *Together, a *audit) { a.Options.Request, t.ByClass = ClassLevel, true }, Unlearned},
		{"a class against all", func(_ *Together, a *audit) { a.Options.Request = ClassLevel }, Inconclusive},
		{"start, after 0.015", func(t *Together, a *audit) { started(a); t.AfterPValue = 0.015 }, Inconclusive},
		{"start, after provenLevel", func(t *Together, a *audit) { started(a); t.AfterPValue = provenLevel }, Inconclusive},
		{"start, after 0.025", func(t *Together, a *audit) { started(a); t.AfterPValue = 0.025 }, Unlearned},
		{"start, a tenth kept", func(t *Together, a *audit) { started(a); t.KeptAtMost = 3 }, Unlearned},
		{"start, 4 of 30 kept", func(t *Together, a *audit) { started(a); t.KeptAtMost = 4 }, Inconclusive},
		{"start, 2 of 10 kept", func(t *Together, a *audit) { started(a); t.Samples, t.KeptAtMost, t.NoticedFrom = 10, 2, 5 }, Unlearned},
		{"start, 3 of 10 kept", func(t *Together, a *audit) { started(a); t.Samples, t.KeptAtMost, t.NoticedFrom = 10, 3, 5 }, Inconclusive},
		{"derived, a layer at 0.025", func(t *Together, a *audit) { derived(t, a, layersStatistic, defaultLevel/2) }, Inconclusive},
		{"derived, a layer at 0.026", func(t *Together, a *audit) { derived(t, a, layersStatistic, 0.026) }, Unlearned},
		{"derived, the loss at 0.02", func(t *Together, a *audit) { derived(t, a, lossStatistic, 0.02) }, Inconclusive},
		{"derived, a guard at 0.02", func(t *Together, a *audit) { derived(t, a, "rival", 0.02) }, Unlearned},
		{"independent, a layer at 0.02", func(t *Together, a *audit) {
			derived(t, a, layersStatistic, 0.02)
			a.in.Lineage.Relation = "independent"
		}, Unlearned},
		{"incomparable", func(_ *Together, a *audit) { a.in.Incomparable = "other images" }, Inconclusive},
	} {
		if got := judged(c.change); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A group's tests keep single samples from being called unlearned.
func TestTogetherShow(t *testing.T) {
	for _, c := range []struct {
		name  string
		after float64
		use   Use
		shows bool
	}{
		{"at RequestLevel", RequestLevel, ForRequest, true},
		{"above RequestLevel", 0.0015, ForRequest, false},
		{"the same statistic judges samples, at the level", defaultLevel, ForBoth, true},
		{"the same statistic judges samples, above the level", 0.06, ForBoth, false},
	} {
		a := &audit{in: Input{Statistics: []Statistic{{Use: c.use}}}}
		a.Options = Options{}.WithDefaults()
		a.Together = &Together{AfterPValue: c.after, After: []GroupTail{{PValue: c.after}}}
		if got := a.togetherShow() != nil; got != c.shows {
			t.Errorf("%s: shows %v", c.name, got)
		}
	}
}

// So does the test of the scores by which single samples are judged.
func TestGroupKeepsSamples(t *testing.T) {
	for p, want := range map[float64]Verdict{0.04: Inconclusive, 0.06: Unlearned} {
		in := placedAudit(one(20, 1), places(20, place{20, 20}))
		a := newAudit(in, Options{}.WithDefaults())
		a.weigh()
		a.detect()
		a.compareLosses()
		a.checkControls()
		a.Group = &GroupTest{PValue: p}
		a.judge()
		if got := a.Samples[0].Verdict; got != want {
			t.Errorf("p = %v: %s, %s", p, got, a.Samples[0].Reason)
		}
	}
}

func TestDefaultTau(t *testing.T) {
	in := placedAudit([]place{{0.37, 0.43}, {0.5, 0.4}}, nil)
	in.Statistics[0].Before.Null, in.Statistics[0].After.Null = nil, nil
	d := decide(t, in, Options{})
	if s := d.Samples[0]; s.Before.Recoverable || !s.After.Recoverable {
		t.Errorf("SSIM 0.37 is recoverable: %v, 0.43: %v", s.Before.Recoverable, s.After.Recoverable)
	}
	if !d.Samples[1].After.Recoverable {
		t.Error("an SSIM of tau is not recoverable")
	}
}

func TestControlRate(t *testing.T) {
	for kept, failed := range map[int]bool{15: true, 16: false, 17: false} {
		a := newAudit(placedAudit(one(20, 0), places(20, place{20, 20})), Options{}.WithDefaults())
		for k, i := range a.retain {
			a.Samples[i].Before.Recoverable, a.Samples[i].After.Recoverable = true, k < kept
		}
		if a.checkControls(); (a.Controls.Failed != "") != failed {
			t.Errorf("%d of 20 controls are still there: %q", kept, a.Controls.Failed)
		}
	}
	// More may be recoverable after than before.
	for before, failed := range map[int]bool{6: true, 7: false} {
		c := Controls{Count: 20, Before: before, Rate: 1, Needed: 7, RateNeeded: 0.8}
		if got := c.failure(); (got != "") != failed {
			t.Errorf("%d controls recoverable before: %q", before, got)
		}
	}
}

func TestUnlearnedShare(t *testing.T) {
	for unlearned, want := range map[int]Verdict{0: Inconclusive, 9: Inconclusive, 10: Unlearned, 11: Unlearned} {
		a := newAudit(placedAudit(places(20, place{20, 0}), places(20, place{20, 20})), Options{}.WithDefaults())
		a.Summary.Unlearned = unlearned
		if got, _ := a.overall(); got != want {
			t.Errorf("%d of 20 samples are unlearned: the request is %s", unlearned, got)
		}
	}
}

// A request whose samples are unlearned one by one is not where its group shows them.
func TestGroupLevel(t *testing.T) {
	for p, want := range map[float64]Verdict{0.04: Inconclusive, defaultLevel: Inconclusive, 0.06: Unlearned} {
		a := newAudit(placedAudit(places(20, place{20, 0}), places(20, place{20, 20})), Options{}.WithDefaults())
		a.Summary.Unlearned, a.Group = 20, &GroupTest{PValue: p}
		if got, _ := a.overall(); got != want {
			t.Errorf("p = %v of the group: the request is %s", p, got)
		}
		a.Group, a.Together = nil, &Together{After: []GroupTail{{Statistic: "imprint", PValue: p}}, AfterPValue: p, Verdict: Inconclusive}
		if got, _ := a.overall(); got != want {
			t.Errorf("p = %v together: the request is %s", p, got)
		}
	}
}

// Against a fixed threshold, 36 controls like a sample are needed to rule out that it was kept and missed.
func TestAbsentOfFixed(t *testing.T) {
	for controls, want := range map[int]Verdict{35: Inconclusive, 36: Unlearned} {
		in := placedAudit(one(0.7, 0.3), places(controls, place{0.6, 0.6}))
		in.Statistics[0].Before.Null, in.Statistics[0].After.Null = nil, nil
		if s := decide(t, in, Options{}).Samples[0]; s.Verdict != want {
			t.Errorf("%d controls: %s, %s", controls, s.Verdict, s.Reason)
		}
	}
}

// Bounds on the number of kept samples, from simulated sums of which a stated share lies below the observed one.
func TestBoundsOnKept(t *testing.T) {
	sums := func(share float64) []float64 {
		out := make([]float64, 1000)
		for i := range out {
			out[i] = 1
			if float64(i) < share*1000 {
				out[i] = -1
			}
		}
		return out
	}
	simulated := func(below ...float64) (t Together) {
		m := &simulation{null: make([][]float64, len(below)-1), known: map[int][]float64{}}
		for k, share := range below {
			m.known[k] = sums(share)
		}
		t.After = []GroupTail{{}}
		m.fill(&t, Options{}.WithDefaults())
		return t
	}
	if got := simulated(0.9, 0.2, 0.07, 0.06, 0.04, 0.03, 0.01).KeptAtMost; got != 3 {
		t.Errorf("at most %d are kept, want 3: 4 would give so little in 4 %% of all cases", got)
	}
	if got := simulated(0.9, 0.2, 0.06, 0.06, 0.06, 0.06, 0.06).KeptAtMost; got != 6 {
		t.Errorf("at most %d are kept, want all 6", got)
	}
	if got := simulated(0.99, 0.97, 0.96, 0.93, 0.91, 0.2, 0.1).KeptAtLeast; got != 3 {
		t.Errorf("at least %d are kept, want 3: 2 would give so much in 4 %% of all cases", got)
	}
	if got := simulated(0.5, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1).KeptAtLeast; got != 0 {
		t.Errorf("at least %d are kept, want none", got)
	}
}

func TestNoticedFrom(t *testing.T) {
	m := &simulation{null: make([][]float64, 4), known: map[int][]float64{}}
	for k, share := range []float64{1, 0.5, 0.06, 0.04, 0} { // of sums that are not noticed
		m.known[k] = make([]float64, 1000)
		for i := range m.known[k] {
			m.known[k][i] = 1
			if float64(i) < share*1000 {
				m.known[k][i] = -1
			}
		}
	}
	for i := 940; i < 1000; i++ {
		m.known[0][i] = 0.5 // the limit
	}
	var got Together
	got.After = []GroupTail{{}}
	m.fill(&got, Options{}.WithDefaults())
	if got.NoticedFrom != 3 {
		t.Errorf("noticed from %d kept samples, want 3: 2 are noticed with a probability of 0.94", got.NoticedFrom)
	}
}

func TestVeryLikely(t *testing.T) {
	for rate, want := range map[float64]bool{0.75: false, veryLikely: true, 0.85: true} {
		a := newAudit(placedAudit(one(20, 0), places(20, place{20, 20})), Options{}.WithDefaults())
		a.Controls.RateAtLeast = rate
		if got := strings.Contains(a.requestHonoured(), "very likely"); got != want {
			t.Errorf("controls found with a probability of %v: very likely is %v", rate, got)
		}
	}
}

func TestLikelyLoss(t *testing.T) {
	if got := likely([]int{0, 1, 2}, []float64{-0.6, -math.Ln2, -0.8}); !slices.Equal(got, []int{0}) {
		t.Errorf("positions %v have more than half of the probability", got)
	}
}

func TestEnoughControls(t *testing.T) {
	for n, want := range map[int]bool{4: false, enoughControls: true, 6: true} {
		c := newCombiner([][]float64{ladder()}, slices.Repeat([][]float64{{10}}, n))
		if _, w := c.ofNull(); (w != nil) != want {
			t.Errorf("%d controls: weights %v", n, w)
		}
	}
}

func TestFewestOfClass(t *testing.T) {
	for n, want := range map[int]bool{19: false, 20: true} {
		if g := newGroup([]int{0}, []int{3}, slices.Repeat([]int{3}, n), n); g.byClass != want {
			t.Errorf("%d reference images of the class: by class %v", n, g.byClass)
		}
	}
	if g := newGroup([]int{0}, []int{-1}, slices.Repeat([]int{-1}, 100), 100); g.byClass {
		t.Error("images of unknown classes are taken for a class")
	}
}

func TestDraws(t *testing.T) {
	for draws, ok := range map[int]bool{98: false, 99: true} {
		if err := (Options{Draws: draws}).validate(); (err == nil) != ok {
			t.Errorf("%d draws: %v", draws, err)
		}
	}
	// The statistic either way, three guards, layers and two of copies.
	const tests = 8
	if p := tests / float64(Options{}.WithDefaults().Draws+1); p > RequestLevel {
		t.Errorf("with %d tests no p-value can be under %v", tests, p)
	}
}
