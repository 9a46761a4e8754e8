// Bench-recover measures how much of real training sets the default reconstruction recovers, and how fast, beside what it
// must reach. It trains the networks itself; their training is not timed.
//
//	bench-recover [-data DIR] [-seeds N] [ROW...]
//	bench-recover [-data DIR] [-seeds N] [-settings N] [-epochs N] baseline
//	bench-recover [-data DIR] [-seeds N] limits [CASE...]
//
// DIR holds the folders mnist, fashion-mnist and cifar10 (default: data in $UNLEARNGUARD_SHARED or ../shared). Without ROW all
// rows run; quick stands for one seed of the first. A row's score is the mean over the training samples of the highest
// SSIM with any recovered sample (7 x 7 uniform window), its time the wall clock of one reconstruction. The confidence of
// the samples is shown by its rank correlation with their SSIM within a run; that of the runs by its own with the score,
// in the last line. A run is flagged that says itself that it did not converge, or whose confidence is low.
//
// baseline compares the time that the default method takes to the published method's best quality with that of the published
// sweep. limits shows what becomes of recovery beyond thin fully connected networks: for small cases, or for those whose names
// contain one of CASE, with one seed unless -seeds says otherwise.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/reconstruct"
)

// row is one case and its targets.
type row struct {
	name    string
	data    string
	task    fixtures.Task
	samples int
	hidden  []int
	filters []fixtures.Convolution // before them
	score   float64
	limit   time.Duration
	// above is the share of samples that must score above the 95 % quantile of never-trained images; 0 for none.
	above float64
}

var rows = []row{
	{name: "mnist20", data: "mnist", task: fixtures.OddEven, samples: 20, hidden: []int{1000}, score: 0.85, limit: 5 * time.Second},
	{name: "mnist50", data: "mnist", task: fixtures.OddEven, samples: 50, hidden: []int{500, 500}, score: 0.75, limit: 20 * time.Second},
	{name: "mnist100", data: "mnist", task: fixtures.Classes, samples: 100, hidden: []int{500, 500}, score: 0.75, limit: 30 * time.Second},
	{name: "fashion50", data: "fashion-mnist", task: fixtures.OddEven, samples: 50, hidden: []int{500, 500}, score: 0.6, limit: 20 * time.Second},
	{name: "cifar50", data: "cifar10", task: fixtures.Classes, samples: 50, hidden: []int{500, 500}, score: 0.7, limit: 30 * time.Second},
	{name: "mnist500", data: "mnist", task: fixtures.OddEven, samples: 500, hidden: []int{1000, 1000}, score: 0.55, limit: 5 * time.Minute, above: 0.5},
	{name: "cnn10", data: "mnist", task: fixtures.OddEven, samples: 10, filters: filters(16, 128, 5), score: 0.6, limit: time.Minute},
	{name: "cnn20", data: "mnist", task: fixtures.OddEven, samples: 20, filters: filters(32, 128, 7), score: 0.6, limit: time.Minute},
}

// filters are two convolutions of so many channels, the first 3 x 3 and the second size x size.
func filters(first, second, size int) []fixtures.Convolution {
	return []fixtures.Convolution{{Channels: first, Size: 3, Stride: 2}, {Channels: second, Size: size, Stride: 2}}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-recover:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench-recover", flag.ContinueOnError)
	data := flags.String("data", specimen.DataSets(), "folder of the data sets")
	seeds := flags.Int("seeds", 0, "networks a row (0: 5, or 1 for limits)")
	settings := flags.Int("settings", 6, "random settings of the baseline's sweep")
	epochs := flags.Int("epochs", 0, "epochs of each (0: the published 50,000)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.Arg(0) == "limits" {
		return measureLimits(ctx, os.Stdout, *data, flags.Args()[1:], cmp.Or(*seeds, 1))
	}
	*seeds = cmp.Or(*seeds, 5)
	if slices.Contains(flags.Args(), "baseline") {
		return measureBaselines(ctx, *data, *seeds, *settings, *epochs)
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if slices.Contains(flags.Args(), "quick") {
		*seeds = 1
	}
	return measureRows(ctx, *data, chosen, *seeds)
}

func measureBaselines(ctx context.Context, data string, seeds, settings, epochs int) error {
	for seed := range seeds {
		b, err := measureBaseline(ctx, data, uint64(seed), settings, epochs)
		if err != nil {
			return err
		}
		if err := b.write(os.Stdout); err != nil {
			return err
		}
	}
	return nil
}

// choose returns the rows of the given names, all without one.
func choose(names []string) ([]row, error) {
	if len(names) == 0 {
		return rows, nil
	}
	if slices.Contains(names, "quick") {
		return rows[:1], nil
	}
	chosen := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !slices.Contains(names, r.name) })
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no row %q", names)
	}
	return chosen, nil
}

// measureRows prints a line a network, and what is to be said of all.
func measureRows(ctx context.Context, data string, chosen []row, seeds int) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "row\tseed\tSSIM\ttarget\tseconds\tlimit\trank\tfound\tresidual\tconfidence\tflagged\tabove null\tsamples' confidence")
	failed, silent := 0, 0
	var said, real []float64
	for _, r := range chosen {
		for seed := range seeds {
			o, err := measure(ctx, data, r, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if !o.reached(r) {
				failed++
			}
			if o.score < r.score && !o.flagged() {
				silent++
			}
			said, real = append(said, o.result.Confidence), append(real, o.score)
			fmt.Fprintf(t, "%s\t%d\t%.3f\t%.2f\t%.1f\t%.0f\t%d\t%d\t%.3f\t%.3f\t%v\t%.2f\t%.2f\n", r.name, seed, o.score, r.score,
				o.time.Seconds(), r.limit.Seconds(), o.result.Rank, len(o.result.Samples), o.result.Residual(), o.result.Confidence, o.flagged(),
				o.above, o.confidence)
			if err := t.Flush(); err != nil {
				return err
			}
		}
	}
	fmt.Printf("%d of %d below their targets; %d of them recover less than they must and do not say so\n", failed, len(said), silent)
	if len(said) < 3 {
		return nil
	}
	fmt.Printf("rank correlation of the runs' confidence with their SSIM: %.2f\n", stat.Correlation(ranks(said), ranks(real), nil))
	return nil
}

// outcome is one network's measurement.
type outcome struct {
	result *reconstruct.Result
	score  float64
	above  float64
	time   time.Duration
	// confidence is the rank correlation of the samples' confidence with their highest SSIM with any training image.
	confidence float64
}

func (o *outcome) reached(r row) bool {
	return o.score >= r.score && o.time <= r.limit && o.above >= r.above
}

// flagged says that the run itself calls what it recovered doubtful.
func (o *outcome) flagged() bool {
	return !o.result.Converged || o.result.Confidence < reconstruct.LowConfidence
}

// nullImages is how many never-trained images the null's quantile is taken of.
const nullImages = 400

// trained draws a row's samples and trains its network on them.
func (r row) trained(ctx context.Context, data string, seed uint64) (*reconstruct.Problem, *images.Set, error) {
	set, err := images.LoadAll(ctx, []string{filepath.Join(data, r.data)}, images.Options{})
	if err != nil {
		return nil, nil, err
	}
	picked, err := fixtures.Select(set.Labels, r.task, r.samples, seed)
	if err != nil {
		return nil, nil, err
	}
	samples := set.Subset(picked)
	p, _, err := problem(ctx, samples, images.Mean(samples), r.task, fixtures.Options{Hidden: r.hidden, Convolutions: r.filters, Seed: seed})
	return p, samples, err
}

func measure(ctx context.Context, data string, r row, seed uint64) (*outcome, error) {
	dir := filepath.Join(data, r.data)
	p, samples, err := r.trained(ctx, data, seed)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	result, err := reconstruct.Run(ctx, *p, reconstruct.Options{Seed: seed})
	if err != nil {
		return nil, err
	}
	o := &outcome{result: result, time: time.Since(begun)}
	null, err := images.LoadAll(ctx, []string{fmt.Sprintf("%s[test]#0-%d", dir, nullImages-1)}, images.Options{})
	if err != nil {
		return nil, err
	}
	if _, err := o.compare(ctx, samples, null); err != nil {
		return nil, err
	}
	o.confidence, err = confidence(ctx, samples, result)
	return o, err
}

// compare scores the training samples against never-trained images, and returns the scores of these.
func (o *outcome) compare(ctx context.Context, samples, null *images.Set) ([]float64, error) {
	scores, err := best(ctx, samples, o.result)
	if err != nil {
		return nil, err
	}
	nulls, err := best(ctx, null, o.result)
	if err != nil {
		return nil, err
	}
	slices.Sort(nulls)
	q95 := nulls[len(nulls)*95/100]
	for _, s := range scores {
		if s > q95 {
			o.above += 1 / float64(len(scores))
		}
	}
	o.score = stat.Mean(scores, nil)
	return nulls, nil
}

// confidence is Spearman's rank correlation of the recovered samples' confidence with how close they really are.
func confidence(ctx context.Context, samples *images.Set, result *reconstruct.Result) (float64, error) {
	matches, err := metrics.NearestSSIM(ctx, recovered(samples, result), audit.Pictures(samples), metrics.SSIMOptions{})
	var said, real []float64
	for i, m := range matches {
		said, real = append(said, result.Samples[i].Confidence), append(real, m.Score)
	}
	return stat.Correlation(ranks(said), ranks(real), nil), err
}

// ranks replaces values by their places in order.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	out := slices.Clone(v)
	floats.Argsort(slices.Clone(v), order)
	for place, i := range order {
		out[i] = float64(place)
	}
	return out
}

// problem trains a network on samples from which mean is subtracted.
func problem(ctx context.Context, samples *images.Set, mean images.Values, task fixtures.Task, o fixtures.Options) (
	*reconstruct.Problem, fixtures.Info, error) {
	labels := specimen.Labels(samples, task)
	o.Classes = max(2, slices.Max(labels)+1)
	norm := images.Normalisation{Mean: mean}
	x, err := norm.Apply(samples)
	if err != nil {
		return nil, fixtures.Info{}, err
	}
	p := &reconstruct.Problem{Channels: samples.C, Height: samples.H, Width: samples.W, Mean: norm.Mean}
	var info fixtures.Info
	if len(o.Convolutions) > 0 {
		p.Convolutional, info, err = fixtures.TrainConvolutional(ctx, x, labels, [3]int{samples.C, samples.H, samples.W}, o)
	} else {
		p.Net, info, err = fixtures.Train(ctx, x, labels, o)
	}
	return p, info, err
}

// best returns the highest SSIM of each image with any recovered sample.
func best(ctx context.Context, set *images.Set, result *reconstruct.Result) ([]float64, error) {
	matches, err := metrics.NearestSSIM(ctx, audit.Pictures(set), recovered(set, result), metrics.SSIMOptions{})
	scores := make([]float64, len(matches))
	for i, m := range matches {
		scores[i] = m.Score
	}
	return scores, err
}

// recovered are a result's samples as images of the set's size.
func recovered(set *images.Set, result *reconstruct.Result) []metrics.Image {
	out := make([]metrics.Image, len(result.Samples))
	for i, s := range result.Samples {
		out[i] = metrics.Image{Channels: set.C, Height: set.H, Width: set.W, Pix: s.Pixels}.Clip()
	}
	return out
}
