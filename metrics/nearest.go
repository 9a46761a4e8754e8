package metrics

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Match is the candidate that comes nearest to a query.
type Match struct {
	// Index is the candidate's place in the list, -1 if the list was empty.
	Index int `json:"index"`
	// Score is its similarity to the query, -1 if the list was empty.
	Score float64 `json:"score"`
}

// NearestSSIM returns for every query the candidate of the highest SSIM, the first of them where several are equal.
// All images must have one size. The work is shared by as many goroutines as GOMAXPROCS allows; the result does not
// depend on their number.
//
// Every image's own moments are taken once, and a pair is given up as soon as it can no longer be the best. The result
// is that of calling [SSIM] on every pair.
func NearestSSIM(ctx context.Context, queries, candidates []Image, opts SSIMOptions) ([]Match, error) {
	if len(queries) == 0 || len(candidates) == 0 {
		return unmatched(len(queries)), nil
	}
	index, err := newSSIMIndex(queries[0], opts)
	if err != nil {
		return nil, err
	}
	known, err := index.momentsOf("reconstruction", candidates)
	if err != nil {
		return nil, err
	}
	asked, err := index.momentsOf("sample", queries)
	if err != nil {
		return nil, err
	}
	out := make([]Match, len(queries))
	engine.Share(0, len(queries), func(next func() (int, bool)) {
		scratch := index.newScratch()
		for q, ok := next(); ok && ctx.Err() == nil; q, ok = next() {
			out[q] = index.nearest(asked[q], known, scratch)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func unmatched(n int) []Match {
	out := make([]Match, n)
	for i := range out {
		out[i] = Match{Index: -1, Score: -1}
	}
	return out
}

func (s *ssimIndex) momentsOf(what string, images []Image) ([]*moments, error) {
	out := make([]*moments, len(images))
	for i, m := range images {
		var err error
		if out[i], err = s.moments(m); err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
	}
	return out, nil
}

func (s *ssimIndex) nearest(query *moments, candidates []*moments, scratch ssimScratch) Match {
	best := Match{Index: -1, Score: -2}
	for i, c := range candidates {
		if score, ok := s.compare(query, c, scratch, best.Score); ok && score > best.Score {
			best = Match{Index: i, Score: score}
		}
	}
	return best
}

// NearestNCC returns for every query the candidate of the highest [NCC], the first of them where several are equal.
// All images must have one size.
func NearestNCC(ctx context.Context, queries, candidates []Image) ([]Match, error) {
	if len(queries) == 0 || len(candidates) == 0 {
		return unmatched(len(queries)), nil
	}
	a, err := unitRows("sample", queries, queries[0])
	if err != nil {
		return nil, err
	}
	b, err := unitRows("reconstruction", candidates, queries[0])
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var cosines mat.Dense
	cosines.Mul(a, b.T())
	out := unmatched(len(queries))
	for q := range out {
		best := Match{Index: -1, Score: -2}
		for i, c := range cosines.RawRowView(q) {
			if c > best.Score {
				best = Match{Index: i, Score: c}
			}
		}
		out[q] = best
	}
	return out, nil
}

// unitRows returns one row an image: its pixels, centred and of unit length.
func unitRows(what string, images []Image, shape Image) (*mat.Dense, error) {
	out := mat.NewDense(len(images), len(shape.Pix), nil)
	for i, m := range images {
		if err := m.Validate(); err != nil {
			return nil, fmt.Errorf("%s %d: %w", what, i, err)
		}
		if !m.sameSize(shape) {
			return nil, fmt.Errorf("%s %d: %w: %s and %s", what, i, errImageSize, shape.size(), m.size())
		}
		copy(out.RawRowView(i), m.Pix)
		normalise(out.RawRowView(i))
	}
	return out, nil
}
