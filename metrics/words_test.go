package metrics

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the decisions say to testdata/words.golden")

// situations are audits whose decisions together use nearly every sentence.
func situations() []struct {
	name string
	in   Input
	opts Options
} {
	rng := rand.New(rand.NewPCG(21, 1))
	controls := places(12, place{20, 20})
	fixed := func(forget, controls []place) Input {
		in := placedAudit(forget, controls)
		in.Statistics[0].Before.Null, in.Statistics[0].After.Null = nil, nil
		return in
	}
	with := func(in Input, change func(*Input)) Input {
		in = clone(in)
		change(&in)
		return in
	}
	few := func(in Input, references int) Input {
		return with(in, func(in *Input) {
			for s := range in.Statistics {
				st := &in.Statistics[s]
				st.Before.Null, st.After.Null = st.Before.Null[:references], st.After.Null[:references]
			}
		})
	}
	honest := placedAudit(places(4, place{20, 0}), controls)
	weak := crowd{forget: 30, retain: 30, references: 500, lift: 4}
	class := func(references int) Input {
		return with(placedAudit(places(4, place{20, 0}), controls), func(in *Input) {
			for i := range in.Samples {
				in.Samples[i].Label = 1
				if in.Samples[i].Role == Forget {
					in.Samples[i].Label = 3
				}
			}
			in.ReferenceLabels = slices.Repeat([]int{1}, ladderSize)
			for i := range references {
				in.ReferenceLabels[i*ladderSize/references] = 3
			}
		})
	}
	type situation = struct {
		name string
		in   Input
		opts Options
	}
	return []situation{
		{"honest", honest, Options{}},
		{"honest, one sample", placedAudit(one(20, 0), controls), Options{Level: 0.1}},
		{"honest, two samples and one of them never recoverable", placedAudit([]place{{20, 0}, {0, 0}}, controls), Options{}},
		{"kept", placedAudit(places(2, place{20, 20}), controls), Options{}},
		{"one of two kept", placedAudit([]place{{20, 20}, {20, 0}}, controls), Options{}},
		{"one kept", placedAudit(one(20, 20), controls), Options{}},
		{"never recoverable", placedAudit(places(3, place{0, 0}), controls), Options{}},
		{"recoverable after alone", placedAudit(one(0, 20), controls), Options{}},
		{"between found and absent", placedAudit(one(20, below(8)), append(places(12, place{20, 20}), place{20, 1})), Options{}},
		{"found by chance in one of many audits", placedAudit(one(20, 3.2), append(places(12, place{20, 20}), place{20, 3})), Options{}},
		{"no controls", placedAudit(places(2, place{20, 0}), nil), Options{}},
		{"one control", placedAudit(places(2, place{20, 0}), one(20, 20)), Options{}},
		{"controls lost", placedAudit(places(2, place{20, 0}), append(places(6, place{20, 20}), places(6, place{20, 0})...)), Options{}},
		{"most of the request kept", placedAudit(append(places(4, place{20, 20}), place{20, 0}), controls), Options{}},
		{"few references", few(honest, 10), Options{}},
		{"hardly enough references", few(honest, 30), Options{}},
		{"references enough for all, not for one", few(placedAudit([]place{{20, 0}, {2, 0}, {1.6, 0}}, controls), 40), Options{}},
		{"no power before", with(honest, func(in *Input) { in.Statistics[0].Before.NoPower = "all directions are noise" }), Options{}},
		{"no power after", with(honest, func(in *Input) { in.Statistics[0].After.NoPower = "all directions are noise" }), Options{}},
		{"tampered", with(honest, func(in *Input) { in.After.Integrity = Check{Reason: "rescaled neurons"} }), Options{}},
		{"nothing checked", with(honest, func(in *Input) { in.Before = Diagnosis{} }), Options{}},
		{"not converged, controls lost", with(placedAudit(places(2, place{20, 0}), places(12, place{20, 0})), func(in *Input) {
			in.After.Convergence = Check{Reason: "residual 0.6"}
		}), Options{}},
		{"other images", with(honest, func(in *Input) { in.Incomparable = "the reference images are of another kind" }), Options{}},
		{"a class", class(100), Options{}},
		{"a class with few references of it", class(10), Options{}},
		{"the same model", with(honest, func(in *Input) {
			in.Lineage = &Lineage{Relation: "same", Reason: "the models have the same parameters"}
		}), Options{}},
		{"fixed threshold, one recovered", fixed([]place{{0.7, 0.3}, {0.8, 0.8}}, places(40, place{0.7, 0.7})), Options{}},
		{"fixed threshold, all gone", fixed(places(3, place{0.7, 0.3}), places(40, place{0.7, 0.7})), Options{}},
		{"fixed threshold, none before, not converged", with(fixed(places(3, place{0.2, 0.3}), places(40, place{0.7, 0.7})), func(in *Input) {
			in.Before.Convergence = Check{Reason: "residual 0.6"}
		}), Options{}},
		{"a crowd, honest", weak.audit(rng), Options{}},
		{"a crowd, kept", crowd{forget: 30, retain: 30, references: 500, lift: 4, kept: 30}.audit(rng), Options{}},
		{"a crowd, relabelled", crowd{forget: 30, retain: 30, references: 500, lift: 2, kept: 30, below: 4}.audit(rng), Options{}},
		{"a crowd, never trained on", crowd{forget: 30, retain: 30, references: 500}.audit(rng), Options{}},
		{"a crowd, copies", with(weak.audit(rng), func(in *Input) { in.Copies = copied(rng, 30, 200, 6, 2, 1.2) }), Options{}},
		{"a crowd, derived", with(weak.audit(rng), func(in *Input) { in.Lineage = &Lineage{Relation: "derived", Reason: "made from the model before"} }), Options{}},
		{"a supplied start", supplied(), Options{}},
		{"a crowd, little power", crowd{forget: 30, retain: 30, references: 500, lift: 1.5}.audit(rng), Options{}},
		{"a crowd of four", crowd{forget: 4, retain: 30, references: 500, lift: 8}.audit(rng), Options{}},
	}
}

// supplied is an audit by reconstruction and by a start that a party supplied, which shows one sample.
func supplied() Input {
	in := placedAudit([]place{{0, 0}, {20, 0}}, places(12, place{20, 20}))
	st := in.Statistics[0]
	st.Name, st.Title, st.Use = "supplied start", "nearness to a supplied start", ForRetained
	st.Before.Samples, st.After.Samples = slices.Clone(st.Before.Samples), slices.Clone(st.After.Samples)
	st.Before.Samples[0], st.After.Samples[0] = 20, 20
	in.Statistics = append(in.Statistics, st)
	return in
}

// said is a decision in its own words: its sentences, and the counts that they are made of.
func said(name string, d Decision) string {
	var out strings.Builder
	fmt.Fprintf(&out, "-- %s --\n%s (%d unlearned, %d retained, %d inconclusive): %s\n%s\n", name, d.Summary.Verdict, d.Summary.Unlearned, d.Summary.Retained,
		d.Summary.Inconclusive, d.Summary.Reason, d.Summary.Statistic)
	for _, n := range d.Notes {
		fmt.Fprintf(&out, "note: %s\n", n)
	}
	for _, s := range d.Statistics {
		fmt.Fprintf(&out, "%s: decisive for %d, shows %d controls before and %d after\n", s.Name, s.Decisive, s.ControlsBefore, s.ControlsAfter)
	}
	if d.Controls.Failed != "" {
		fmt.Fprintf(&out, "controls: %s\n", d.Controls.Failed)
	}
	seen := map[string]bool{}
	for _, s := range d.Samples {
		line := fmt.Sprintf("%s, %s: %s\n", s.Role, s.Verdict, s.Reason)
		if !seen[line] && len(seen) < 6 {
			seen[line] = true
			out.WriteString(line)
		}
	}
	return out.String()
}

// What decisions say is part of what the project promises: a change of a sentence shows in testdata/words.golden, which
// `go test ./metrics -run WordsGolden -update` writes anew.
func TestWordsGolden(t *testing.T) {
	const golden = "testdata/words.golden"
	var got strings.Builder
	for _, s := range situations() {
		got.WriteString(said(s.name, decide(t, s.in, Options{Level: s.opts.Level, Draws: 1999})) + "\n")
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	have, expected := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i, line := range have {
		if i >= len(expected) || line != expected[i] {
			t.Fatalf("line %d is\n%s\nand was\n%s", i+1, line, expected[min(i, len(expected)-1)])
		}
	}
}

// Of one of several samples the number of its own role is given, and of a guard its own name and p-value.
// Images that were asked about are in evidence; nothing was recovered.
func TestOfKnown(t *testing.T) {
	for from, want := range map[string]string{
		"the one sample could be recovered from the model before, and it no longer can be recovered from the model after": "the one sample was in evidence in the model before, and it no longer is in evidence in the model after",
		"all 3 could be recovered from the model before":                                                                  "all 3 were in evidence in the model before",
		"each of them can be recovered more closely":                                                                      "each of them is in evidence more strongly",
		"it can be recovered more closely":                                                                                "it is in evidence more strongly",
		"not recoverable from the model after":                                                                            "not in evidence in the model after",
		"they can be recovered from the model after":                                                                      "they are in evidence in the model after",
		"of those that could be recovered before":                                                                         "of those that were in evidence before",
		"2 of the controls still can be":                                                                                  "2 of the controls still are",
		"2 samples can still be recovered":                                                                                "2 samples are still in evidence",
		"Of the controls recoverable before":                                                                              "Of the controls in evidence before",
		"a failure to recover proves nothing":                                                                             "absence proves nothing",
		"it cannot be recovered":                                                                                          "it is not in evidence",
	} {
		if got := ofKnown.Replace(from); got != want {
			t.Errorf("%q: %q, want %q", from, got, want)
		}
	}
}

func TestWordsOfOneSample(t *testing.T) {
	a := &audit{forget: []int{0, 1}, retain: []int{2, 3, 4}, Decision: Decision{Samples: make([]SampleDecision, 5)}}
	if f, r := a.queried(Forget), a.queried(Retain); f != 2 || r != 3 {
		t.Errorf("%d to forget, %d to retain", f, r)
	}
	a.in.Statistics = []Statistic{{Title: "imprint", Use: ForSamples}, {Title: "silence", Use: AsGuard}, {Title: "distance", Use: AsGuard}}
	s := &SampleDecision{After: Evidence{PValues: []float64{0.001, 0.4, guardLevel}}}
	if got := a.guard(s); !strings.Contains(got, "distance") {
		t.Errorf("the guard is named %q", got)
	}
}

// With as few reference images as a p-value of the level needs, a p-value of the level is a matter of how many samples there are.
func TestWordsAtTheLevel(t *testing.T) {
	const references = 19
	a := &audit{forget: []int{0, 1}, Decision: Decision{Method: Conformal, References: references, Options: Options{Level: 1. / (references + 1)}}}
	s := &SampleDecision{Sample: Sample{Role: Forget}, Before: Evidence{PValue: a.Options.Level}}
	if got := a.whyNotRecoverable(s); !strings.Contains(got, "not enough for one of 2 samples") {
		t.Error(got)
	}
}
