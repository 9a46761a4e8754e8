package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct"
)

// limit is a case beyond thin fully connected networks: a network of one hidden layer of 300 neurons trained on 20 MNIST
// digits, odd against even, but for what is set.
type limit struct {
	name    string
	samples int  // 0: 20
	classes bool // all ten, instead of odd against even
	side    int  // of the images, shrunk: 28 (0), 14 or 10
	raw     bool // the mean is not subtracted
	train   fixtures.Options
	change  func(*chain.Dense) (*chain.Dense, error)
}

// limitsHidden is the width of all hidden layers.
const limitsHidden = 300

var limits = slices.Concat(
	[]limit{
		{name: "plain"},
		{name: "ten classes, n = 20", classes: true},
		{name: "ten classes, n = 50", classes: true, samples: 50},
		{name: "two hidden layers", train: fixtures.Options{Hidden: hidden(2)}},
		{name: "three hidden layers", train: fixtures.Options{Hidden: hidden(3)}},
		{name: "biases in all layers", train: fixtures.Options{Biases: true}},
		{name: "the same, two hidden layers", train: fixtures.Options{Biases: true, Hidden: hidden(2)}},
		{name: "leaky ReLU 0.01", train: fixtures.Options{Slope: 0.01}},
		{name: "leaky ReLU 0.1", train: fixtures.Options{Slope: 0.1}},
		{name: "weight decay 0.0001", train: fixtures.Options{WeightDecay: 1e-4}},
		{name: "weight decay 0.001", train: fixtures.Options{WeightDecay: 1e-3}},
		{name: "first layer ~ 1e-5", train: fixtures.Options{FirstScale: 1e-5}},
		{name: "first layer ~ 1e-3", train: fixtures.Options{FirstScale: 1e-3}},
		{name: "first layer ~ 3e-3", train: fixtures.Options{FirstScale: 3e-3}},
		{name: "first layer ~ 1e-2", train: fixtures.Options{FirstScale: 1e-2}},
		{name: "PyTorch's default start", train: fixtures.Options{DefaultInit: true}},
		{name: "mean not subtracted", raw: true},
		{name: "mean not subtracted, two hidden layers", raw: true, train: fixtures.Options{Hidden: hidden(2)}},
		{name: "mean not subtracted, ten classes, n = 50", raw: true, classes: true, samples: 50},
	},
	crowded(14, 20, 35, 50, 100, 200), // d = 196
	crowded(10, 20, 50, 100, 150),     // d = 100
	altered("", nil),
	altered("two hidden layers, ", hidden(2)),
)

// hidden are the widths of so many hidden layers.
func hidden(layers int) []int { return slices.Repeat([]int{limitsHidden}, layers) }

// crowded are cases of ever more samples of side x side pixels.
func crowded(side int, samples ...int) []limit {
	var out []limit
	for _, n := range samples {
		out = append(out, limit{name: fmt.Sprintf("n = %d, d = %d", n, side*side), samples: n, side: side})
	}
	return out
}

// altered are networks that lost something after training.
func altered(prefix string, layers []int) []limit {
	round := func(to fixtures.Precision) func(*chain.Dense) (*chain.Dense, error) {
		return func(net *chain.Dense) (*chain.Dense, error) { return fixtures.Round(net, to) }
	}
	prune := func(by fixtures.Pruning) func(*chain.Dense) (*chain.Dense, error) {
		return func(net *chain.Dense) (*chain.Dense, error) { return fixtures.Prune(net, 0.2, by, 1) }
	}
	var out []limit
	for _, c := range []limit{{name: "fp16", change: round(fixtures.Float16)}, {name: "int8", change: round(fixtures.Int8)},
		{name: "20 % pruned, smallest", change: prune(fixtures.Magnitude)}, {name: "20 % pruned, random", change: prune(fixtures.Random)}} {
		c.name, c.train.Hidden = prefix+c.name, layers
		out = append(out, c)
	}
	return out
}

// measureLimits prints a line a case, of those whose names contain one of the given ones if there are any. A case is
// recovered where most of its samples score above the null's 95 % quantile; where it is not, and the run did not say so, it
// failed silently.
func measureLimits(ctx context.Context, w io.Writer, data string, names []string, seeds int) error {
	dir := filepath.Join(data, "mnist")
	if _, err := os.Stat(dir); err != nil {
		_, err = fmt.Fprintf(w, "skipped: %v; name the folder of the data sets with -data, or set UNLEARNGUARD_SHARED\n", err)
		return err
	}
	set, err := images.LoadAll(ctx, []string{dir}, images.Options{})
	if err != nil {
		return err
	}
	null, err := images.LoadAll(ctx, []string{fmt.Sprintf("%s[test]#0-%d", dir, nullImages-1)}, images.Options{})
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "case\tseed\tSSIM\tnull\tabove null\trank\trepeated\tresidual\ttrained to\tconfidence\tflagged\tseconds\t")
	silent := 0
	chosen := limits
	if len(names) > 0 {
		chosen = slices.DeleteFunc(slices.Clone(limits), func(l limit) bool {
			return !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(l.name, name) })
		})
	}
	for _, l := range chosen {
		for seed := range seeds {
			o, err := l.measure(ctx, set, null, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			verdict := ""
			if o.above < 0.5 && !o.flagged() {
				verdict = "silent failure"
				silent++
			}
			fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f\t%.2f\t%d\t%d\t%.3f\t%.3f\t%.2f\t%v\t%.1f\t%s\n", l.name, seed, o.score, o.null, o.above,
				o.result.Rank, o.result.Repeated, o.result.Residual(), o.trained, o.meanConfidence(), o.flagged(), o.time.Seconds(), verdict)
			if err := t.Flush(); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprintf(w, "%d of %d failed silently\n", silent, len(chosen)*seeds)
	return err
}

// limitOutcome is the measurement of one network.
type limitOutcome struct {
	outcome
	null    float64 // mean highest SSIM of never-trained images
	trained float64 // the first layer's residual at the end of training
}

func (o *limitOutcome) meanConfidence() float64 {
	sum := 0.0
	for _, s := range o.result.Samples {
		sum += s.Confidence
	}
	return sum / float64(max(1, len(o.result.Samples)))
}

func (l limit) measure(ctx context.Context, set, null *images.Set, seed uint64) (*limitOutcome, error) {
	task := fixtures.OddEven
	if l.classes {
		task = fixtures.Classes
	}
	picked, err := fixtures.Select(set.Labels, task, cmp.Or(l.samples, 20), seed)
	if err != nil {
		return nil, err
	}
	samples := shrunk(set.Subset(picked), l.side)
	null = shrunk(null, l.side)
	train := l.train
	train.Seed = seed
	if train.Hidden == nil {
		train.Hidden = hidden(1)
	}
	mean := images.Mean(samples)
	if l.raw {
		mean = images.Values{0}
	}
	p, info, err := problem(ctx, samples, mean, task, train)
	if err != nil {
		return nil, err
	}
	if l.change != nil {
		if p.Net, err = l.change(p.Net); err != nil {
			return nil, err
		}
	}
	o := &limitOutcome{trained: info.FirstLayer}
	begun := time.Now()
	if o.result, err = reconstruct.Run(ctx, *p, reconstruct.Options{Seed: seed}); err != nil {
		return nil, err
	}
	o.time = time.Since(begun)
	nulls, err := o.compare(ctx, samples, null)
	if len(nulls) > 0 {
		o.null = stat.Mean(nulls, nil)
	}
	return o, err
}

// shrunk averages an image's pixels over squares, to a side of 14 or, without the margin that MNIST's digits have, of 10.
func shrunk(s *images.Set, side int) *images.Set {
	if side == 0 || side == s.W {
		return s
	}
	margin := s.W/2 - side
	out := &images.Set{C: 1, H: side, W: side, Labels: s.Labels, Names: s.Names}
	for i := range s.Len() {
		x := s.Image(i)
		for row := range side {
			for col := range side {
				at := (margin+2*row)*s.W + margin + 2*col
				out.Pixels = append(out.Pixels, (x[at]+x[at+1]+x[at+s.W]+x[at+s.W+1])/4)
			}
		}
	}
	return out
}
