package metrics

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Comparisons at equality, and what they choose: `.ci/mutate` lists those that no test would miss.

func TestStrongestStatistic(t *testing.T) {
	for _, c := range []struct {
		w, z []float64
		want int
	}{{nil, []float64{1, 3, 2}, 1}, {nil, []float64{3, 3, 2}, 0}, {[]float64{0.9, 0.1}, []float64{1, 3}, 0}, {[]float64{0.5, 0.5}, []float64{1, 3}, 1}} {
		if got := strongest(c.w, c.z); got != c.want {
			t.Errorf("weights %v, statistics %v: the strongest is %d, want %d", c.w, c.z, got, c.want)
		}
	}
}

func TestClearAtCertain(t *testing.T) {
	a := newAudit(placedAudit(one(20, 20), nil), Options{}.WithDefaults())
	s := &a.Samples[0]
	for height, clear := range map[float64]bool{certain: true, certain - 0.01: false} {
		s.After = Evidence{Height: height, PValues: []float64{0.5}}
		a.detectIn(a.forget, a.after, func(s *SampleDecision) *Evidence { return &s.After })
		if s.After.Clear != clear {
			t.Errorf("a height of %v is clear: %v", height, s.After.Clear)
		}
	}
}

func TestWhatThereIsWithoutControls(t *testing.T) {
	in := placedAudit(one(20, 0), nil)
	if d := decide(t, in, Options{}); d.Difference != nil || d.Power != nil {
		t.Errorf("without controls: difference %v, power %v", d.Difference, d.Power)
	}
	a := newAudit(in, Options{}.WithDefaults())
	if a.lostBeyondControls(&a.Samples[0]) {
		t.Error("a sample lost more than controls that there are none of")
	}
}

func TestDifferenceOfCombinedScores(t *testing.T) {
	in := placedAudit(places(2, place{20, 0}), places(12, place{20, 20}))
	if d := decide(t, in, Options{Draws: 99}); len(d.Difference) != 2 || d.Difference[0].Statistic != "combined" {
		t.Errorf("%+v", d.Difference)
	}
	in.Statistics[0].Before.Null, in.Statistics[0].After.Null = nil, nil
	if d := decide(t, in, Options{Draws: 99}); len(d.Difference) != 1 || d.Difference[0].Statistic != "ssim" {
		t.Errorf("without references: %+v", d.Difference)
	}
}

// A guard is one of the tests of the model after where it has power there.
func TestGuardsOfTheGroup(t *testing.T) {
	for _, power := range []string{"", "no layer"} {
		in := crowd{forget: 10, retain: 10, references: 100, lift: 1}.audit(rand.New(rand.NewPCG(3, 1)))
		in.Statistics[1].After.NoPower = power
		found := slices.ContainsFunc(decide(t, in, Options{Draws: 99}).Together.After, func(g GroupTail) bool { return g.Statistic == "rival" })
		if found != (power == "") {
			t.Errorf("no power %q: the guard is a test: %v", power, found)
		}
	}
}

func TestWordsOfBounds(t *testing.T) {
	g := &Together{Samples: 30, After: []GroupTail{{Statistic: "imprint", PValue: 0.001}}}
	if got := g.inEvidence(); strings.Contains(got, "at least") {
		t.Error(got)
	}
	g.KeptAtLeast = 4
	if got := g.inEvidence(); !strings.Contains(got, "at least 4 of the 30 are still in it") {
		t.Error(got)
	}
	a := &audit{}
	first := a.beyondFirst()
	a.Together = &Together{Reason: "too few samples"}
	if got := a.beyondFirst(); got != first+": too few samples" {
		t.Error(got)
	}
}

// Weights come from controls alone, and favour the statistic that tells them apart.
func TestJoin(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	rows := func(n int, lift float64) [][]float64 {
		out := make([][]float64, n)
		for i := range out {
			out[i] = []float64{rng.NormFloat64(), lift + rng.NormFloat64()}
		}
		return out
	}
	nulls, controls := rows(300, 0), rows(30, 3)
	j := Join(nulls, controls, rows(5, 3))
	if len(j.Weights) != 2 || j.Weights[1] < 0.8 || len(j.Null) != 300 || len(j.Controls) != 30 || len(j.Images) != 5 {
		t.Errorf("weights %v, %d, %d and %d scores", j.Weights, len(j.Null), len(j.Controls), len(j.Images))
	}
	if j := Join(nulls, nil, controls); j.Weights != nil {
		t.Errorf("weights %v without controls", j.Weights)
	}
}

func TestOptionsAtTheirBounds(t *testing.T) {
	for _, o := range []Options{{ControlRate: 1}, {KeptShare: 1}, {MinControls: 1}, {Level: 0.1, AbsentAbove: 0.1}} {
		if err := o.validate(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestShowsAtTheLevel(t *testing.T) {
	a := newAudit(placedAudit(one(20, 20), nil), Options{}.WithDefaults())
	if !a.shows(Evidence{PValues: []float64{defaultLevel}}, 0) || a.shows(Evidence{PValues: []float64{0.06}}, 0) {
		t.Error("a p-value up to the level shows a sample, and no larger one")
	}
	a.Method = FixedThreshold
	if !a.shows(Evidence{Scores: []float64{defaultTau}}, 0) || a.shows(Evidence{Scores: []float64{0.39}}, 0) {
		t.Error("an SSIM from tau on shows a sample, and no smaller one")
	}
	if !BenjaminiHochberg([]float64{0.05}, 0.05)[0] {
		t.Error("a p-value of the level is not rejected")
	}
}

func TestWhichDecided(t *testing.T) {
	a := newAudit(placedAudit(places(6, place{20, 0}), nil), Options{}.WithDefaults())
	a.Statistics = []StatisticSummary{{Title: "first", Decisive: 1}, {Title: "second", Decisive: 3}, {Title: "third", Decisive: 2}}
	if got := a.whichDecided(); !strings.Contains(got, "For 3 of the 6 samples the second weighed most") {
		t.Error(got)
	}
	a.Statistics = []StatisticSummary{{Title: "first", Decisive: 3}, {Title: "second", Decisive: 1}, {Title: "third", Decisive: 2}}
	if got := a.whichDecided(); !strings.Contains(got, "For 3 of the 6 samples the first weighed most") {
		t.Error(got)
	}
}

// With as few reference images as a p-value of the level needs, a note says that single samples need more, if there are several.
func TestNoteOnReferences(t *testing.T) {
	notes := func(forget int) string {
		in := placedAudit(places(forget, place{20, 0}), places(12, place{20, 20}))
		st := &in.Statistics[0]
		st.Before.Null, st.After.Null = st.Before.Null[:19], st.After.Null[:19]
		return strings.Join(decide(t, in, Options{Draws: 99}).Notes, " ")
	}
	if got := notes(2); !strings.Contains(got, "that takes at least 39") {
		t.Error(got)
	}
	if got := notes(1); strings.Contains(got, "that takes at least") {
		t.Error(got)
	}
}

func TestCopiesRefuses(t *testing.T) {
	good := func() *Copies {
		return &Copies{Versions: []string{"v"}, Samples: [][]float64{{1}}, Best: []string{"v"}, Null: [][]float64{{1}, {2}}}
	}
	for name, c := range map[string]struct {
		spoil func(*Copies)
		ok    bool
	}{
		"nothing":               {func(*Copies) {}, true},
		"labels":                {func(c *Copies) { c.NullLabels = []int{1, 2} }, true},
		"one label for two":     {func(c *Copies) { c.NullLabels = []int{1} }, false},
		"no reference images":   {func(c *Copies) { c.Null = nil }, false},
		"another sample":        {func(c *Copies) { c.Samples = append(c.Samples, []float64{1}) }, false},
		"no best version":       {func(c *Copies) { c.Best = nil }, false},
		"a score too many":      {func(c *Copies) { c.Null[1] = []float64{1, 2} }, false},
		"pictures":              {func(c *Copies) { c.Pictures, c.NullPictures = []float64{1}, []float64{1, 2} }, true},
		"a picture too many":    {func(c *Copies) { c.Pictures, c.NullPictures = []float64{1, 2}, []float64{1, 2} }, false},
		"a picture too few":     {func(c *Copies) { c.Pictures, c.NullPictures = []float64{1}, []float64{1} }, false},
		"no cosine":             {func(c *Copies) { c.Pictures, c.NullPictures = []float64{math.NaN()}, []float64{1, 2} }, false},
		"no versions, no score": {func(c *Copies) { c.Versions, c.Samples, c.Null = nil, [][]float64{{}}, [][]float64{{}} }, false},
	} {
		copies := good()
		c.spoil(copies)
		if err := copies.validate(1); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Of candidates that are equal the first is the nearest, and an image of the window's size has one window.
func TestNearestOfEquals(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	a, b := noise(rng, 1, 7, 7), noise(rng, 1, 7, 7)
	for name, f := range map[string]func() ([]Match, error){
		"SSIM": func() ([]Match, error) {
			return NearestSSIM(context.Background(), []Image{a}, []Image{b, a, a}, SSIMOptions{})
		},
		"NCC": func() ([]Match, error) { return NearestNCC(context.Background(), []Image{a}, []Image{b, a, a}) },
	} {
		got, err := f()
		if err != nil || got[0].Index != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Controls of which none was recoverable have a rate of 0, which JSON can hold.
func TestRateOfNone(t *testing.T) {
	if c := decide(t, placedAudit(one(20, 0), places(12, place{0, 0})), Options{}).Controls; c.Before != 0 || c.Rate != 0 || c.RateAtLeast != 0 {
		t.Errorf("%+v", c)
	}
}

func TestThinImages(t *testing.T) {
	for _, m := range []Image{NewImage(1, 5, 1), NewImage(1, 1, 5)} {
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// Where the reference images are just enough for the level, the reason is the samples'.
func TestReasonWithJustEnoughReferences(t *testing.T) {
	in := placedAudit(places(2, place{0, 0}), places(12, place{20, 20}))
	st := &in.Statistics[0]
	st.Before.Null, st.After.Null = st.Before.Null[:19], st.After.Null[:19]
	for i := range 2 {
		st.Before.Samples[i], st.After.Samples[i] = -5, -5
	}
	if got := decide(t, in, Options{Draws: 99}).Summary.Reason; !strings.Contains(got, "None of the 2 samples could be recovered") {
		t.Error(got)
	}
}

// The power is simulated with the procedure that decides.
func TestThresholdOfRanks(t *testing.T) {
	const references = 19
	rng := rand.New(rand.NewPCG(16, 1))
	for trial := range 2000 {
		level := []float64{0.05, 0.25, 0.5}[trial%3]
		a := audits{references: references, level: level, counts: make([]int, references+2)}
		ranks, p := make([]int, 1+rng.IntN(6)), []float64{}
		for i := range ranks {
			ranks[i] = 1 + rng.IntN(1+rng.IntN(references+1))
			p = append(p, float64(ranks[i])/(references+1))
		}
		want := 0
		for i, rejected := range BenjaminiHochberg(p, level) {
			if rejected {
				want = max(want, ranks[i])
			}
		}
		if got := a.threshold(ranks); got != want {
			t.Fatalf("of ranks %v at level %v the largest that is rejected is %d, not %d", ranks, level, want, got)
		}
	}
}

// Without reference images and without troubles, what is inconclusive has a reason all the same.
func TestNothingRecoverableAtAFixedThreshold(t *testing.T) {
	in := Input{Before: passed(), After: passed(), Samples: []Sample{{Role: Forget, Label: -1}},
		Statistics: []Statistic{{Name: "ssim", Title: "SSIM", Before: Scores{Samples: []float64{0.1}}, After: Scores{Samples: []float64{0.1}}}}}
	d := decide(t, in, Options{})
	if len(d.Troubles) > 0 || d.Summary.Verdict != Inconclusive || !strings.Contains(d.Summary.Reason, "The sample could not be recovered from the model before") {
		t.Errorf("%s: %q, troubles %q", d.Summary.Verdict, d.Summary.Reason, d.Troubles)
	}
}
