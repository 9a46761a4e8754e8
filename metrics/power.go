package metrics

import (
	"math"
	"math/rand/v2"
	"sort"
)

// Power is the statistical power of the audit: how many of the samples of the request must have been
// kept for at least one of them to come out as [Retained] with a probability of 95 %. It is estimated by drawing the
// evidence of kept samples from that of the controls and the rest from the reference set's distribution.
type Power struct {
	Samples int `json:"samples"`
	// Kept is that number, and Fraction its share of the samples. Both are 0 where even keeping all of them would
	// be noticed less often.
	Kept     int     `json:"kept"`
	Fraction float64 `json:"fraction"`
	// Noticed is the estimated probability at Kept, or at Samples where Kept is 0.
	Noticed float64 `json:"noticed"`
	Draws   int     `json:"draws"`
}

// powerDraws is the number of simulated audits behind each probability: its standard error is at most 0.01 near noticeOften.
const powerDraws = 500

// An audits simulates requests of one size. All p-values are held as ranks: p = rank / (references + 1).
type audits struct {
	samples, references int
	controls            []rankPair
	level               float64
	// Working memory.
	before, after, counts []int
	plain                 []bool
}

// A rankPair is a control's evidence in the two models; plain is [Evidence.Clear] of the model after.
type rankPair struct {
	before, after int
	plain         bool
}

// newPower estimates the power for m samples from the controls' p-values, against k reference images.
func newPower(m, k int, controls []SampleDecision, level float64, seed uint64) *Power {
	a := audits{samples: m, references: k, level: level,
		before: make([]int, m), after: make([]int, m), counts: make([]int, k+2), plain: make([]bool, m)}
	for _, c := range controls {
		a.controls = append(a.controls, rankPair{a.rank(c.Before.PValue), a.rank(c.After.PValue), c.After.Clear})
	}
	out := &Power{Samples: m, Draws: powerDraws}
	kept := 1 + sort.Search(m, func(i int) bool { return a.noticed(i+1, seed) >= noticeOften })
	if kept > m {
		out.Noticed = a.noticed(m, seed)
		return out
	}
	out.Kept, out.Fraction, out.Noticed = kept, float64(kept)/float64(m), a.noticed(kept, seed)
	return out
}

// rank rounds a p-value up to a rank.
func (a *audits) rank(p float64) int {
	return int(math.Ceil(p*float64(a.references+1) - 1e-9))
}

// noticed is the share of simulated audits in which at least one of the kept samples is found retained.
func (a *audits) noticed(kept int, seed uint64) float64 {
	rng := rand.New(rand.NewPCG(seed, uint64(kept)))
	hits := 0
	for range powerDraws {
		if a.one(rng, kept) {
			hits++
		}
	}
	return float64(hits) / powerDraws
}

func (a *audits) one(rng *rand.Rand, kept int) bool {
	for i := range a.samples {
		drawn := a.controls[rng.IntN(len(a.controls))]
		a.before[i], a.after[i], a.plain[i] = drawn.before, drawn.after, drawn.plain
		if i >= kept {
			a.after[i] = 1 + rng.IntN(a.references+1)
		}
	}
	before, after := a.threshold(a.before), a.threshold(a.after)
	for i := range kept {
		if a.before[i] <= before && a.after[i] <= after && a.plain[i] {
			return true
		}
	}
	return false
}

// threshold is the largest rank that [BenjaminiHochberg] rejects, 0 if none.
func (a *audits) threshold(ranks []int) int {
	clear(a.counts)
	for _, r := range ranks {
		a.counts[r]++
	}
	out, upTo := 0, 0
	for r, n := range a.counts {
		upTo += n
		if n > 0 && float64(r)/float64(a.references+1) <= a.level*float64(upTo)/float64(len(ranks)) {
			out = r
		}
	}
	return out
}
