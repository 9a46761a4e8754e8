// Bench-evidence measures the evidence for known images (package reconstruct/imprint) on networks trained as people train
// them, whose training samples are known because it trains them itself.
//
//	bench-evidence [-data DIR] [-seeds N] [ROW...]
//
// For every row and seed it trains a network, scores its training samples and 1,500 images that were never trained on with
// 1,000 other such images as the reference set, joins the layers' scores with weights from 30 training samples that are left
// out of the count, and prints how many of the training samples score above 99 % of the never-trained images (TPR; 95 % for small500), how often
// the mean of 20 of them does above the means of 20 never-trained ones, and the same for the margin and for the loss, which
// take no look at the parameters, beside the targets. The exit status is 1 when a target is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"unlearnguard/cmd/internal/practice"
	"unlearnguard/cmd/internal/specimen"
)

var errMissed = errors.New("a target was missed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-evidence:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench-evidence", flag.ContinueOnError)
	data := flags.String("data", specimen.DataSets(), "folder of the data sets")
	seeds := flags.Int("seeds", 5, "number of networks a row")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if names := flags.Args(); len(names) > 0 && names[0] == "initial" {
		return runInitial(ctx, *data, *seeds, names[1:])
	}
	chosen, err := practice.Choose(flags.Args())
	if err != nil {
		return err
	}
	fmt.Printf("%-9s %4s  %-22s %-22s %-8s %-8s %-7s %-9s %s\n", "row", "seed", "TPR (target)", "20 together (target)", "margin", "loss", "p<=.01", "accuracy", "seconds: train, score")
	missed := false
	for _, r := range chosen {
		var all []outcome
		for seed := range *seeds {
			begun := time.Now()
			o, err := measure(ctx, r, *data, uint64(seed))
			if err != nil {
				return fmt.Errorf("%s, seed %d: %w", r.Name, seed, err)
			}
			fmt.Printf("%-9s %4d  %-22.3f %-22.3f %-8.3f %-8.3f %-7.3f %-9.3f %.0f, %.0f\n", r.Name, seed, o.single, o.together, o.margin, o.loss, o.alarms, o.accuracy,
				time.Since(begun).Seconds()-o.seconds, o.seconds)
			all = append(all, o)
		}
		mean := average(all)
		verdict := "reached"
		if mean.single < r.Single || mean.together < r.Together {
			verdict, missed = "MISSED", true
		}
		fmt.Printf("%-9s mean  %-22s %-22s %-8.3f %-8.3f %-7.3f %-9.3f %s\n", r.Name, fmt.Sprintf("%.3f (%.2f)", mean.single, r.Single),
			fmt.Sprintf("%.3f (%.2f)", mean.together, r.Together), mean.margin, mean.loss, mean.alarms, mean.accuracy, verdict)
	}
	if missed {
		return errMissed
	}
	return nil
}

func average(all []outcome) outcome {
	var m outcome
	n := float64(len(all))
	for _, o := range all {
		m.single += o.single / n
		m.together += o.together / n
		m.margin += o.margin / n
		m.loss += o.loss / n
		m.alarms += o.alarms / n
		m.accuracy += o.accuracy / n
	}
	return m
}
