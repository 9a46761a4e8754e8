// Command mutate checks that the tests notice a wrong comparison and a moved threshold.
//
//	go run ./cmd/internal/mutate [flags] PACKAGE...
//
// It changes one place of a package at a time, runs the package's tests, and lists the changes that no test noticed. A
// comparison is made stricter or laxer by equality, and turned round. A constant whose comment ends in "Safe: A to B." becomes A
// and B. No file is written: the go command's -overlay puts the changed file in the place of the real one.
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
	"strings"
	"time"
)

//go:embed equivalent.txt
var equivalentText string

func main() {
	shard := flag.String("shard", "0/1", "take the mutants `K/N`: every N-th from the K-th, counted from 0")
	results := flag.String("results", "", "append results to `FILE`, and skip mutants that it says were noticed")
	match := flag.String("match", "", "take mutants whose description contains `TEXT` only")
	timeout := flag.Duration("timeout", 2*time.Minute, "a mutant whose tests take longer counts as noticed")
	list := flag.Bool("list", false, "list the mutants and run nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	survivors, err := check(ctx, flag.Args(), options{*shard, *results, *match, *timeout, *list})
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

type options struct {
	shard, results, match string
	timeout               time.Duration
	list                  bool
}

// check runs the mutants of some packages and returns how many survived without a reason.
func check(ctx context.Context, packages []string, o options) (int, error) {
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
	var tally tally
	at := 0
	for _, dir := range packages {
		mutants, err := mutantsOf(strings.TrimPrefix(dir, "./"))
		if err != nil {
			return 0, err
		}
		for _, m := range mutants {
			if at++; (at-1)%n != k || !strings.Contains(m.String(), o.match) {
				continue
			}
			switch reason, known := reasons[m.key()]; {
			case o.list:
				fmt.Println(m)
			case known:
				tally.equivalent++
				fmt.Printf("equivalent  %s: %s\n", m, reason)
			case log.noticed[m.String()]:
				tally.noticed++
			default:
				noticed, err := m.run(ctx, o.timeout)
				if err != nil {
					return 0, err
				}
				tally.add(noticed)
				log.write(m, noticed)
			}
		}
	}
	fmt.Printf("%d noticed, %d equivalent, %d survived\n", tally.noticed, tally.equivalent, tally.survived)
	return tally.survived, nil
}

type tally struct{ noticed, equivalent, survived int }

func (t *tally) add(noticed bool) {
	if noticed {
		t.noticed++
	} else {
		t.survived++
	}
}
