// Bench-soundness measures how often an audit's verdicts are wrong, on networks whose training samples are known because
// it trains them itself.
//
//	bench-soundness [-data DIR] [-seed N] [-recoveries DIR] [-samples] [CASE...]
//	bench-soundness [-data DIR] [-seed N] practice [quick|ROW...]
//	bench-soundness [-data DIR] [-seed N] [-recoveries DIR] hostile [quick|ROW...]
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
// Most of the time goes into reconstructions. With -recoveries DIR they are kept there, and a later run, of other rules say, uses them
// again.
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

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/cmd/internal/specimen"
)

var errMissed = errors.New("a target was missed")

// session is what a run was asked for.
type session struct {
	out io.Writer
	// data is the folder of the data sets, and dir one for models.
	data, dir  string
	seed       uint64
	recoveries *batch.Recoveries
}

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
	kept := flags.String("recoveries", "", "folder to keep reconstructions in, and to take them from")
	samples := flags.Bool("samples", false, "print every sample's evidence")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench-soundness-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *kept == "" {
		*kept = dir
	} else if err := os.MkdirAll(*kept, 0o755); err != nil {
		return err
	}
	s := session{out: os.Stdout, data: *data, dir: dir, seed: *seed, recoveries: &batch.Recoveries{Folder: *kept}}
	protocols := map[string]func(context.Context, session, []string) (bool, error){
		"practice": runPractice, "hostile": runHostile, "initial": runInitial,
	}
	if protocol, ok := protocols[flags.Arg(0)]; ok {
		sound, err := protocol(ctx, s, flags.Args()[1:])
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
		b := &bench{network: c, session: s}
		err := b.load(ctx)
		if err == nil {
			err = b.run(ctx)
		}
		b.print(s.out, *samples, time.Since(begun))
		all.add(b.outcomes)
		if err != nil {
			all.print(s.out)
			return fmt.Errorf("%s: %w", c, err)
		}
	}
	all.print(s.out)
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
