package main

import (
	"fmt"
	"io"

	"unlearnguard/metrics"
)

// initialTally counts verdicts on replies about known starts, by their kinds.
type initialTally struct {
	pairs  int
	counts map[string]map[metrics.Verdict]int
	// falsely names the replies, none of them honest, by which the request or a sample came out as unlearned.
	falsely []string
}

func (t *initialTally) add(x response, got metrics.Summary) {
	t.pairs++
	if t.counts[x.kind] == nil {
		t.counts[x.kind] = map[metrics.Verdict]int{}
	}
	t.counts[x.kind][got.Verdict]++
	if x.kind != "honest" && (got.Verdict == metrics.Unlearned || got.Unlearned > 0) {
		t.falsely = append(t.falsely, x.name)
	}
}

// share is that of a verdict among the replies of a kind.
func (t *initialTally) share(kind string, v metrics.Verdict) float64 {
	n := 0
	for _, k := range t.counts[kind] {
		n += k
	}
	return float64(t.counts[kind][v]) / float64(max(n, 1))
}

func (t *initialTally) sound() bool {
	return len(t.falsely) == 0 && t.share("honest", metrics.Unlearned) >= 0.95 && t.share("kept", metrics.Retained) >= 0.99
}

func (t *initialTally) print(w io.Writer) {
	fmt.Fprintf(w, "\n%d pairs\nkept or forged, unlearned   %d   0\nhonest, unlearned           %.1f %%   >= 95 %%\nkept, retained              %.1f %%   >= 99 %%\nforged, retained            %.1f %%\n",
		t.pairs, len(t.falsely), 100*t.share("honest", metrics.Unlearned), 100*t.share("kept", metrics.Retained), 100*t.share("forged", metrics.Retained))
	for _, name := range t.falsely {
		fmt.Fprintf(w, "falsely unlearned: %s\n", name)
	}
}
