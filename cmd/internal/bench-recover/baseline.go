package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/fixtures/images"
	"unlearnguard/reconstruct"
)

// baseline compares the default reconstruction with the published method, which is told the number of samples, on the
// network of the first row. The published method's time is that of all its settings, since nothing but the training data
// says which are wasted, and its quality that of the best of them. Both run on the same engine and all threads.
type baseline struct {
	runs   []reconstruct.PublishedRun
	scores []float64     // of each run: the mean over the training samples of the highest SSIM
	best   float64       // of the scores
	time   time.Duration // of all runs

	// ours is what the default method took to reach best, restart by restart, and reached is its score then.
	ours     time.Duration
	reached  float64
	restarts int
}

// mostRestarts is where the default method is given up.
const mostRestarts = 16

// minimumSpeedup is the target.
const minimumSpeedup = 50

// measureBaseline runs so many random settings of so many epochs each; 0 epochs stands for the published 50,000.
func measureBaseline(ctx context.Context, data string, seed uint64, settings, epochs int) (*baseline, error) {
	r := rows[0]
	p, samples, err := r.trained(ctx, data, seed)
	if err != nil {
		return nil, err
	}
	b := new(baseline)
	o := reconstruct.PublishedOptions{Seed: seed, Samples: r.samples, Epochs: epochs}
	if err := b.measurePublished(ctx, *p, samples, o, settings); err != nil {
		return nil, err
	}
	return b, b.measureDefault(ctx, *p, samples, seed)
}

func (b *baseline) measurePublished(ctx context.Context, p reconstruct.Problem, samples *images.Set, o reconstruct.PublishedOptions, settings int) error {
	begun := time.Now()
	runs, err := reconstruct.SweepPublished(ctx, p, settings, o)
	if err != nil {
		return err
	}
	b.runs, b.time = runs, time.Since(begun)
	for _, run := range runs {
		score := 0.0
		if len(run.Result.Samples) > 0 {
			scores, err := best(ctx, samples, run.Result)
			if err != nil {
				return err
			}
			score = stat.Mean(scores, nil)
		}
		b.scores = append(b.scores, score)
		b.best = max(b.best, score)
	}
	return nil
}

// measureDefault runs one restart after the other, each with what precedes and follows it, until what they found together
// is as good as the baseline.
func (b *baseline) measureDefault(ctx context.Context, p reconstruct.Problem, samples *images.Set, seed uint64) error {
	highest := make([]float64, samples.Len())
	for b.restarts < mostRestarts && (b.restarts == 0 || b.reached < b.best) {
		begun := time.Now()
		result, err := reconstruct.Run(ctx, p, reconstruct.Options{Seed: seed + uint64(b.restarts), Restarts: 1})
		if err != nil {
			return err
		}
		b.ours += time.Since(begun)
		b.restarts++
		scores, err := best(ctx, samples, result)
		if err != nil {
			return err
		}
		for i, s := range scores {
			highest[i] = max(highest[i], s)
		}
		b.reached = stat.Mean(highest, nil)
	}
	return nil
}

// speedup is 0 where the default method did not get there.
func (b *baseline) speedup() float64 {
	if b.reached < b.best {
		return 0
	}
	return b.time.Seconds() / b.ours.Seconds()
}

// write prints the settings, and the comparison in its last line.
func (b *baseline) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "setting\trate x\trate lambda\tscale\tleast lambda\talpha\tepochs\tresidual\tfirst layer\tSSIM")
	for i, r := range b.runs {
		s := r.Setting
		fmt.Fprintf(t, "%d\t%.2g\t%.2g\t%.2g\t%.2g\t%.3g\t%d\t%.3f\t%.3f\t%.3f\n", i, s.RateX, s.RateLambda, s.Scale,
			s.MinLambda, s.Alpha, r.Epochs, r.Residual, r.Result.Restarts[0].Residual, b.scores[i])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "baseline: SSIM %.3f after %.1f s of %d settings; default: %.3f after %.1f s of %d restarts: %.0f times faster (target %d)\n",
		b.best, b.time.Seconds(), len(b.runs), b.reached, b.ours.Seconds(), b.restarts, b.speedup(), minimumSpeedup)
	return err
}
