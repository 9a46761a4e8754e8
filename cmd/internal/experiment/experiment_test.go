package experiment

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"unlearnguard/fixtures/digits"
)

// options are those of a run for seconds, with one network.
func options() Options {
	o := Options{Images: digits.Draw(Images("range", Toy), 1), Scale: Toy}
	o.Scale.Networks = 1
	return o
}

func run(t *testing.T, name string, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	if testing.Verbose() {
		_ = r.Summary.WriteText(t.Output())
	}
	return r
}

// value is the number in the summary's column of a name, in the row that begins with the words; NaN where there is none.
func (r *Result) value(t *testing.T, column string, words ...string) float64 {
	t.Helper()
	for _, row := range r.Summary.Rows {
		at := 0
		for at < len(words) && row[at] == words[at] {
			at++
		}
		if at < len(words) {
			continue
		}
		for i, name := range r.Summary.Columns {
			if v, ok := row[i].(float64); ok && name == column {
				return v
			}
		}
		return math.NaN()
	}
	t.Fatalf("no row %q", words)
	return 0
}

// bound is what a value of a summary must be within.
type bound struct {
	column      string
	row         []string
	least, most float64
}

func row(words ...string) []string { return words }

func (r *Result) check(t *testing.T, bounds ...bound) {
	t.Helper()
	for _, b := range bounds {
		if v := r.value(t, b.column, b.row...); !(b.least <= v && v <= b.most) {
			t.Errorf("%s of %q: %.3f, want %v to %v", b.column, b.row, v, b.least, b.most)
		}
	}
}

// honoured are the bounds for a network that was trained again without the samples to forget: these can no longer be
// recovered, the others can, and the other methods of verification agree.
func honoured(model string) []bound {
	return []bound{
		{similarity, row("before", "forgotten"), 0.6, 1}, {similarity, row(model, "forgotten"), 0, 0.55},
		{similarity, row("before", "remaining"), 0.7, 1}, {similarity, row(model, "remaining"), 0.7, 1},
		{similarity, row(model, "never trained"), 0, 0.55},
		{retained, row(model, "forgotten"), 0, 0}, {retained, row(model, "remaining"), 0.8, 1},
		{unlearned, row(model, "forgotten"), 0.5, 1}, {unlearned, row(model, "remaining"), 0, 0},
	}
}

func TestSampleLevel(t *testing.T) {
	t.Parallel()
	r := run(t, "sample-level", options())
	r.check(t, honoured("retrained")...)
	r.check(t,
		bound{inferred, row("before", "forgotten"), 0.75, 1}, bound{inferred, row("retrained", "forgotten"), 0, 0.3},
		bound{inferred, row("retrained", "remaining"), 0.75, 1}, bound{inferred, row("before", "never trained"), 0, 0.2},
		bound{attackSuccess, row("before", "never trained"), 0.5, 1},
		bound{attackSuccess, row("retrained", "never trained"), 0, 0.2},
		bound{accuracy, row("before", "forgotten"), 1, 1}, bound{accuracy, row("retrained", "forgotten"), 0, 0.8})
}

func TestClassLevel(t *testing.T) {
	t.Parallel()
	r := run(t, "class-level", options())
	r.check(t, honoured("retrained")...)
	r.check(t,
		bound{inferred, row("before", "forgotten"), 0.75, 1}, bound{inferred, row("retrained", "forgotten"), 0, 0.3},
		bound{attackSuccess, row("before", "never trained"), 0.3, 1},
		bound{attackSuccess, row("retrained", "never trained"), 0, 0.1},
		bound{inverted, row("before", "forgotten"), 0.7, 1}, bound{inverted, row("retrained", "forgotten"), -1, 0.4},
		bound{inverted, row("retrained", "remaining"), 0.7, 1},
		bound{accuracy, row("retrained", "forgotten"), 0, 0})
}

func TestRobustness(t *testing.T) {
	t.Parallel()
	r := run(t, "robustness", options())
	r.check(t, honoured("retrained, fine-tuned")...)
	r.check(t,
		bound{attackSuccess, row("before", "never trained"), 0.5, 1},
		bound{attackSuccess, row("retrained", "never trained"), 0, 0.2},
		// Nothing was forgotten, and recovery says so; the backdoor's success fell all the same.
		bound{retained, row("pruned", "forgotten"), 0.75, 1}, bound{retained, row("fine-tuned", "forgotten"), 0.75, 1},
		bound{similarity, row("pruned", "forgotten"), 0.6, 1}, bound{similarity, row("fine-tuned", "forgotten"), 0.6, 1})
	before := r.value(t, attackSuccess, "before", "never trained")
	if after := r.value(t, attackSuccess, "fine-tuned", "never trained"); after > before-0.1 {
		t.Errorf("the backdoor succeeds in %.2f, after fine-tuning in %.2f, want less", before, after)
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	o := options()
	r := run(t, "range", o)
	o.Threads = 1
	if got, want := laidOut(t, run(t, "range", o)), laidOut(t, r); got != want {
		t.Errorf("on one thread:\n%s, want\n%s", got, want)
	}
	// Samples far from the decision boundary are recovered less well.
	r.check(t, bound{correlation, row("phase 1, SSIM above 0.4"), -1, -0.2},
		bound{"never trained", row("phase 1, above 95 % of never trained"), 0, 0.05},
		bound{"verifiable", row("backdoor, 2 poisoned"), 0, 2}, bound{"verifiable", row("backdoor, 8 poisoned"), 8, 8})
	if n := r.value(t, "verifiable", "phase 1, above 95 % of never trained"); n <= 4 {
		t.Errorf("%v samples can be verified, no more than by a backdoor in a fifth of them", n)
	}
}

func TestRelabel(t *testing.T) {
	t.Parallel()
	o := options()
	o.Cases = t.TempDir()
	r := run(t, "relabel", o)
	r.check(t, honoured("retrained")...)
	r.check(t,
		bound{similarity, row("relabelled", "forgotten"), 0.75, 1}, bound{retained, row("relabelled", "forgotten"), 0.75, 1},
		bound{accuracy, row("relabelled", "forgotten"), 0, 0}, bound{accuracy, row("relabelled", "remaining"), 1, 1})

	o.Progress = func(work string, _ float64) { t.Errorf("%s is done again", work) }
	if got, want := laidOut(t, run(t, "relabel", o)), laidOut(t, r); got != want {
		t.Errorf("from what was kept:\n%s, want\n%s", got, want)
	}
	o.Seed, o.Progress = 1, nil
	if _, err := Run(context.Background(), "relabel", o); !errors.Is(err, ErrCases) {
		t.Errorf("the cases of another seed: %v", err)
	}
}

func TestBaselines(t *testing.T) {
	t.Parallel()
	o := options()
	o.Images = digits.Draw(Images("baselines", Toy), 1)
	r := run(t, "baselines", o)
	for _, method := range methods {
		r.check(t, bound{auc, row(method), 0.4, 1}, bound{found, row(method), 0, 1}, bound{accuracy, row(method), 0.4, 1})
	}
	r.check(t, bound{found, row("evidence"), 0.35, 1}, bound{auc, row("evidence"), 0.7, 1}, bound{found, row("loss"), 0, 0.15})
	o.Threads = 1
	if got, want := laidOut(t, run(t, "baselines", o)), laidOut(t, r); got != want {
		t.Errorf("on one thread:\n%s, want\n%s", got, want)
	}
}

func TestRanks(t *testing.T) {
	c := &comparison{Members: [][]float64{{0, 2, 5}}, Strangers: [][]float64{{1, 2, 2, 4}}}
	if got, want := c.ranks(0), []float64{0, 0.5, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// laidOut is everything that a result is written as.
func laidOut(t *testing.T, r *Result) string {
	t.Helper()
	var out bytes.Buffer
	figure, err := r.Figure.PNG()
	if err := errors.Join(err, r.Networks.WriteCSV(&out), r.Samples.WriteCSV(&out), r.Summary.WriteText(&out)); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Pictures {
		drawn, err := p.Draw()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %x\n", p.Name, sha256.Sum256(drawn.Pix))
	}
	if _, err := png.Decode(bytes.NewReader(figure)); err != nil {
		t.Error(err)
	}
	return fmt.Sprintf("%sfigure %x", &out, sha256.Sum256(figure))
}

// A case that fails, or is cut short, leaves nothing behind, and half a file is not taken for a case.
func TestCasesAreWhole(t *testing.T) {
	dir := t.TempDir()
	s := store{folder: dir, run: "this"}
	failed := errors.New("failed")
	if _, err := once(context.Background(), s, "case", func() (int, error) { return 0, failed }); err != failed {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := once(ctx, s, "case", func() (int, error) { cancel(); return 1, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("the error of a case that was cut short is %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Fatalf("%v is left, %v", entries, err)
	}
	for outcome := range 2 {
		if got, err := once(context.Background(), s, "case", func() (int, error) { return outcome, nil }); got != 0 || err != nil {
			t.Errorf("%v, %v; want what was kept, 0", got, err)
		}
	}
	other := store{folder: dir, run: "other"}
	if _, err := once(context.Background(), other, "case", func() (int, error) { return 1, nil }); !errors.Is(err, ErrCases) {
		t.Errorf("another run's case: %v", err)
	}
	if err := os.Truncate(filepath.Join(dir, "case"), 5); err != nil {
		t.Fatal(err)
	}
	if _, err := once(context.Background(), s, "case", func() (int, error) { return 1, nil }); !errors.Is(err, ErrCases) {
		t.Errorf("half a file: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		change func(*Options)
		want   string
	}{
		{func(o *Options) { o.Images.Labels = nil }, "an experiment needs images with labels"},
		{func(o *Options) { o.Scale.Reference++ }, "240 images, 241 are needed"},
		{func(o *Options) { o.Images.Labels[0] = 11 }, "there is no image of class 10; classes go from 0 to 11"},
		{func(o *Options) { o.Images.Labels[0] = 20 }, "21 classes are too many for 20 training samples"},
	} {
		o := options()
		c.change(&o)
		if _, err := Run(context.Background(), "range", o); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	if _, err := Run(context.Background(), "figure-3", options()); err == nil {
		t.Error("there is an experiment figure-3")
	}
}
