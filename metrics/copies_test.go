package metrics

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// copied makes copies of the samples of an audit: so many versions, one of which the samples score higher by.
func copied(rng *rand.Rand, forget, references, versions, version int, by float64) *Copies {
	c := &Copies{}
	for v := range versions {
		c.Versions = append(c.Versions, fmt.Sprintf("version %d", v))
	}
	for i := range forget + references {
		row := make([]float64, versions)
		common := rng.NormFloat64()
		for v := range row {
			row[v] = (common + rng.NormFloat64()) * float64(v+1) // versions have scales of their own
		}
		if i < forget {
			row[version] += by * float64(version+1)
			c.Samples, c.Best = append(c.Samples, row), append(c.Best, c.Versions[version])
		} else {
			c.Null, c.NullLabels = append(c.Null, row), append(c.NullLabels, i%5)
		}
	}
	return c
}

// Samples of which altered copies are in the model after are not called unlearned, neither one by one nor together, and the
// version is named.
func TestCopiesAreFound(t *testing.T) {
	honest := crowd{forget: 30, retain: 30, references: 500, lift: 4}
	in := honest.audit(rand.New(rand.NewPCG(3, 1)))
	if d := decide(t, in, Options{}); d.Summary.Verdict != Unlearned {
		t.Fatalf("without copies: %s, %s", d.Summary.Verdict, d.Summary.Reason)
	}
	in.Copies = copied(rand.New(rand.NewPCG(4, 1)), 30, 200, 12, 7, 3)
	d := decide(t, in, Options{})
	if d.Summary.Verdict != Retained || d.Summary.Unlearned > 0 || !strings.Contains(d.Summary.Reason, "version 7") {
		t.Errorf("%s, %d unlearned; %s", d.Summary.Verdict, d.Summary.Unlearned, d.Summary.Reason)
	}
}

// Copies of samples that were never trained on are seldom taken for evidence.
func TestCopiesAreExact(t *testing.T) {
	if testing.Short() {
		t.Skip("many audits")
	}
	rng := rand.New(rand.NewPCG(5, 1))
	const audits = 200
	small := 0
	for range audits {
		in := crowd{forget: 10, references: 200}.audit(rng)
		in.Copies = copied(rng, 10, 150, 8, 0, 0)
		a := newAudit(in, Options{Draws: 199}.WithDefaults())
		for _, x := range a.copyTests() {
			small += count(x.PValue <= 0.1)
		}
	}
	// Two tests of 200 audits, 0.1 each: 40, and five standard deviations of as many that are not independent.
	if small < 12 || small > 75 {
		t.Errorf("of %d tests of copies never trained on %d have p <= 0.1", 2*audits, small)
	}
}

// One sample whose copy stands out keeps its neighbours' verdicts and loses its own.
func TestCopyGuardsItsSample(t *testing.T) {
	in := crowd{forget: 30, retain: 30, references: 500, lift: 8}.audit(rand.New(rand.NewPCG(3, 1)))
	in.Statistics[0].Use = ForSamples
	c := copied(rand.New(rand.NewPCG(4, 1)), 30, 200, 12, 7, 0)
	in.Copies = c
	plain := decide(t, in, Options{})
	k := -1
	for i, s := range plain.Samples[:30] {
		if s.Verdict == Unlearned {
			k = i
			break
		}
	}
	if k < 0 {
		t.Fatal("no sample is unlearned")
	}
	c.Samples[k][7] += 100
	d := decide(t, in, Options{})
	if s := d.Samples[k]; s.Verdict != Inconclusive || !s.After.Guarded || s.After.Absent || !strings.Contains(s.Reason, "version 7") {
		t.Errorf("%s: %s", s.Verdict, s.Reason)
	}
}

// A layer that shows the samples by itself is noticed, and at the full level where the model after may be made from the one
// before.
func TestLayersByThemselves(t *testing.T) {
	honest := crowd{forget: 30, retain: 30, references: 500, lift: 4}
	for _, c := range []struct {
		by       float64
		relation string
		want     Verdict
	}{{0, "independent", Unlearned}, {0, "derived", Unlearned}, {2, "independent", Retained}, {0.4, "derived", Inconclusive}, {0.3, "independent", Unlearned}} {
		rng := rand.New(rand.NewPCG(3, 1))
		in := honest.audit(rng)
		rng = rand.New(rand.NewPCG(8, 1))
		for _, name := range []string{"first", "second"} {
			st := Statistic{Name: name, Title: name, Use: AsLayer}
			for i := range in.Samples {
				lift := 0.0
				if i < 30 && name == "second" {
					lift = c.by
				}
				st.Before.Samples, st.After.Samples = append(st.Before.Samples, 0), append(st.After.Samples, lift+rng.NormFloat64())
			}
			for range 500 {
				st.Before.Null, st.After.Null = append(st.Before.Null, 0), append(st.After.Null, rng.NormFloat64())
			}
			in.Statistics = append(in.Statistics, st)
		}
		in.Lineage = &Lineage{Relation: c.relation, Reason: "they are alike"}
		if d := decide(t, in, Options{}); d.Summary.Verdict != c.want {
			t.Errorf("%+v: %s, %s", c, d.Summary.Verdict, d.Summary.Reason)
		}
	}
}
