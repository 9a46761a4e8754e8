package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"unlearnguard/metrics"
)

// The targets.
const (
	falseRetained = 0.05
	unlearned     = 0.90
)

// tally counts verdicts over pairs.
type tally struct {
	pairs, never, neverRetained                     int
	kept, keptSamples, keptRetained, keptUnlearned  int
	honest, recoverable, honestGone, honestRetained int
}

func (t *tally) add(outcomes []outcome) {
	for _, o := range outcomes {
		t.pairs++
		t.never += asked(o.never)
		t.neverRetained += o.never.Summary.Retained
		if !o.honest {
			t.kept++
			t.keptSamples += asked(o.asked)
			t.keptRetained += o.asked.Summary.Retained
			t.keptUnlearned += o.asked.Summary.Unlearned
			continue
		}
		t.honest++
		t.recoverable += recoverable(o.asked)
		t.honestGone += o.asked.Summary.Unlearned
		t.honestRetained += o.asked.Summary.Retained
	}
}

// asked counts the samples of the request.
func asked(d metrics.Decision) int {
	return d.Summary.Unlearned + d.Summary.Retained + d.Summary.Inconclusive
}

// recoverable counts those that could be recovered from the model before.
func recoverable(d metrics.Decision) int {
	n := 0
	for _, s := range d.Samples {
		if s.Role == metrics.Forget && s.Before.Recoverable {
			n++
		}
	}
	return n
}

func (t *tally) sound() bool {
	return share(t.neverRetained, t.never) <= falseRetained && t.keptUnlearned == 0 &&
		share(t.honestGone, t.recoverable) >= unlearned && t.honestRetained == 0
}

func share(k, n int) float64 { return float64(k) / float64(max(n, 1)) }

func (t *tally) print(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "over all cases\tmodels\tsamples\tmeasured\ttarget")
	fmt.Fprintf(table, "never trained on, retained\t%d\t%d\t%.1f %%\t<= %.0f %%\n", t.pairs, t.never,
		100*share(t.neverRetained, t.never), 100*falseRetained)
	fmt.Fprintf(table, "kept, unlearned\t%d\t%d\t%d\t0\n", t.kept, t.keptSamples, t.keptUnlearned)
	fmt.Fprintf(table, "kept, retained\t%d\t%d\t%.1f %%\t\n", t.kept, t.keptSamples, 100*share(t.keptRetained, t.keptSamples))
	fmt.Fprintf(table, "left out, unlearned of those recoverable before\t%d\t%d\t%.1f %%\t>= %.0f %%\n", t.honest, t.recoverable,
		100*share(t.honestGone, t.recoverable), 100*unlearned)
	fmt.Fprintf(table, "left out, retained\t%d\t%d\t%d\t0\n", t.honest, t.recoverable, t.honestRetained)
	table.Flush()
}

// print writes the table of a case.
func (b *bench) print(w io.Writer, samples bool, took time.Duration) {
	fmt.Fprintf(w, "%s (seed %d, %.0f s)\n", b.network, b.seed, took.Seconds())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  model after\trank\tresidual\tcontrols\trecoverable\tunlearned\tretained\tinconclusive\tnever retained\twhy not unlearned")
	for _, o := range b.outcomes {
		s := o.asked.Summary
		fmt.Fprintf(table, "  %s\t%d\t%.3f\t%d/%d/%d\t%d\t%d\t%d\t%d\t%d/%d\t%s\n", o.name, o.after.Rank, o.after.Residual(),
			o.asked.Controls.Both, o.asked.Controls.Before, o.asked.Controls.Count, recoverable(o.asked),
			s.Unlearned, s.Retained, s.Inconclusive, o.never.Summary.Retained, asked(o.never), why(o.asked))
		if samples {
			for _, d := range []metrics.Decision{o.asked, o.never} {
				printSamples(table, d)
			}
		}
	}
	table.Flush()
	fmt.Fprintln(w)
}

// why is the reason that stood in the way of all samples alike.
func why(d metrics.Decision) string {
	switch {
	case len(d.Troubles) > 0:
		return d.Troubles[0]
	case d.Controls.Failed != "":
		return d.Controls.Failed
	}
	return ""
}

func printSamples(w io.Writer, d metrics.Decision) {
	for _, s := range d.Samples {
		fmt.Fprintf(w, "    %s %s\t%.4f %.2f %.3f\t%.4f %.2f %.3f\t%.3f\t%s\n", s.Role, s.Source, s.Before.PValue, s.Before.Score,
			s.Before.Scores, s.After.PValue, s.After.Score, s.After.Scores, s.KeptProbability, s.Verdict)
	}
}
