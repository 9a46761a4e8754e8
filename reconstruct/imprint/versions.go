package imprint

import (
	"context"
	"fmt"
)

// Versions are altered images: copies that a network may have been trained on in the place of the images.
type Versions struct {
	// Images are as the network is fed them, with the labels of the images that they were made of.
	Images
	// Of are the positions of those: reference images first, in the order of [Begin], then the queried ones.
	Of []int
}

// Versions scores versions of the images as the images themselves were, by the kinds Matched, Whitened, Joint and Span of every
// layer: one score a version, all of them in Queried. The versions should be of one sort, and made of reference and of queried
// images alike: what they have in common, as a half that is black, is taken off as their mean. A version of a reference
// image is scored in the metric without that image, so that versions of never-trained images are exchangeable with it.
func (x *Examination) Versions(ctx context.Context, v Versions) ([]Score, error) {
	n, total := len(v.Of), len(x.references.Labels)+len(x.queried.Labels)
	if n == 0 || n > total || len(v.Labels) != n || len(v.X) != n*x.net.InputElements() {
		return nil, fmt.Errorf("imprint: %d versions of %d images", n, total)
	}
	if err := x.run(ctx, v.Images, 0, x.goal); err != nil {
		return nil, err
	}
	var out []Score
	x.each(func(j *judge, l *layer) { out = append(out, j.versions(l, v.Of)...) })
	return out, nil
}

// versions are the scores of the layer's values of versions.
func (j *judge) versions(l *layer, of []int) []Score {
	size := len(of) * l.width
	a := widened(l.activations[:size])
	centre(a, l.width)
	scores := map[Kind][]float64{}
	ea, eg := j.add(a, widened(l.gradients[:size]), of, scores)
	if j.joint != nil && j.joint.a != nil {
		scores[Joint] = j.joint.versions(ea, eg, len(of), scores[Matched])
	}
	if j.span != nil {
		scores[Span] = j.shares(a, ea, of)
	}
	var out []Score
	for _, kind := range []Kind{Matched, Whitened, Joint, Span} {
		if s := scores[kind]; s != nil {
			out = append(out, Score{Layer: l.name, Width: l.width, Kind: kind, Queried: s})
		}
	}
	return out
}

// centre takes the mean of the rows off them.
func centre(rows []float64, width int) {
	n := len(rows) / width
	mean := make([]float64, width)
	for i, v := range rows {
		mean[i%width] += v / float64(n)
	}
	for i := range rows {
		rows[i] -= mean[i%width]
	}
}
