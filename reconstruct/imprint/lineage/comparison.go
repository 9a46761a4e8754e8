package lineage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// comparison goes through the layers of two networks in order.
type comparison struct {
	matcher
	before, after []layer
	// found are the correspondences of the layers so far, nil for those that could not be compared.
	found []*correspondence
	rng   *rand.Rand
	// chained says that each layer's columns have one possible order.
	chained bool
}

func newComparison(ctx context.Context, before, after *graph.Network, opts Options) (*comparison, error) {
	e, err := engine.New[float64](engine.Options{Threads: opts.Threads})
	if err != nil {
		return nil, err
	}
	c := &comparison{rng: rand.New(rand.NewPCG(opts.Seed, 29))}
	if c.before, c.after, c.chained, err = layersOf(ctx, before, after); err != nil {
		return nil, err
	}
	if err := errors.Join(finite("before", c.before), finite("after", c.after)); err != nil {
		return nil, err
	}
	// A ReLU does not commute with a change of sign. A BatchNormalization, which is part of the layer in a chain only, does.
	c.matcher = matcher{engine: e, signs: !c.chained}
	return c, nil
}

// finite refuses weights whose fourth powers float64 cannot hold.
func finite(which string, layers []layer) error {
	for _, l := range layers {
		if n := mat.Norm(l.w, 2); !(n < 1e75) {
			return fmt.Errorf("the model %s: the weights of layer %q have the norm %v", which, l.name, n)
		}
	}
	return nil
}

func (c *comparison) layers(ctx context.Context) ([]Layer, error) {
	out := []Layer{}
	for i := range min(len(c.before), len(c.after)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, found := c.layer(c.before[i], c.after[i])
		c.found = append(c.found, found)
		out = append(out, l)
	}
	return out, nil
}

// layer compares one layer, and says which row stands for which.
func (c *comparison) layer(before, after layer) (Layer, *correspondence) {
	out := Layer{Name: before.name, Output: before.output && after.output, Rank: -1}
	out.Rows, out.Columns = before.w.Dims()
	out.RowsAfter, _ = after.w.Dims()
	if !c.chained && out.Rows*out.Columns > mostElements {
		return out, nil
	}
	w, found := c.aligned(before, after, out.Output)
	if w == nil {
		return out, nil
	}
	out.Compared = true
	out.Weights = Agreement{Cosine: found.mean, Independent: c.null(before.w, w, out.Output)}
	from, to := before.w, w // what shows the factors of rows
	if s := c.start(before.w, w, out.Output); s != nil {
		out.Start, out.StartShare, out.StartGrowth = &s.Agreement, s.share, s.growth
		if s.excess() > out.Weights.excess() {
			found, from, to = s.found, s.before, s.after
		}
	}
	rows := found.rows(w)
	d := differ(before.w, rows, fitFactors(from, found.rows(to), before.w, rows))
	out.Scaled, out.Change, out.Rank, out.RankEnergy = d.scaled, d.change, d.rank, d.energy
	out.Permuted = found.permuted()
	return out, c.correspond(found, before.w, w, d.factors)
}

// aligned is the weight after with its columns in the order before, whichever of the orders that are possible agrees most, and
// the match of its rows.
func (c *comparison) aligned(before, after layer, output bool) (*mat.Dense, *matching) {
	var weight *mat.Dense
	var found *matching
	for _, w := range c.orders(before, after) {
		if w == nil || !sameWidth(w, before.w) {
			continue
		}
		if m := c.matchRows(before.w, w, output); found == nil || m.mean > found.mean {
			weight, found = w, m
		}
	}
	return weight, found
}

// orders are the possible orders of the columns: as they stand, and as the rows of the layer that they read were matched. Where
// it is not known which layer that is, any before may be.
func (c *comparison) orders(before, after layer) []*mat.Dense {
	out := []*mat.Dense{after.w}
	if before.from >= 0 {
		if found := c.found[before.from]; found != nil {
			out = append(out, found.columns(after.w))
		}
	}
	if before.from != unknown {
		return out
	}
	for _, found := range c.found {
		if found != nil {
			out = append(out, found.columns(after.w), found.unscaled().columns(after.w))
		}
	}
	return out
}

// matchRows matches rows, preferring them as they stand. The order of logits is fixed.
func (c *comparison) matchRows(before, after *mat.Dense, output bool) *matching {
	still := c.unmoved(before, after)
	if output {
		return still
	}
	// Where neurons are alike, another order than theirs may fit noise slightly better.
	const alike = 0.99
	if m := c.match(before, after); alike*m.mean > still.mean {
		return m
	}
	return still
}

func (c *comparison) null(before, after *mat.Dense, output bool) float64 {
	if output {
		return 1
	}
	return c.independent(before, after, c.rng)
}

// start compares what training left of the initial values; nil where that is next to nothing.
func (c *comparison) start(before, after *mat.Dense, output bool) *start {
	if output {
		return nil
	}
	s := &start{}
	if s.before, s.after = withoutLearnt(before, after); s.before == nil {
		return nil
	}
	left, leftAfter := mat.Norm(s.before, 2), mat.Norm(s.after, 2)
	if left == 0 || leftAfter == 0 {
		return nil
	}
	s.found = c.matchRows(s.before, s.after, false)
	s.Agreement = Agreement{Cosine: s.found.mean, Independent: c.null(s.before, s.after, false)}
	s.share = left / mat.Norm(before, 2)
	s.growth = max(leftAfter/left, leftAfter/mat.Norm(after, 2)/s.share)
	return s
}

// start is what training left of the initial values in two matrices.
type start struct {
	Agreement
	before, after *mat.Dense
	found         *matching
	share, growth float64
}

// permuted says that some row is matched with one at another place.
func (m *matching) permuted() bool {
	for i, j := range m.rowOf {
		if j >= 0 && j != i && m.cosine[i] > displaced {
			return true
		}
	}
	return false
}

func sameWidth(a, b *mat.Dense) bool { return a.RawMatrix().Cols == b.RawMatrix().Cols }
