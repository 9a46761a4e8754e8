package audit

import (
	"context"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
	"unlearnguard/reconstruct/imprint"
)

// The statistics, in the order of their columns in a Decision.
const (
	statSSIM = iota
	statNCC
	statTrace
	statImprint
	statRival
	statLoss
	statSilence
	statCount
)

var statistics = [statCount]struct {
	name, title string
	use         metrics.Use
}{
	{"ssim", "structural similarity (SSIM) to the nearest reconstruction", metrics.ForSamples},
	{"ncc", "centred cosine with the nearest reconstruction", metrics.ForSamples},
	{"trace", "trace in the first layer, beyond what the controls explain", metrics.ForSamples},
	{"imprint", "layers' response to what is particular to the image, by its class", metrics.ForRequest},
	{"rival", "layers' response to what is particular to the image, by the strongest other class", metrics.AsGuard},
	{"loss", "loss of the image's class, with its sign changed", metrics.AsGuard},
	{"silence", "how much less than in other images' directions a layer answers in the image's", metrics.AsGuard},
}

// Evidence is what one model says of the queried and the reference images.
type Evidence struct {
	Model *Model
	// Result is what was reconstructed, or nil.
	Result *reconstruct.Result
	// Nearest is, for every queried image, the sample of Result nearest by the cosine of the network's inputs, with its
	// SSIM. Choosing by the cosine and scoring by SSIM avoids the maximum of hundreds of SSIMs as the score of images that were not
	// found.
	Nearest []metrics.Match
	// Layers are the layers' answers to known images, or nil.
	Layers *imprint.Result
	// ByLayer are the scores of each layer by itself, by the images' own classes.
	ByLayer []LayerScores
	// Copies are the scores of altered copies of the samples to forget, of the model after alone, or nil.
	Copies *metrics.Copies
	// Scores are the statistics, each over the queried images and the reference set. Larger means more evidence.
	Scores [statCount]metrics.Scores

	problem reconstruct.Problem
	// start is the evidence by known starts, nil without any.
	start *startEvidence
	// late says that the layers gave no answer in time, misfit that the network does not know the controls; or they are empty.
	late, misfit string
}

// LayerScores are the scores of one layer by itself.
type LayerScores struct {
	Layer  string
	Scores metrics.Scores
}

// SSIM are the scores of structural similarity.
func (e *Evidence) SSIM() metrics.Scores { return e.Scores[statSSIM] }

// compareWithResult scores the queried and the reference images against what was found.
func (e *Evidence) compareWithResult(ctx context.Context, r *Request) error {
	if e.Result == nil {
		for range r.Roles {
			e.Nearest = append(e.Nearest, metrics.Match{Index: -1, Score: -1})
			e.Scores[statSSIM].Samples = append(e.Scores[statSSIM].Samples, -1)
		}
		return nil
	}
	all := r.views().pictures(r.Queried.Len() + r.views().references())
	nearest, cosines, err := compare(ctx, r.Reconstruct.Threads, e.Result, all, r.SSIM)
	if err != nil {
		return err
	}
	var scores [statTrace + 1][]float64
	scores[statNCC] = cosines
	for _, m := range nearest {
		scores[statSSIM] = append(scores[statSSIM], m.Score)
	}
	noTraces := ""
	if e.Model.Convolutional != nil {
		noTraces = "the filters of a convolution span all patches, so that those of any image lie in the span"
		scores[statTrace] = make([]float64, len(all))
	} else if scores[statTrace], err = e.traces(r, all); err != nil {
		return err
	}
	n := r.Queried.Len()
	e.Nearest = nearest[:n]
	for k := range scores {
		e.Scores[k] = metrics.Scores{Samples: scores[k][:n], Null: scores[k][n:]}
	}
	e.Scores[statTrace].NoPower = noTraces
	return nil
}

// Nearest finds, for every image of a set, the sample of a result nearest by the cosine of the network's inputs, with its
// SSIM, as [Evidence.Nearest] has it, and the pictures of these samples.
func Nearest(ctx context.Context, result *reconstruct.Result, set *images.Set, o metrics.SSIMOptions) (
	[]metrics.Match, []metrics.Image, error) {
	all := Pictures(set)
	nearest, _, err := compare(ctx, 0, result, all, o)
	return nearest, pictures(result, nearest, all), err
}

// compare returns the nearest of what was found to every image, and its cosine.
func compare(ctx context.Context, threads int, result *reconstruct.Result, all []metrics.Image, o metrics.SSIMOptions) (
	nearest []metrics.Match, cosines []float64, err error) {
	nearest, cosines = make([]metrics.Match, len(all)), make([]float64, len(all))
	errs := make([]error, len(all))
	engine.Share(threads, len(all), func(next func() (int, bool)) {
		for i, ok := next(); ok && ctx.Err() == nil; i, ok = next() {
			m, cosine := metrics.Match{Index: -1, Score: -1}, -1.0
			if len(result.Samples) > 0 {
				cosine, m.Index = result.NearestCosine(all[i].Pix)
				m.Score, errs[i] = metrics.SSIM(all[i], found(result, m.Index, all[i]), o)
			}
			nearest[i], cosines[i] = m, cosine
		}
	})
	for _, err := range append(errs, ctx.Err()) {
		if err != nil {
			return nil, nil, err
		}
	}
	return nearest, cosines, nil
}

// found is sample i of a result as an image of the size of another; none where i is -1.
func found(result *reconstruct.Result, i int, like metrics.Image) metrics.Image {
	if i < 0 {
		return metrics.Image{}
	}
	return metrics.Image{Channels: like.Channels, Height: like.Height, Width: like.Width, Pix: result.Samples[i].Pixels}.Clip()
}

// Found are the pictures of Nearest, one for each of the queried images of r; an empty one where nothing was recovered.
func (e *Evidence) Found(r *Request) []metrics.Image {
	return pictures(e.Result, e.Nearest, r.views().pictures(r.Queried.Len()))
}

// pictures are the samples of a result that match images.
func pictures(result *reconstruct.Result, matches []metrics.Match, like []metrics.Image) []metrics.Image {
	out := make([]metrics.Image, len(matches))
	for i, m := range matches {
		out[i] = found(result, m.Index, like[i])
	}
	return out
}

// Pictures are the images of a set; none for nil.
func Pictures(s *images.Set) []metrics.Image {
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
