//go:build linux

// Faults kills, starves and disturbs the command and gives it hostile files, and checks that what comes of it is right or a clear
// error. It prints one line for each check and ends with 1 where one failed. It is started by .ci/faults, and needs nothing but the
// program: networks and images are made by it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// plan is how much is done.
type plan struct {
	kills   int     // of each of the four commands
	signals int     // to each of them
	disks   float64 // how much larger each disk is than the one before that ran full
	races   int     // of two processes of a command
	years   []int   // that files come from
	quick   bool
}

var (
	full  = plan{kills: 50, signals: 6, disks: 1.25, races: 3, years: []int{2099, 1971}}
	quick = plan{kills: 3, signals: 2, disks: 4, races: 1, years: []int{2099}, quick: true}
)

func main() {
	flag.Usage = func() { fmt.Fprintln(os.Stderr, "usage: faults PROGRAM [quick] [SECTION...]") }
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		flag.Usage()
		os.Exit(1)
	}
	p, sections := full, args[1:]
	if len(sections) > 0 && sections[0] == "quick" {
		p, sections = quick, sections[1:]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if signal.Ignored(syscall.SIGHUP) { // under nohup; the runs that are disturbed would ignore it as well
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	failed, err := run(ctx, args[0], p, sections)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if failed > 0 || err != nil {
		os.Exit(1)
	}
}

// run does the named sections, or all, and returns how many checks failed.
func run(ctx context.Context, program string, p plan, names []string) (failed int, err error) {
	dir, err := os.MkdirTemp("", "faults-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // for checks that are no root
		return 0, err
	}
	b := &bench{program: program, dir: dir, plan: p, random: rand.New(rand.NewPCG(20, 1))}
	begun := time.Now()
	if err := b.fixtures(ctx); err != nil {
		return 0, fmt.Errorf("fixtures: %w", err)
	}
	fmt.Printf("== fixtures (%.0f s)\n", time.Since(begun).Seconds())
	for _, s := range []struct {
		name   string
		checks func() []check
	}{{"kills", b.kills}, {"signals", b.signals}, {"resources", b.resources}, {"bombs", b.bombs}, {"determinism", b.determinism}} {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		fmt.Printf("== %s\n", s.name)
		for _, c := range s.checks() {
			if err := ctx.Err(); err != nil {
				return failed, err
			}
			if !c.done(ctx) {
				failed++
			}
		}
	}
	fmt.Printf("== %d failed (%.0f s)\n", failed, time.Since(begun).Seconds())
	return failed, nil
}

// check is one thing that must hold. Do returns the figures that show it.
type check struct {
	name string
	do   func(context.Context) (string, error)
}

// skipped is the error of a check that this machine does not allow.
type skipped string

func (s skipped) Error() string { return string(s) }

// done carries a check out, prints its line and reports whether it holds.
func (c check) done(ctx context.Context) bool {
	begun := time.Now()
	said, err := c.do(ctx)
	word := "ok"
	var skip skipped
	switch {
	case errors.As(err, &skip):
		word, said, err = "skip", string(skip), nil
	case err != nil:
		word, said = "FAIL", err.Error()
	}
	fmt.Printf("%-4s %-34s %s (%.0f s)\n", word, c.name, said, time.Since(begun).Seconds())
	return err == nil
}
