package audit

import (
	"context"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
)

// The statistics, in the order of their columns in a Decision.
const (
	statSSIM = iota
	statNCC
	statTrace
	statCount
)

var statistics = [statCount]struct {
	name, title string
	distance    bool
}{
	{name: "ssim", title: "structural similarity (SSIM) to the nearest reconstruction"},
	{name: "ncc", title: "centred cosine with the nearest reconstruction"},
	{name: "trace", title: "trace in the first layer, beyond what the controls explain"},
}

// Evidence is what one model says of the queried and the reference images.
type Evidence struct {
	Model  *Model
	Result *reconstruct.Result
	// Nearest is, for every queried image, the sample of Result nearest by the cosine of the network's inputs, with its
	// SSIM. Choosing by the cosine and scoring by SSIM keeps the scores of images that were not found from being the
	// luckiest of hundreds.
	Nearest []metrics.Match
	// Scores are the statistics, each over the queried images and the reference set. Larger means more evidence.
	Scores [statCount]metrics.Scores

	problem reconstruct.Problem
}

// score scores the queried and the reference images against what was found.
func (e *Evidence) score(ctx context.Context, r *Request) error {
	all := append(pictures(r.Queried), pictures(r.Reference)...)
	found := e.Pictures(r)
	var scores [statCount][]float64
	for _, image := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		cosine, at, similarity := -1.0, -1, -1.0
		if len(found) > 0 {
			var err error
			cosine, at = e.Result.NearestCosine(image.Pix)
			if similarity, err = metrics.SSIM(image, found[at], r.SSIM); err != nil {
				return err
			}
		}
		e.Nearest = append(e.Nearest, metrics.Match{Index: at, Score: similarity})
		scores[statSSIM] = append(scores[statSSIM], similarity)
		scores[statNCC] = append(scores[statNCC], cosine)
	}
	var err error
	if scores[statTrace], err = e.traces(r, all); err != nil {
		return err
	}
	n := r.Queried.Len()
	e.Nearest = e.Nearest[:n]
	for k := range scores {
		e.Scores[k] = metrics.Scores{Samples: scores[k][:n], Null: scores[k][n:]}
	}
	return nil
}

// Pictures are the recovered samples as images.
func (e *Evidence) Pictures(r *Request) []metrics.Image {
	out := make([]metrics.Image, len(e.Result.Samples))
	for i, s := range e.Result.Samples {
		out[i] = metrics.Image{Channels: r.Queried.C, Height: r.Queried.H, Width: r.Queried.W, Pix: s.Pixels}.Clip()
	}
	return out
}

// pictures are the images of a set; none for nil.
func pictures(s *images.Set) []metrics.Image {
	if s == nil {
		return nil
	}
	out := make([]metrics.Image, s.Len())
	for i := range out {
		out[i] = metrics.NewImage(s.C, s.H, s.W)
		for j, v := range s.Image(i) {
			out[i].Pix[j] = float64(v)
		}
	}
	return out
}
