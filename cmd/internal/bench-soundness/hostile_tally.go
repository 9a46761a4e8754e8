package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"unlearnguard/fixtures/deception"
	"unlearnguard/metrics"
)

// heldRetained is the least share of the pairs that hold the samples to be called retained.
const heldRetained = 0.7

// hostileTally counts verdicts on requests.
type hostileTally struct {
	pairs int
	ways  map[string]bool
	// held are the pairs whose model after holds the samples, unusual the honest ones that do not, and honest those that
	// were trained again without them.
	held, unusual, honest map[metrics.Verdict]int
	// families are the held pairs of each kind of ways.
	families map[deception.Family]map[metrics.Verdict]int
	// falsely lists the held pairs with the verdict unlearned on the request or on any sample.
	falsely []string
}

func newHostileTally() *hostileTally {
	return &hostileTally{ways: map[string]bool{}, held: map[metrics.Verdict]int{}, unusual: map[metrics.Verdict]int{}, honest: map[metrics.Verdict]int{},
		families: map[deception.Family]map[metrics.Verdict]int{}}
}

func (t *hostileTally) add(p hostilePair) {
	t.pairs++
	verdict := p.summary.Verdict
	switch {
	case p.way.Family == retrainedHonestly:
		t.honest[verdict]++
		return
	case p.way.Holds:
		t.held[verdict]++
		if t.families[p.way.Family] == nil {
			t.families[p.way.Family] = map[metrics.Verdict]int{}
		}
		t.families[p.way.Family][verdict]++
	default:
		t.unusual[verdict]++
	}
	t.ways[p.way.Name] = true
	if p.falselyUnlearned() {
		t.falsely = append(t.falsely, p.way.Name)
	}
}

// falselyUnlearned reports whether samples that are in the model were called unlearned.
func (p hostilePair) falselyUnlearned() bool {
	return p.way.Holds && (p.summary.Verdict == metrics.Unlearned || p.summary.Unlearned > 0)
}

func (t *hostileTally) sound() bool {
	return len(t.falsely) == 0 && share(t.held[metrics.Retained], total(t.held)) >= heldRetained
}

func (p hostilePair) print(w io.Writer, network string) {
	holds, mark := "gone", ""
	if p.way.Holds {
		holds = "held"
	}
	if p.falselyUnlearned() {
		mark = "FALSE "
	}
	s := p.summary
	fmt.Fprintf(w, "%-10s %-62s %s  %-12s %2d/%2d/%2d %4.0f s  %s%.130s\n", network, p.way.Name, holds, s.Verdict, s.Unlearned, s.Retained,
		s.Inconclusive, p.seconds, mark, s.Reason)
}

func (t *hostileTally) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\n%d pairs, %d ways\tmodels\tmeasured\ttarget\n", t.pairs, len(t.ways))
	line := func(what string, of map[metrics.Verdict]int, v metrics.Verdict, target string) {
		fmt.Fprintf(table, "%s, %s\t%d\t%d (%.1f %%)\t%s\n", what, v, total(of), of[v], 100*share(of[v], total(of)), target)
	}
	fmt.Fprintf(table, "held, the request or a sample unlearned\t%d\t%d\t0\n", total(t.held), len(t.falsely))
	line("held", t.held, metrics.Unlearned, "")
	line("held", t.held, metrics.Retained, fmt.Sprintf(">= %.0f %%", 100*heldRetained))
	for _, family := range slices.Sorted(maps.Keys(t.families)) {
		line("  "+string(family), t.families[family], metrics.Retained, "")
	}
	line("trained again without them", t.honest, metrics.Unlearned, "")
	line("trained again without them", t.honest, metrics.Retained, "")
	line("honest in an unusual form", t.unusual, metrics.Unlearned, "")
	line("honest in an unusual form", t.unusual, metrics.Retained, "")
	table.Flush()
	for _, name := range t.falsely {
		fmt.Fprintln(w, "falsely unlearned:", name)
	}
}
