package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Together is the evidence for the samples of the request as a group, where single samples have too little: by one statistic that
// joins the layers' answers to an image, and by the guards. Its error rates follow from two arguments.
//
// Never-trained samples are exchangeable with the reference images of their classes, so that the permutation test of the sum
// of their scores is exact: the chance of [Retained] is at most RequestLevel, over all tests by Bonferroni's inequality.
//
// If a share of the samples had been kept, these would score as the controls do. So the number of samples that can have been
// kept follows by inverting a test: KeptAtMost is the largest number for which a sum as small as the observed one has a
// probability over 0.05, when so many scores are drawn from the controls and the others from the reference images. The
// controls are drawn anew for each simulated sum, so that their own number counts as well. It assumes that the
// controls are exchangeable with the samples: a provider may break that by treating the samples to forget in another way than keeping
// or leaving them out, which the guards are to detect.
type Together struct {
	// Statistic is the name of the statistic.
	Statistic string `json:"statistic"`
	Samples   int    `json:"samples"`
	// ByClass: samples were compared with reference images of their own classes.
	ByClass bool `json:"by_class"`
	// Before is the p-value of the samples in the model before; After are those in the model after, one a test, and
	// AfterPValue the least of these times their number.
	Before      float64     `json:"p_before"`
	After       []GroupTail `json:"after"`
	AfterPValue float64     `json:"p_after"`
	// ControlsBefore and ControlsAfter are the controls' p-values.
	ControlsBefore float64 `json:"controls_p_before"`
	ControlsAfter  float64 `json:"controls_p_after"`
	// NoticedFrom is the smallest number of kept samples for which AfterPValue would have been within Level with a
	// probability of 0.95, 0 where not even all would have been noticed so often: the audit's power, whatever it found.
	NoticedFrom int `json:"noticed_from"`
	// KeptAtMost and KeptAtLeast bound the number of samples that are in the model after (each with 95 % confidence).
	KeptAtMost  int `json:"kept_at_most"`
	KeptAtLeast int `json:"kept_at_least"`
	// Verdict is what this says of the request, and Reason why.
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"`
}

// GroupTail is one test of the samples as a group.
type GroupTail struct {
	Statistic string `json:"statistic"`
	// Below: the test is for scores below those of the reference images, as those of a relabelled sample are.
	Below  bool    `json:"below"`
	PValue float64 `json:"p_value"`
	// Version is the altered copy, or the layer, that shows most, where the test is for several.
	Version string `json:"version,omitempty"`
}

// groupDraws is the number of simulated sums behind each probability.
const groupDraws = 2000

// group compares a role's samples with the reference images, class by class where there are enough of each.
type group struct {
	// strata has one entry a class: the reference images' and the samples' positions.
	strata  []stratum
	byClass bool
}

// stratum is the samples and the reference images of one class, or of all where label is -1.
type stratum struct {
	label         int
	samples, null []int
}

func (a *audit) group(samples []int) group {
	labels := make([]int, len(a.in.Samples))
	for i, s := range a.in.Samples {
		labels[i] = s.Label
	}
	return newGroup(samples, labels, a.in.ReferenceLabels, a.References)
}

// newGroup compares the samples at some positions among labels with references of which so many are given, and the labels of
// these, if they are known.
func newGroup(samples, labels, nullLabels []int, references int) group {
	classes := map[int]*stratum{}
	for _, i := range samples {
		l := labels[i]
		if classes[l] == nil {
			classes[l] = &stratum{label: l}
		}
		classes[l].samples = append(classes[l].samples, i)
	}
	for i, l := range nullLabels {
		if s := classes[l]; s != nil && l >= 0 {
			s.null = append(s.null, i)
		}
	}
	g := group{byClass: true}
	for _, s := range classes {
		if len(s.null) < FewestOfClass {
			return group{strata: []stratum{{label: -1, samples: samples, null: upTo(references)}}}
		}
		g.strata = append(g.strata, *s)
	}
	sort.Slice(g.strata, func(i, j int) bool { return g.strata[i].label < g.strata[j].label })
	return g
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// pValue is that of the permutation test of the sum of the samples' scores, within each class; below reverses it.
func (g group) pValue(s Scores, below bool, o Options) float64 {
	sign := 1.0
	if below {
		sign = -1
	}
	observed, scale := 0.0, 0.0
	pools := make([][]float64, len(g.strata))
	for k, st := range g.strata {
		for _, i := range st.samples {
			observed += sign * s.Samples[i]
			pools[k] = append(pools[k], sign*s.Samples[i])
		}
		for _, i := range st.null {
			pools[k] = append(pools[k], sign*s.Null[i])
		}
		for _, v := range pools[k] {
			scale += math.Abs(v)
		}
	}
	observed -= 1e-12 * scale // equal choices may be summed in another order
	rng := rand.New(rand.NewPCG(o.Seed, 0x746f67))
	atLeast := 1
	for range o.Draws {
		sum := 0.0
		for k, st := range g.strata {
			sum += drawSum(rng, pools[k], len(st.samples))
		}
		atLeast += count(sum >= observed)
	}
	return float64(atLeast) / float64(o.Draws+1)
}

// together looks at the samples of the request as a group.
func (a *audit) together() {
	k := a.requestStatistic()
	if k < 0 || a.Method != Conformal {
		return
	}
	st, o := a.in.Statistics[k], a.Options
	g := a.group(a.forget)
	t := &Together{Statistic: st.Name, Samples: len(a.forget), ByClass: g.byClass, KeptAtMost: len(a.forget), Verdict: Inconclusive,
		Before: 1, AfterPValue: 1, ControlsBefore: 1, ControlsAfter: 1}
	a.Together = t
	if st.Before.NoPower != "" || st.After.NoPower != "" {
		t.Reason = "the layers' answers tell nothing: " + a.noPower(st)
		return
	}
	t.Before = g.pValue(st.Before, false, o)
	t.testAfter(a, g, st)
	if len(a.retain) > 0 {
		c := a.group(a.retain)
		t.ControlsBefore, t.ControlsAfter = c.pValue(st.Before, false, o), c.pValue(st.After, false, o)
		newSimulation(a, g, st.After).fill(t, o)
	}
	t.Verdict, t.Reason = t.judge(a)
}

// requestStatistic is the index of the statistic that decides about requests, or -1.
func (a *audit) requestStatistic() int {
	for k, s := range a.in.Statistics {
		if s.Use == ForRequest || s.Use == ForBoth {
			return k
		}
	}
	return -1
}

func (a *audit) noPower(st Statistic) string {
	if st.Before.NoPower != "" {
		return "of the model before, " + st.Before.NoPower
	}
	return "of the model after, " + st.After.NoPower
}

// testAfter tests the model after by the statistic, either way, and by every guard.
func (t *Together) testAfter(a *audit, g group, st Statistic) {
	add := func(s Statistic, g group, below bool) {
		t.After = append(t.After, GroupTail{Statistic: s.Name, Below: below, PValue: g.pValue(s.After, below, a.Options)})
	}
	add(st, g, false)
	add(st, a.asLabelled(g), true)
	for _, s := range a.in.Statistics {
		if (s.Use == AsGuard || s.Use == ForRetained) && s.After.NoPower == "" {
			add(s, g, false)
		}
	}
	if test := a.layerTest(g); test != nil {
		t.After = append(t.After, *test)
	}
	t.After = append(t.After, a.copyTests()...)
	for _, x := range t.After {
		t.AfterPValue = min(t.AfterPValue, x.PValue*float64(len(t.After)))
	}
}

// asLabelled are those of a group to which the model after gives the class of their label, with more than half of the
// probability. Any image scores below by a class that the network does not give it, trained on or not: a request may be for
// samples that were labelled wrongly. One that was trained on by another label shows above by that.
func (a *audit) asLabelled(g group) group {
	var loss *Scores
	for i, s := range a.in.Statistics {
		if s.Name == lossStatistic && s.After.NoPower == "" {
			loss = &a.in.Statistics[i].After
		}
	}
	if loss == nil {
		return g
	}
	out := group{byClass: g.byClass}
	for _, st := range g.strata {
		out.strata = append(out.strata, stratum{st.label, likely(st.samples, loss.Samples), likely(st.null, loss.Null)})
	}
	return out
}

// likely are those of some positions whose class has more than half of the probability: the scores are losses with their
// signs changed.
func likely(positions []int, scores []float64) []int {
	var out []int
	for _, i := range positions {
		if scores[i] > -likelyLoss {
			out = append(out, i)
		}
	}
	return out
}

// StartStatistic is the name of the statistic by a known start that cannot have been made up.
const StartStatistic = "start"

// started reports whether single samples are judged by known starts that cannot have been made up.
func (a *audit) started() bool {
	for _, s := range a.in.Statistics {
		if s.Name == StartStatistic && s.After.NoPower == "" {
			return true
		}
	}
	return false
}

// beyondFirst says that a start speaks of one layer alone. Later layers, or branches beside it, may have been trained on samples
// that it was not, and a sample may be taken out of it so that what it passes on stays the same: all layers together must show
// that the samples are gone.
func (a *audit) beyondFirst() string {
	const first = "a known start speaks of the first layer that training moved alone, and all layers together do not show that the samples are gone"
	return a.withGroupReason(first)
}

// goneTogether reports whether the samples of the request are unlearned as a group.
func (a *audit) goneTogether() bool { return a.Together != nil && a.Together.Verdict == Unlearned }

// notGoneTogether says that what layers answer to a single sample is too weak for its absence to mean anything by itself.
func (a *audit) notGoneTogether() string {
	const weak = "what layers answer to a single sample shows its absence only in a request whose samples are absent together"
	return a.withGroupReason(weak)
}

// withGroupReason adds to a sentence why the samples are not unlearned as a group, where that is known.
func (a *audit) withGroupReason(sentence string) string {
	if a.Together == nil || a.Together.Reason == "" {
		return sentence
	}
	return sentence + ": " + a.Together.Reason
}

// mostNoticed is the largest number of kept ones of so many samples that the audit may need to notice them.
func (a *audit) mostNoticed(samples int) int {
	share := noticedShare
	if a.started() {
		share = startedNoticed
	}
	return int(share*float64(samples) + rounding)
}

// mostKept is how many of so many samples can have been kept at most for the request to be unlearned as a group.
func (a *audit) mostKept(samples int) int {
	of := func(share float64) int { return int(share*float64(samples) + rounding) }
	if a.started() {
		return min(max(of(startedShare), startedFew), of(a.Options.KeptShare))
	}
	return of(a.Options.KeptShare)
}

// groupLevel is the p-value up to which samples taken together show too much for a verdict of unlearned.
func (a *audit) groupLevel() float64 {
	if a.started() {
		return min(provenLevel, a.Options.Level)
	}
	return a.Options.Level
}

// judgesKnown reports whether single samples are judged by the same statistic as the request, as where nothing was
// reconstructed.
func (a *audit) judgesKnown() bool {
	k := a.requestStatistic()
	return k >= 0 && a.in.Statistics[k].Use == ForBoth
}

// togetherShow is a test by which the samples show too much as a group for any of them to be called absent, or nil: a
// relabelled sample looks absent by its own label, and one that was altered looks absent as it is. Where samples are judged by
// what was reconstructed, which knows no labels, it takes more; the test of the scores that judge them counts for itself (groupShows).
func (a *audit) togetherShow() *GroupTail {
	t := a.Together
	if t == nil || len(t.After) == 0 {
		return nil
	}
	if t.AfterPValue <= RequestLevel || a.judgesKnown() && t.AfterPValue <= a.groupLevel() {
		return t.strongest()
	}
	if copies := a.copiesShow(); copies != nil && !a.unseen(copies) {
		return copies
	}
	return a.showsFromBefore()
}

// unseen reports whether a test of altered copies by the layers' answers is left without support by what was reconstructed: no more of that
// resembles copies of the samples than copies of never-trained images, where samples are judged by it. Layers answer to what images of one
// source have in common as well, and reference images of another source do not have that.
func (a *audit) unseen(t *GroupTail) bool {
	if t.Statistic != copiesStatistic || a.judgesKnown() || a.started() {
		return false
	}
	pictures, _ := a.Together.strongestOf(picturesStatistic)
	return pictures != nil && pictures.PValue > unseenAbove && t.PValue*float64(len(a.Together.After)) > RequestLevel
}

// togetherBlocks is the test by which the samples show most, where that is too much for the request to be unlearned, or nil.
func (a *audit) togetherBlocks() *GroupTail {
	if a.Together == nil {
		return nil
	}
	var most *GroupTail
	for i := range a.Together.After {
		t := &a.Together.After[i]
		if t.PValue*float64(len(a.Together.After)) <= a.groupLevel() && !a.unseen(t) && (most == nil || t.PValue < most.PValue) {
			most = t
		}
	}
	if most != nil {
		return most
	}
	return a.showsFromBefore()
}

// copiesShow is the test of altered copies that shows most, where these tests by themselves show that copies of the samples are in the
// model after, or nil. A copy that is like none of the versions that were tried shows little in any of many tests.
func (a *audit) copiesShow() *GroupTail {
	level := copiesLevel
	if a.started() {
		level = min(level, provenLevel)
	}
	if copies, n := a.Together.strongestOf(copiesStatistic, picturesStatistic); copies != nil && copies.PValue*float64(n) <= level {
		return copies
	}
	return nil
}

// lossShows is the test by the loss where that alone shows that the model after knows the samples better than never-trained images, or nil.
// Samples that an honestly trained network was trained on for a short time afterwards score far less than the controls by what
// the layers answer; that the network has learnt their labels shows first.
func (a *audit) lossShows() *GroupTail {
	if loss, _ := a.Together.strongestOf(lossStatistic); loss != nil && loss.PValue <= a.groupLevel() {
		return loss
	}
	return nil
}

// strongest is the test of the model after that shows most.
func (t *Together) strongest() *GroupTail {
	best, _ := t.strongestOf()
	return best
}

// strongestOf is the test that shows most among those of some statistics, or of all where none is named, nil where there is
// none, and how many there are.
func (t *Together) strongestOf(statistics ...string) (best *GroupTail, n int) {
	for i := range t.After {
		x := &t.After[i]
		if len(statistics) > 0 && !slices.Contains(statistics, x.Statistic) {
			continue
		}
		n++
		if best == nil || x.PValue < best.PValue {
			best = x
		}
	}
	return best, n
}

// judge applies the rules.
func (t *Together) judge(a *audit) (Verdict, string) {
	o := a.Options
	switch {
	case a.in.Incomparable != "":
		return Inconclusive, a.in.Incomparable
	case t.AfterPValue <= RequestLevel:
		return Retained, t.inEvidence()
	case t.Before > RequestLevel:
		return Inconclusive, fmt.Sprintf("taken together the samples are not plainly in evidence in the model before (%s, at most %g is needed), so their absence from the model after would say nothing", probability(t.Before), RequestLevel)
	case t.AfterPValue <= a.groupLevel():
		s := t.strongest()
		return Inconclusive, fmt.Sprintf("taken together the samples show more in the model after than never-trained images do, but not enough to say that they are there (%s, %s times %d tests)", s.words(), probability(s.PValue), len(t.After))
	case a.showsFromBefore() != nil:
		s := a.showsFromBefore()
		return Inconclusive, fmt.Sprintf("the model after is not known to be trained from another start than the model before (%s), and then the samples must be absent from every layer and by their loss: %s (%s)", a.in.Lineage.Reason, s.words(), probability(s.PValue))
	case len(a.retain) < o.MinControls:
		return Inconclusive, fmt.Sprintf("%s given and %d are needed to know what kept samples look like", plural(len(a.retain), "control"), o.MinControls)
	case t.ControlsBefore > RequestLevel || t.ControlsAfter > RequestLevel:
		return Inconclusive, fmt.Sprintf("the controls, taken together, are not plainly in evidence (%s before, %s after)", probability(t.ControlsBefore), probability(t.ControlsAfter))
	case a.lossShows() != nil:
		return Inconclusive, fmt.Sprintf("the model after knows the samples better than images never trained on: taken together they have less loss (%s)", probability(a.lossShows().PValue))
	case a.copiesShow() != nil:
		return Inconclusive, fmt.Sprintf("altered copies of the samples may be in the model after: %s (%s)", a.copiesShow().words(), probability(a.copiesShow().PValue))
	case t.KeptAtLeast > 0:
		return Inconclusive, fmt.Sprintf("the samples score higher than 95 of 100 such groups of which none was kept: at least %d of the %d are in the model after, if that is no chance and kept samples score as the controls do", t.KeptAtLeast, t.Samples)
	case t.Samples < fewestTogether:
		return Inconclusive, fmt.Sprintf("taken together the samples show no more in the model after than never-trained images do, but %s are too few for a group: a part of the network that was trained on them by itself could be missed, and at least %d are needed", plural(t.Samples, "sample"), fewestTogether)
	case t.NoticedFrom == 0:
		return Inconclusive, fmt.Sprintf("even if all %d samples had been kept, the audit would not have noticed with a probability of %g: more samples, controls or reference images may settle it", t.Samples, noticeOften)
	case t.NoticedFrom > a.mostNoticed(t.Samples):
		return Inconclusive, fmt.Sprintf("the audit would have noticed from %d kept samples of %d on (with a probability of %g), and the verdict unlearned needs that to be at most %d: more samples, controls or reference images may settle it", t.NoticedFrom, t.Samples, noticeOften, a.mostNoticed(t.Samples))
	case t.KeptAtMost > a.mostKept(t.Samples):
		return Inconclusive, fmt.Sprintf("as many as %d of the %d samples can have been kept (95 %% confidence), and the verdict unlearned needs that to be at most %d: more samples, controls or reference images may settle it", t.KeptAtMost, t.Samples, a.mostKept(t.Samples))
	case o.Request == ClassLevel && !t.ByClass:
		return Inconclusive, fmt.Sprintf("the request is for a whole class, and fewer than %d reference images are of it", FewestOfClass)
	}
	return Unlearned, t.gone()
}

func (t *Together) inEvidence() string {
	s := t.strongest()
	out := fmt.Sprintf("taken together the samples are in evidence in the model after: %s (%s)", s.words(), probability(s.PValue))
	if t.KeptAtLeast > 0 {
		out += fmt.Sprintf("; at least %d of the %d are still in it (95 %% confidence)", t.KeptAtLeast, t.Samples)
	}
	return out
}

func (t *Together) gone() string {
	return fmt.Sprintf("taken together the samples were in evidence in the model before (%s) and show no more in the model after than as many images never trained on (%s over %d tests), while the controls still do (%s); at most %d of the %d can have been kept (95 %% confidence)",
		probability(t.Before), probability(t.AfterPValue), len(t.After), probability(t.ControlsAfter), t.KeptAtMost, t.Samples)
}

// words name a test.
func (g *GroupTail) words() string {
	switch {
	case g.Statistic == copiesStatistic:
		return fmt.Sprintf("copies of them, %s, score above such copies of images never trained on", g.Version)
	case g.Statistic == picturesStatistic:
		return "what was reconstructed resembles copies of them more than such copies of images never trained on"
	case g.Statistic == layersStatistic:
		return fmt.Sprintf("they score above images never trained on by the layer %s alone", g.Version)
	case g.Below:
		return "they score below images never trained on by " + g.Statistic + ", as relabelled samples do"
	}
	return "they score above images never trained on by " + g.Statistic
}

// simulation draws sums of scores of requests of which some samples were kept.
type simulation struct {
	// null holds, for each sample of the request, the scores of the reference images that it is compared with; controls
	// those of the controls. All are less the reference images' mean of their class.
	null     [][]float64
	controls []float64
	observed float64
	seed     uint64
	known    map[int][]float64 // the sums of each number of kept samples
}

func newSimulation(a *audit, g group, s Scores) *simulation {
	m := &simulation{seed: a.Options.Seed, known: map[int][]float64{}}
	for _, st := range g.strata {
		null := pick(s.Null, st.null)
		centre := stat.Mean(null, nil)
		floats.AddConst(-centre, null)
		for _, i := range st.samples {
			m.null = append(m.null, null)
			m.observed += s.Samples[i] - centre
		}
	}
	controls := a.group(a.retain)
	if !g.byClass || !controls.byClass {
		controls = group{strata: []stratum{{samples: a.retain, null: upTo(a.References)}}}
	}
	for _, st := range controls.strata {
		centre := stat.Mean(pick(s.Null, st.null), nil)
		for _, i := range st.samples {
			m.controls = append(m.controls, s.Samples[i]-centre)
		}
	}
	return m
}

// sums are simulated sums of the scores when so many samples are kept, in order.
func (m *simulation) sums(kept int) []float64 {
	if out, ok := m.known[kept]; ok {
		return out
	}
	rng := rand.New(rand.NewPCG(m.seed, uint64(kept)))
	own, order := make([]float64, len(m.controls)), upTo(len(m.null))
	out := make([]float64, groupDraws)
	for d := range out {
		for i := range own { // the controls are a sample themselves
			own[i] = m.controls[rng.IntN(len(m.controls))]
		}
		for i := range order {
			if i < kept {
				j := i + rng.IntN(len(order)-i)
				order[i], order[j] = order[j], order[i]
				out[d] += own[rng.IntN(len(own))]
				continue
			}
			null := m.null[order[i]]
			out[d] += null[rng.IntN(len(null))]
		}
	}
	sort.Float64s(out)
	m.known[kept] = out
	return out
}

// fill sets how many kept samples would be noticed, and how many are there.
func (m *simulation) fill(t *Together, o Options) {
	n := len(m.null)
	limit := Quantile(m.sums(0), 1-o.Level/float64(len(t.After)))
	if t.NoticedFrom = 1 + sort.Search(n, func(i int) bool { return shareFrom(m.sums(i+1), limit) >= noticeOften }); t.NoticedFrom > n {
		t.NoticedFrom = 0
	}
	const outside = 1 - noticeOften
	// The first number that is too large, and the first that is not too small.
	tooMany := sort.Search(n+1, func(k int) bool { return 1-shareFrom(m.sums(k), m.observed) <= outside })
	t.KeptAtMost = max(tooMany-1, 0)
	t.KeptAtLeast = sort.Search(n, func(k int) bool { return shareFrom(m.sums(k), m.observed) > outside })
}

// shareFrom is the share of sorted values that are at least v.
func shareFrom(sorted []float64, v float64) float64 {
	return float64(len(sorted)-sort.SearchFloat64s(sorted, v)) / float64(len(sorted))
}
