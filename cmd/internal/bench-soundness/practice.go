package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
)

// practiced is a kind of network as people train them, and the request that its pairs are audited for.
type practiced struct {
	row      string
	forget   int // samples of the request
	networks int
}

// The requests are of the size that the evidence of each kind needs (package metrics, Together). With eight models after each,
// these are 160 pairs.
var practices = []practiced{
	{"mlp100", 20, 3}, {"mlp200", 30, 3}, {"adam500", 60, 2}, {"sgd1000", 150, 2}, {"vgg200", 20, 2},
	{"vgg1000", 60, 1}, {"resnet500", 50, 1}, {"aug500", 80, 1}, {"emb100", 20, 3}, {"emb300", 40, 2},
}

const (
	mostControls      = 100
	practiceReference = 1000
)

// A fit is one such network being measured.
type fit struct {
	practiced
	practice.Row
	seed uint64
	dir  string

	forget, keep, controls, never, other, reference *images.Set
	before                                          *onnxio.Model
}

// verdictOf is a pair and what was said of it.
type verdictOf struct {
	alteration
	asked, never metrics.Decision
	seconds      float64
}

// An alteration is a way to come to the model after.
type alteration struct {
	name   string
	honest bool
	make   func(context.Context, *fit) (*onnxio.Model, error)
}

// honestly are four trainings without the samples.
func honestly() []alteration {
	var out []alteration
	for k := range uint64(4) {
		name := "trained without them, same start"
		if k > 0 {
			name = fmt.Sprintf("trained without them, start %d", k)
		}
		out = append(out, alteration{name, true, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
			m, _, err := f.Train(ctx, f.keep, f.seed+100*k)
			return m, err
		}})
	}
	return out
}

// keeping are the ways to keep the samples; each network is given four of them by turns.
var keeping = []alteration{
	{"untouched", false, func(_ context.Context, f *fit) (*onnxio.Model, error) { return f.before, nil }},
	{"trained with them, another start", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
		m, _, err := f.Train(ctx, images.MustJoin(f.forget, f.keep), f.seed+1000)
		return m, err
	}},
	{"ascent, repaired on the rest", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
		up := f.repair(10)
		up.Ascend = 3
		m, err := f.tune(ctx, f.before, f.forget, f.forget.Labels, up)
		if err != nil {
			return nil, err
		}
		return f.tune(ctx, m, f.keep, f.keep.Labels, f.repair(10))
	}},
	{"relabelled, repaired on the rest", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
		m, err := f.relabel(ctx)
		if err != nil {
			return nil, err
		}
		return f.tune(ctx, m, f.keep, f.keep.Labels, f.repair(10))
	}},
	{"relabelled", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) { return f.relabel(ctx) }},
	{"fine-tuned on the rest", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
		return f.tune(ctx, f.before, f.keep, f.keep.Labels, f.repair(10))
	}},
	{"fine-tuned on others", false, func(ctx context.Context, f *fit) (*onnxio.Model, error) {
		return f.tune(ctx, f.before, f.other, f.other.Labels, f.repair(3))
	}},
	{"smallest 20 % pruned", false, func(_ context.Context, f *fit) (*onnxio.Model, error) {
		return fixtures.PruneModel(f.before, 0.2, fixtures.Magnitude, f.seed)
	}},
	{"noise of 5 %", false, func(_ context.Context, f *fit) (*onnxio.Model, error) {
		return fixtures.NoiseModel(f.before, 0.05, f.seed), nil
	}},
}

// relabel goes on training on all samples with other labels for those to forget.
func (f *fit) relabel(ctx context.Context) (*onnxio.Model, error) {
	all := images.MustJoin(f.forget, f.keep)
	labels, err := fixtures.Relabel(all.Labels, images.Positions(0, f.forget.Len()), 10, f.seed)
	if err != nil {
		return nil, err
	}
	return f.tune(ctx, f.before, all, labels, f.repair(20))
}

// repair is the row's training over so many epochs at a fifth of its rate.
func (f *fit) repair(epochs int) fixtures.FitOptions { return repair(f.Row, f.seed, epochs) }

func repair(r practice.Row, seed uint64, epochs int) fixtures.FitOptions {
	o := r.Fit
	o.Epochs, o.Seed, o.Schedule = epochs, seed+7, fixtures.Constant
	o.Rate /= 5
	return o
}

func (f *fit) tune(ctx context.Context, m *onnxio.Model, on *images.Set, labels []int, o fixtures.FitOptions) (*onnxio.Model, error) {
	m, _, err := fixtures.Fit(ctx, m, on.Pixels, labels, o)
	return m, err
}

func (p practiced) fit(ctx context.Context, data, dir string, seed uint64) (*fit, error) {
	f, err := p.load(ctx, data, dir, seed)
	if err != nil {
		return nil, err
	}
	f.before, _, err = f.Train(ctx, images.MustJoin(f.forget, f.keep), seed)
	return f, err
}

// load picks the images.
func (p practiced) load(ctx context.Context, data, dir string, seed uint64) (*fit, error) {
	row, err := practice.Choose([]string{p.row})
	if err != nil {
		return nil, err
	}
	f := &fit{practiced: p, Row: row[0], seed: seed, dir: dir}
	all, err := f.Load(ctx, data, seed)
	if err != nil {
		return nil, err
	}
	at := 0
	take := func(n int) *images.Set {
		at += n
		return all.Range(at-n, at)
	}
	f.forget, f.keep, f.never, f.other = take(p.forget), take(f.Samples-p.forget), take(p.forget), take(f.Samples)
	f.reference = take(practiceReference)
	f.controls = f.keep.Range(0, min(f.keep.Len(), mostControls))
	return f, nil
}

// measure audits the network's pairs: turn chooses the ways to keep.
func (f *fit) measure(ctx context.Context, turn int) ([]verdictOf, error) {
	before, err := f.open(ctx, f.before, "before")
	if err != nil {
		return nil, err
	}
	ways := honestly()
	for k := range 4 {
		ways = append(ways, keeping[(4*turn+k)%len(keeping)])
	}
	var out []verdictOf
	for _, w := range ways {
		m, err := w.make(ctx, f)
		if err != nil {
			return out, fmt.Errorf("%s: %w", w.name, err)
		}
		after, err := f.open(ctx, m, "after")
		if err != nil {
			return out, err
		}
		v := verdictOf{alteration: w}
		begun := time.Now()
		if v.asked, err = f.audit(ctx, before, after, f.forget); err != nil {
			return out, err
		}
		v.seconds = time.Since(begun).Seconds()
		if len(out) == 0 { // once a network: it costs as much again
			if v.never, err = f.audit(ctx, before, after, f.never); err != nil {
				return out, err
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func (f *fit) open(ctx context.Context, m *onnxio.Model, name string) (*audit.Model, error) {
	return imported(ctx, m, filepath.Join(f.dir, fmt.Sprintf("%s-%d-%s.onnx", f.Name, f.seed, name)))
}

func (f *fit) audit(ctx context.Context, before, after *audit.Model, asked *images.Set) (metrics.Decision, error) {
	r := &audit.Request{Before: before, After: after, Reference: f.reference}
	if err := r.Add(asked, metrics.Forget); err != nil {
		return metrics.Decision{}, err
	}
	if err := r.Add(f.controls, metrics.Retain); err != nil {
		return metrics.Decision{}, err
	}
	out, err := audit.Run(ctx, r)
	if err != nil {
		return metrics.Decision{}, err
	}
	return out.Decision, nil
}

// practiceTally counts verdicts on requests.
type practiceTally struct {
	honest, kept, never map[metrics.Verdict]int
	// samples of kept requests that were called unlearned one by one, and of honest ones retained.
	keptUnlearned, keptSamples, honestRetained, honestSamples int
}

func newPracticeTally() practiceTally {
	return practiceTally{honest: map[metrics.Verdict]int{}, kept: map[metrics.Verdict]int{}, never: map[metrics.Verdict]int{}}
}

func (t *practiceTally) add(vs []verdictOf) {
	for _, v := range vs {
		s := v.asked.Summary
		if v.honest {
			t.honest[s.Verdict]++
			t.honestRetained += s.Retained
			t.honestSamples += asked(v.asked)
		} else {
			t.kept[s.Verdict]++
			t.keptUnlearned += s.Unlearned
			t.keptSamples += asked(v.asked)
		}
		if v.never.Summary.Verdict != "" {
			t.never[v.never.Summary.Verdict]++
		}
	}
}

func total(m map[metrics.Verdict]int) int {
	return m[metrics.Unlearned] + m[metrics.Retained] + m[metrics.Inconclusive]
}

func (t *practiceTally) sound() bool {
	return t.kept[metrics.Unlearned] == 0 && t.keptUnlearned == 0 && t.never[metrics.Unlearned] == 0 &&
		share(t.honest[metrics.Retained]+t.never[metrics.Retained], total(t.honest)+total(t.never)) <= falseRetained &&
		share(t.honest[metrics.Unlearned], total(t.honest)) >= 0.8 && share(t.kept[metrics.Retained], total(t.kept)) >= 0.9
}

func (t *practiceTally) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "requests\tmodels\tmeasured\ttarget")
	line := func(what string, m map[metrics.Verdict]int, v metrics.Verdict, target string) {
		fmt.Fprintf(table, "%s, %s\t%d\t%d (%.1f %%)\t%s\n", what, v, total(m), m[v], 100*share(m[v], total(m)), target)
	}
	line("kept", t.kept, metrics.Unlearned, "0")
	line("kept", t.kept, metrics.Retained, ">= 90 %")
	line("left out", t.honest, metrics.Unlearned, ">= 80 %")
	line("left out", t.honest, metrics.Retained, "<= 5 %")
	line("never trained on", t.never, metrics.Unlearned, "0")
	line("never trained on", t.never, metrics.Retained, "<= 5 %")
	fmt.Fprintf(table, "kept samples, unlearned\t%d\t%d\t0\n", t.keptSamples, t.keptUnlearned)
	fmt.Fprintf(table, "left out samples, retained\t%d\t%d\t\n", t.honestSamples, t.honestRetained)
	table.Flush()
}

func (f *fit) print(w io.Writer, vs []verdictOf, took time.Duration) {
	fmt.Fprintf(w, "%s, seed %d: %d of %d samples to forget, %d controls (%.0f s)\n", f.Name, f.seed, f.practiced.forget, f.Samples, f.controls.Len(), took.Seconds())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  model after\tverdict\tp before\tp after\tcontrols\tkept, noticed from\tloss\tsingle samples\tseconds\treason")
	for _, v := range vs {
		t, s := v.asked.Together, v.asked.Summary
		fmt.Fprintf(table, "  %s\t%s\t%.4f\t%.4f\t%.4f\t%d-%d, %d\t%.4f\t%d/%d/%d\t%.0f\t%.130s\n", v.name, s.Verdict, t.Before, t.AfterPValue, t.ControlsAfter,
			t.KeptAtLeast, t.KeptAtMost, t.NoticedFrom, pValueOf(t, "loss"), s.Unlearned, s.Retained, s.Inconclusive, v.seconds, s.Reason)
		if v.never.Summary.Verdict != "" {
			fmt.Fprintf(table, "  (never trained on)\t%s\t%.4f\t%.4f\n", v.never.Summary.Verdict, v.never.Together.Before, v.never.Together.AfterPValue)
		}
	}
	table.Flush()
	fmt.Fprintln(w)
}

// pValueOf is that of a test of the model after by one statistic, 1 where there is none.
func pValueOf(t *metrics.Together, statistic string) float64 {
	for _, x := range t.After {
		if x.Statistic == statistic {
			return x.PValue
		}
	}
	return 1
}

// runPractice measures all pairs of the rows of these names (or row/k for one network), or of all; quick takes two networks.
func runPractice(ctx context.Context, s session, names []string) (bool, error) {
	all := newPracticeTally()
	turn := 0
	for _, p := range practices {
		quick := len(names) == 1 && names[0] == "quick"
		if quick {
			p.networks = 1
		}
		for k := range p.networks {
			turn++
			if len(names) > 0 && !wanted(p.row, k, names) {
				continue
			}
			begun := time.Now()
			f, err := p.fit(ctx, s.data, s.dir, s.seed+uint64(k))
			if err != nil {
				return false, fmt.Errorf("%s: %w", p.row, err)
			}
			vs, err := f.measure(ctx, turn-1)
			f.print(s.out, vs, time.Since(begun))
			all.add(vs)
			if err != nil {
				return false, fmt.Errorf("%s: %w", p.row, err)
			}
		}
	}
	all.print(s.out)
	return all.sound(), nil
}

// wanted reports whether the k-th network of a row is named, as "row" or "row/k".
func wanted(row string, k int, names []string) bool {
	for _, n := range names {
		if n == row || n == fmt.Sprintf("%s/%d", row, k) || n == "quick" && (row == "mlp100" || row == "emb100") {
			return true
		}
	}
	return false
}
