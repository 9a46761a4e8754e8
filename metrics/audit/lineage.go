package audit

import (
	"context"
	"time"

	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint/lineage"
)

// lineage asks whether the model after was made from the one before. Models that cannot be compared may have been.
func (r *Request) lineage(ctx context.Context, deadline time.Time) (*metrics.Lineage, error) {
	if r.sameTwice() {
		return &metrics.Lineage{Relation: string(lineage.Same), Reason: "the model after is the model before"}, nil
	}
	var found *lineage.Result
	err := until(ctx, deadline, func(ctx context.Context) error {
		var err error
		found, err = lineage.Compare(ctx, r.Before.Network, r.After.Network, lineage.Options{Threads: r.Reconstruct.Threads})
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return &metrics.Lineage{Relation: string(lineage.Unknown), Reason: "the two models could not be compared: " + err.Error()}, nil
	}
	return &metrics.Lineage{Relation: string(found.Relation), Reason: found.Reason}, nil
}

// layers are the statistics of layers by themselves: those of the model after, and of the model before where it has a layer of
// that name.
func (o *Outcome) layers() []metrics.Statistic {
	var out []metrics.Statistic
	for _, l := range o.After.ByLayer {
		s := metrics.Statistic{Name: "imprint in " + l.Layer, Title: "response of the layer " + l.Layer + " by itself", Use: metrics.AsLayer, After: l.Scores}
		s.Before = metrics.Scores{Samples: make([]float64, len(l.Scores.Samples)), Null: make([]float64, len(l.Scores.Null)), NoPower: "it has no such layer"}
		for _, b := range o.Before.ByLayer {
			if b.Layer == l.Layer {
				s.Before = b.Scores
			}
		}
		out = append(out, s)
	}
	return out
}
