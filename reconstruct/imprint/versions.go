package imprint

import (
	"context"
	"fmt"
	"slices"
)

// Versions are altered images: copies that a network may have been trained on in the place of the images.
type Versions struct {
	// Images are as the network is fed them, with the labels of the images that they were made of.
	Images
	// Of are the positions of those: reference images first, in the order of [Begin], then the queried ones.
	Of []int
	// Only are the scores that are wanted; nil stands for all.
	Only map[Name]bool
}

// Name tells the scores of an [Examination] apart.
type Name struct {
	Layer string
	Kind  Kind
}

func (v Versions) wanted(layer string, k Kind) bool { return v.Only == nil || v.Only[Name{layer, k}] }

// Expect says how many versions will be asked about, for the progress.
func (x *Examination) Expect(versions int) { x.total += versions }

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
	x.each(func(j *judge, l *layer) { out = append(out, j.versions(l, v)...) })
	return out, nil
}

// versionKinds are the scores that versions can have.
var versionKinds = []Kind{Matched, Whitened, Joint, Span}

// VersionHas reports whether versions can have scores of a kind.
func VersionHas(k Kind) bool { return slices.Contains(versionKinds, k) }

// versions are the scores of the layer's values of versions.
func (j *judge) versions(l *layer, v Versions) []Score {
	want := map[Kind]bool{}
	for _, k := range versionKinds {
		if v.wanted(l.name, k) {
			want[k] = true
		}
	}
	if len(want) == 0 {
		return nil
	}
	n := len(v.Of)
	a, g := widened(l.activations[:n*l.width]), widened(l.gradients[:n*l.width])
	centre(a, l.width)
	ea, scores := j.activations.embed(a, n), map[Kind][]float64{}
	if want[Matched] || want[Joint] {
		eg := j.activations.embed(g, n)
		j.addCosines(ea, eg, v.Of, scores, Matched)
		if want[Joint] && j.joint != nil && j.joint.a != nil {
			scores[Joint] = j.joint.versions(ea, eg, n, scores[Matched])
		}
	}
	if want[Whitened] && j.gradients != nil {
		j.addCosines(ea, j.whitened(g, n), v.Of, scores, Whitened)
	}
	if want[Span] && j.span != nil {
		scores[Span] = j.shares(a, ea, v.Of)
	}
	var out []Score
	for _, kind := range versionKinds {
		if s := scores[kind]; s != nil && want[kind] {
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
