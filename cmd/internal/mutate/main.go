// Command mutate checks that the tests notice a wrong comparison and a moved threshold.
//
//	go run ./cmd/internal/mutate [flags] PACKAGE...
//
// It changes one place of a package at a time, runs the tests that reach the place, and lists the changes that none of them
// notices. A comparison is made stricter or laxer by equality, and turned round. A constant whose comment ends in "Safe: A to
// B." becomes A and B. No file of the tree is written: the go command's -overlay puts changed files in the place of the real ones.
//
// All comparisons of a package are in one test binary, and an environment variable says which of them is changed (mutant
// schemata; Untch, Offutt and Harrold 1993), so that a mutant costs a run of a few tests and no build. Tests that take long come
// last.
//
// Mutants are in the order of files and lines. -shard K/N takes every N-th; -results FILE appends each result, and a later
// run with the same file skips mutants that were noticed before. A survivor that changes nothing that a caller can see stands in
// equivalent.txt with its reason and is not listed again. The exit code is 1 if others survived.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

//go:embed equivalent.txt
var equivalentText string

func main() {
	var o options
	flag.StringVar(&o.shard, "shard", "0/1", "take the mutants `K/N`: every N-th from the K-th, counted from 0")
	flag.StringVar(&o.results, "results", "", "append results to `FILE`, and skip mutants that it says were noticed")
	flag.StringVar(&o.match, "match", "", "take mutants whose description contains `TEXT` only")
	flag.DurationVar(&o.timeout, "timeout", 2*time.Minute, "a mutant whose tests take longer counts as noticed")
	flag.DurationVar(&o.longest, "longest", 0, "leave out tests that take longer; 0 leaves out none")
	flag.BoolVar(&o.list, "list", false, "list the mutants and run nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survived, err := check(ctx, flag.Args(), o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if survived > 0 {
		os.Exit(1)
	}
}

type options struct {
	shard, results, match string
	timeout, longest      time.Duration
	list                  bool
}

// check runs the mutants of some packages and returns how many survived without a reason.
func check(ctx context.Context, packages []string, o options) (survived int, err error) {
	var k, n int
	if _, err := fmt.Sscanf(o.shard, "%d/%d", &k, &n); err != nil || k < 0 || k >= n {
		return 0, fmt.Errorf("-shard %s: use K/N with K < N", o.shard)
	}
	reasons, err := parseReasons(equivalentText)
	if err != nil {
		return 0, err
	}
	log, err := openLog(o.results)
	if err != nil {
		return 0, err
	}
	defer log.close()
	for _, dir := range packages {
		mutants, err := mutantsOf(filepath.Clean(dir))
		if err != nil {
			return 0, err
		}
		left := map[string]int{}
		var wanted []mutant
		for i, m := range mutants {
			switch reason, known := reasons[m.key()]; {
			case i%n != k || !strings.Contains(m.String(), o.match):
			case o.list:
				fmt.Println(m)
			case known:
				left["equivalent"]++
				fmt.Printf("equivalent  %s: %s\n", m, reason)
			case log.noticed[m.key()]:
				left["noticed"]++
			default:
				wanted = append(wanted, m)
			}
		}
		if len(wanted) > 0 {
			if err := tryAll(ctx, dir, mutants, wanted, o, log, left); err != nil {
				return 0, fmt.Errorf("%s: %w", dir, err)
			}
		}
		fmt.Printf("%s: %d noticed, %d equivalent, %d survived\n", dir, left["noticed"], left["equivalent"], left["survived"])
		survived += left["survived"]
	}
	return survived, nil
}

// tryAll runs the wanted mutants among all of a package.
func tryAll(ctx context.Context, dir string, all, wanted []mutant, o options, log *results, tally map[string]int) error {
	tests, err := prepare(ctx, dir, all, o)
	if err != nil {
		return err
	}
	defer tests.close()
	for _, m := range wanted {
		noticed, err := tests.notice(ctx, m)
		if err != nil {
			return err
		}
		if noticed {
			tally["noticed"]++
		} else {
			tally["survived"]++
		}
		log.write(m, noticed)
	}
	return nil
}
