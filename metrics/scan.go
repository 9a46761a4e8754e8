package metrics

import (
	"math"
	"math/rand/v2"
	"strings"
)

// A scan is several scores of each image, any one of which may show that samples are there: versions of an image, or layers of
// the network. The test counts all of them as one.
type scan struct {
	statistic string
	names     []string
	// rows are the scores, standardised alike for all images: samples first, then reference images.
	rows    [][]float64
	samples int
}

// test is the permutation test of the largest sum over the samples that any one score has, above what as many images have.
func (s scan) test(g group, o Options) GroupTail {
	pools, expected, observed := s.pools(g)
	best, most := highest(observed, expected)
	rng := rand.New(rand.NewPCG(o.Seed, 0x7363616e))
	atLeast, sum := 1, make([]float64, len(s.names))
	for range o.Draws {
		clear(sum)
		for k, st := range g.strata {
			pool := pools[k]
			for i := range st.samples {
				j := i + rng.IntN(len(pool)-i)
				pool[i], pool[j] = pool[j], pool[i]
				addTo(sum, pool[i], 1)
			}
		}
		_, high := highest(sum, expected)
		atLeast += count(high >= most-1e-9*math.Abs(most))
	}
	return GroupTail{Statistic: s.statistic, Version: s.names[best],
		PValue: float64(atLeast) / float64(o.Draws+1)}
}

// pools are the rows of each stratum, samples first; expected and observed are the sums over as many images and over the
// samples.
func (s scan) pools(g group) (pools [][][]float64, expected, observed []float64) {
	pools = make([][][]float64, len(g.strata))
	expected, observed = make([]float64, len(s.names)), make([]float64, len(s.names))
	for k, st := range g.strata {
		for _, i := range st.samples {
			pools[k] = append(pools[k], s.rows[i])
			addTo(observed, s.rows[i], 1)
		}
		for _, i := range st.null {
			pools[k] = append(pools[k], s.rows[s.samples+i])
		}
		for _, r := range pools[k] {
			addTo(expected, r, float64(len(st.samples))/float64(len(pools[k])))
		}
	}
	return pools, expected, observed
}

func addTo(sum, row []float64, weight float64) {
	for v, x := range row {
		sum[v] += weight * x
	}
}

// highest is the score whose sum is farthest above what is expected, and how far.
func highest(sum, expected []float64) (best int, distance float64) {
	distance = math.Inf(-1)
	for v := range sum {
		if d := sum[v] - expected[v]; d > distance {
			best, distance = v, d
		}
	}
	return best, distance
}

// layersStatistic is the name of the test of layers one by one, lossStatistic that of the loss among the guards.
const (
	layersStatistic = "layers"
	lossStatistic   = "loss"
)

// layerTest asks each layer by itself; nil where there is none.
func (a *audit) layerTest(g group) *GroupTail {
	s := scan{statistic: layersStatistic, samples: len(a.in.Samples), rows: make([][]float64, len(a.in.Samples)+a.References)}
	for _, st := range a.in.Statistics {
		if st.Use != AsLayer || st.After.NoPower != "" {
			continue
		}
		s.names = append(s.names, strings.TrimPrefix(st.Name, "imprint in "))
		for i, v := range append(append([]float64{}, st.After.Samples...), st.After.Null...) {
			s.rows[i] = append(s.rows[i], v)
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	// Controls are trained on, and take no part in how the scores are standardised.
	scales := scalesOf(s.rows[s.samples:])
	s.rows = standardised(scales, s.rows)
	test := s.test(g, a.Options)
	return &test
}

// fromBefore reports whether the model after may have been made from the one before.
func (a *audit) fromBefore() bool {
	return a.in.Lineage != nil && a.in.Lineage.Relation != "independent"
}

// showsFromBefore is a test of a layer by itself, or of the loss, that shows samples at the level though all tests together do
// not; nil where there is none, or where the model after was trained from another start. A model that was altered, not trained again, may
// hide the samples from most tests and not from all.
func (a *audit) showsFromBefore() *GroupTail {
	if !a.fromBefore() || a.Together == nil {
		return nil
	}
	if best, _ := a.Together.strongestOf(layersStatistic, lossStatistic); best != nil && trailingTests*best.PValue <= a.groupLevel() {
		return best
	}
	return nil
}
