//go:build linux

// Soak does many small audits over a queue while workers and the server are killed, checks that none is lost and that every report is
// the one of a single machine, and measures the queue. It is started by .ci/soak. Everything stays on the loopback interface.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"time"
)

// plan is how much is done.
type plan struct {
	audits, workers int           // in the trial
	kills, restarts int           // of workers, of the server
	between         time.Duration // two of these
	lease           time.Duration
	few             int // audits while the disk runs full
	noops           int // jobs of the measurement of the queue alone
	timed, rounds   int // audits of each measurement of time, and how often it is made
}

var (
	full  = plan{audits: 1000, workers: 4, kills: 10, restarts: 2, lease: 4 * time.Second, few: 20, noops: 5000, timed: 60, rounds: 2, between: 12 * time.Second}
	quick = plan{audits: 5, workers: 2, kills: 2, restarts: 1, lease: 2 * time.Second, few: 2, noops: 300, timed: 2, rounds: 1, between: time.Second}
)

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: soak PROGRAM [quick|AUDITS]") }
	flag.Parse()
	p := full
	if flag.Arg(1) == "quick" {
		p = quick
	} else if n, err := strconv.Atoi(flag.Arg(1)); err == nil { // the same with fewer audits, disturbed more often
		p.between = max(time.Second, time.Duration(n)*p.between/time.Duration(p.audits))
		p.audits = n
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, flag.Arg(0), p); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, p plan) error {
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{program: program, dir: dir}
	defer b.endAll()
	for _, step := range []struct {
		name string
		do   func(context.Context, plan) error
	}{
		{"fixtures", b.fixtures},
		{"queue alone", b.throughput},
		{"audits on one machine, and in shards", b.baseline},
		{"audits over a queue, disturbed", b.trial},
		{"a full disk at the server", b.fullDisk},
		{"one worker and two", b.speedup},
		{"overhead over verify", b.overhead},
	} {
		begun := time.Now()
		fmt.Printf("== %s\n", step.name)
		if err := step.do(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("   (%.0f s)\n", time.Since(begun).Seconds())
	}
	return nil
}
