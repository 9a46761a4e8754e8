package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// crowd makes audits by one weak statistic for the request, of which the truth is known.
type crowd struct {
	forget, retain, references int
	// lift is how far a sample in a model stands above the others on average, in their standard deviations.
	lift float64
	// kept samples are in the model after; rival is how far they stand out by the guard, below by the statistic itself.
	kept         int
	rival, below float64
}

func (c crowd) audit(rng *rand.Rand) Input {
	in := Input{Before: passed(), After: passed()}
	st := Statistic{Name: "imprint", Title: "imprint", Use: ForBoth}
	guard := Statistic{Name: "rival", Title: "rival", Use: AsGuard}
	for i := range c.forget + c.retain {
		role, after, rival := Retain, c.lift, 0.0
		if i < c.forget {
			role, after = Forget, 0
			if i < c.kept {
				after, rival = c.lift-c.below, c.rival
			}
		}
		in.Samples = append(in.Samples, Sample{Source: fmt.Sprint(i), Role: role, Label: i % 5})
		st.Before.Samples = append(st.Before.Samples, c.lift*2*rng.Float64()+rng.NormFloat64())
		st.After.Samples = append(st.After.Samples, after*2*rng.Float64()+rng.NormFloat64())
		guard.Before.Samples = append(guard.Before.Samples, rng.NormFloat64())
		guard.After.Samples = append(guard.After.Samples, rival+rng.NormFloat64())
	}
	for i := range c.references {
		in.ReferenceLabels = append(in.ReferenceLabels, i%5)
		st.Before.Null, st.After.Null = append(st.Before.Null, rng.NormFloat64()), append(st.After.Null, rng.NormFloat64())
		guard.Before.Null, guard.After.Null = append(guard.Before.Null, rng.NormFloat64()), append(guard.After.Null, rng.NormFloat64())
	}
	in.Statistics = []Statistic{st, guard}
	return in
}

// rates counts the verdicts on requests over many audits.
func (c crowd) rates(t *testing.T, audits int) map[Verdict]float64 {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	out := map[Verdict]float64{}
	for range audits {
		d := decide(t, c.audit(rng), Options{})
		if d.Summary.Unlearned > 0 && c.kept > 0 {
			t.Errorf("%d of the kept samples are called unlearned one by one", d.Summary.Unlearned)
		}
		out[d.Summary.Verdict] += 1 / float64(audits)
	}
	return out
}

// A request of thirty samples none of which can be told by itself is decided by what they show together.
func TestTogetherDecides(t *testing.T) {
	if testing.Short() {
		t.Skip("many audits")
	}
	weak := crowd{forget: 30, retain: 30, references: 500, lift: 2}
	for _, c := range []struct {
		name  string
		crowd crowd
		want  Verdict
		least float64
	}{
		// With weak's scores some audits would notice no fewer than half of the samples, which is too few to call any gone.
		{"honest", with(weak, func(c *crowd) { c.lift = 2.5 }), Unlearned, 0.85},
		{"kept", with(weak, func(c *crowd) { c.kept = 30 }), Retained, 0.95},
		{"relabelled", with(weak, func(c *crowd) { c.kept, c.below = 30, 4 }), Retained, 0.95},
		{"relabelled, to be seen by the guard alone", with(weak, func(c *crowd) { c.kept, c.below, c.rival = 30, 2, 1.2 }), Retained, 0.95},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.crowd.rates(t, 25)
			if got[c.want] < c.least || c.want == Retained && got[Unlearned] > 0 {
				t.Errorf("verdicts %v", got)
			}
		})
	}
}

func with(c crowd, change func(*crowd)) crowd { change(&c); return c }

// No evidence before, no controls, or controls without evidence: nothing is called unlearned.
func TestTogetherNeedsPower(t *testing.T) {
	for name, c := range map[string]struct {
		crowd crowd
		spoil func(*Input)
		says  string
	}{
		"nothing before": {crowd{forget: 30, retain: 30, references: 500}, func(*Input) {}, "not plainly in evidence in the model before"},
		"no controls":    {crowd{forget: 30, references: 500, lift: 1.2}, func(*Input) {}, "0 controls given"},
		"controls lost": {crowd{forget: 30, retain: 30, references: 500, lift: 1.2}, func(in *Input) {
			for i := range in.Samples {
				in.Statistics[0].After.Samples[i] = math.Sin(float64(i)) // as never-trained images, about
			}
		}, "the controls, taken together"},
		"no power": {crowd{forget: 30, retain: 30, references: 500, lift: 1.2}, func(in *Input) { in.Statistics[0].After.NoPower = "no layer" }, "no layer"},
		"too few":  {crowd{forget: 4, retain: 30, references: 500, lift: 1.2}, func(*Input) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := c.crowd.audit(rand.New(rand.NewPCG(3, 1)))
			c.spoil(&in)
			d := decide(t, in, Options{})
			if d.Together.Verdict != Inconclusive || d.Summary.Verdict == Unlearned || !strings.Contains(d.Together.Reason, c.says) {
				t.Errorf("%s: %s; %s", d.Summary.Verdict, d.Together.Verdict, d.Together.Reason)
			}
		})
	}
}

// Samples that a request labels otherwise than the network classifies them score below by their labels, trained on or not, and
// are not called relabelled for it.
func TestWrongLabelsAreNoEvidence(t *testing.T) {
	for _, c := range []struct {
		loss   float64
		accuse bool
	}{{-0.01, true}, {-5, false}} {
		in := crowd{forget: 30, retain: 30, references: 500, lift: 2, kept: 30, below: 5}.audit(rand.New(rand.NewPCG(4, 1)))
		loss := Statistic{Name: "loss", Title: "loss", Use: AsGuard}
		for i := range in.Samples {
			loss.Before.Samples = append(loss.Before.Samples, -0.01)
			loss.After.Samples = append(loss.After.Samples, -0.01)
			if in.Samples[i].Role == Forget {
				loss.After.Samples[i] = c.loss
			}
		}
		loss.Before.Null = slices.Repeat([]float64{-0.01}, 500)
		loss.After.Null = loss.Before.Null
		in.Statistics = append(in.Statistics, loss)
		if d := decide(t, in, Options{}); (d.Together.Verdict == Retained) != c.accuse {
			t.Errorf("loss %g: %s; %s", -c.loss, d.Together.Verdict, d.Together.Reason)
		}
	}
}

// Samples that were never trained on are called retained as seldom as stated, and the p-value is uniform.
func TestTogetherIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 1))
	const audits = 400
	small := 0
	for range audits {
		in := crowd{forget: 20, references: 200}.audit(rng)
		a := newAudit(in, Options{}.WithDefaults())
		small += count(a.group(a.forget).pValue(in.Statistics[0].After, false, Options{Draws: 199}) <= 0.1)
	}
	// Binomial(400, 0.1): 40 and four standard deviations.
	if small < 16 || small > 64 {
		t.Errorf("of %d audits of samples never trained on %d have p <= 0.1", audits, small)
	}
}

// The bounds on the number of kept samples hold as often as they say.
func TestKeptBounds(t *testing.T) {
	if testing.Short() {
		t.Skip("many audits")
	}
	rng := rand.New(rand.NewPCG(13, 1))
	const audits = 100
	for _, kept := range []int{0, 5, 20} {
		over, under := 0, 0
		for range audits {
			a := newAudit(crowd{forget: 20, retain: 30, references: 400, lift: 1.5, kept: kept}.audit(rng), Options{Draws: 199})
			a.together()
			over += count(kept > a.Together.KeptAtMost)
			under += count(kept < a.Together.KeptAtLeast)
		}
		// 5 % each, and three standard deviations of the count.
		limit := 0.05*audits + 3*math.Sqrt(0.05*0.95*audits)
		if float64(over) > limit || float64(under) > limit {
			t.Errorf("%d kept: beyond the upper bound in %d of %d audits, under the lower in %d", kept, over, audits, under)
		}
	}
}

// The sum's permutation test agrees with the closed form where there is one: with one sample it is the conformal p-value.
func TestGroupOfOneIsConformal(t *testing.T) {
	in := crowd{forget: 1, retain: 8, references: 99, lift: 1}.audit(rand.New(rand.NewPCG(17, 1)))
	in.ReferenceLabels = nil
	d := decide(t, in, Options{Draws: 99999})
	if want := d.Samples[0].After.PValues[0]; math.Abs(d.Together.After[0].PValue-want) > 0.01 {
		t.Errorf("p = %v, the conformal one is %v", d.Together.After[0].PValue, want)
	}
}

// One sample that stands far above all others is noticed when it is kept: all of the request, and no fewer.
func TestNoticedFromAllOfOne(t *testing.T) {
	in := crowd{forget: 1, retain: 30, references: 500, lift: 100}.audit(rand.New(rand.NewPCG(9, 9)))
	if d := decide(t, in, Options{Draws: 199}); d.Together == nil || d.Together.NoticedFrom != 1 {
		t.Errorf("noticed from %+v", d.Together)
	}
}
