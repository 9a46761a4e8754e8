// Bench-soundness measures how often an audit's verdicts are wrong, on networks whose training samples are known because
// it trains them itself.
//
//	bench-soundness [-data DIR] [-seed N] [-samples] [CASE...]
//	bench-soundness [-data DIR] [-seed N] practice [quick|ROW...]
//	bench-soundness [-data DIR] [-seed N] hostile [quick|ROW...]
//
// DIR holds the folders mnist, fashion-mnist and cifar10 (default: data in $UNLEARNGUARD_SHARED or ../shared). Every case
// is one network, the model before, and a dozen models after: some trained again without the samples to forget, which
// honours the request, the others made of the model before in ways that keep them. Each of these pairs is audited
// twice, for the samples to forget and for as many that neither model was trained on. Without CASE all cases run; quick
// stands for the first. With -samples every sample's evidence is printed too.
//
// With practice the networks are trained as people train theirs (package practice), four models after each are honest and four
// keep the samples, and the verdict on the request counts.
//
// With hostile the models after are made to deceive (package fixtures/deception), of networks of both kinds, and a few are
// honest. A line is printed for each pair as it comes; the verdict on the request counts, and no sample that the model holds
// may be called unlearned. A ROW is the name of a kind, or ROW/K for its K-th network.
//
// It prints a table a case and the error rates beside their targets. The exit status is 1 when one is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"unlearnguard/cmd/internal/specimen"
)

var errMissed = errors.New("a target was missed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench-soundness:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bench-soundness", flag.ContinueOnError)
	data := flags.String("data", specimen.DataSets(), "folder of the data sets")
	seed := flags.Uint64("seed", 0, "seed of everything that is drawn")
	samples := flags.Bool("samples", false, "print every sample's evidence")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-soundness-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	protocols := map[string]func(context.Context, io.Writer, string, string, []string, uint64) (bool, error){
		"practice": runPractice, "hostile": runHostile, "initial": runInitial,
	}
	if protocol, ok := protocols[flags.Arg(0)]; ok {
		sound, err := protocol(ctx, os.Stdout, *data, dir, flags.Args()[1:], *seed)
		if err == nil && !sound {
			err = errMissed
		}
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	var all tally
	for _, c := range chosen {
		begun := time.Now()
		b := &bench{network: c, seed: *seed, dir: dir}
		err := b.load(ctx, *data)
		if err == nil {
			err = b.run(ctx)
		}
		b.print(os.Stdout, *samples, time.Since(begun))
		all.add(b.outcomes)
		if err != nil {
			all.print(os.Stdout)
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	all.print(os.Stdout)
	if !all.sound() {
		return errMissed
	}
	return nil
}

// choose returns the networks of the given names, all without one.
func choose(names []string) ([]network, error) {
	if len(names) == 0 {
		return networks, nil
	}
	var out []network
	for _, name := range names {
		if name == "quick" {
			return networks[:1], nil
		}
		i := slices.IndexFunc(networks, func(n network) bool { return n.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("no case %q: there are quick and %v", name, networks)
		}
		out = append(out, networks[i])
	}
	return out, nil
}
