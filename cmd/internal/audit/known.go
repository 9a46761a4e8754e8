package audit

import (
	"context"
	"fmt"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// known asks the layers of one model about the queried images: the statistics imprint, rival and loss.
func (e *Evidence) known(ctx context.Context, r *Request, norm images.Normalisation, progress func(done, total int)) error {
	if reason := r.unknowable(); reason != "" {
		e.noImprint(r, reason)
		return nil
	}
	labelled := r.labelled(e.Model)
	queried, err := fed(r.Queried, norm, labelled)
	if err != nil {
		return err
	}
	references, err := fed(r.Reference, norm, labelled)
	if err != nil {
		return err
	}
	found, err := imprint.Examine(ctx, e.Model.Network, queried, references, imprint.Options{Progress: progress})
	if err != nil {
		return fmt.Errorf("%s: %w", e.Model.Path, err)
	}
	e.Layers = found
	e.Scores[statLoss] = metrics.Scores{Samples: found.QueriedLosses, Null: found.ReferenceLosses}
	if len(found.Scores) == 0 {
		e.noImprint(r, "no layer with a weight fits the memory, or all images are the same to every layer")
		return nil
	}
	e.joinLayers(r, found)
	return nil
}

// unknowable says why no layer can be asked, or is empty.
func (r *Request) unknowable() string {
	if r.Reference == nil || r.Reference.Len() < imprint.FewestReferences {
		return fmt.Sprintf("it takes at least %d reference images", imprint.FewestReferences)
	}
	return ""
}

// noImprint leaves the statistics of known images without power.
func (e *Evidence) noImprint(r *Request, reason string) {
	n, null := r.Queried.Len(), 0
	if r.Reference != nil {
		null = r.Reference.Len()
	}
	for _, k := range []int{statImprint, statRival, statLoss} {
		if k != statLoss || e.Layers == nil {
			e.Scores[k] = metrics.Scores{Samples: make([]float64, n), Null: make([]float64, null), NoPower: reason}
		}
	}
}

// labelled reports whether the images' labels can be the classes of a model. Digits that were trained on as odd and even
// have labels that mean nothing to it; then the class that the network gives counts.
func (r *Request) labelled(m *Model) bool {
	classes := max(m.Network.Outputs, 2)
	for _, set := range []*images.Set{r.Queried, r.Reference} {
		if set.Labels == nil {
			return false
		}
		for _, l := range set.Labels {
			if l < 0 || l >= classes {
				return false
			}
		}
	}
	return true
}

// fed are the images as the network is fed them.
func fed(set *images.Set, norm images.Normalisation, labelled bool) (imprint.Images, error) {
	mean, std, err := norm.PerPixel(set.C, set.H, set.W)
	if err != nil {
		return imprint.Images{}, err
	}
	out := imprint.Images{X: make([]float32, len(set.Pixels)), Labels: make([]int, set.Len())}
	for i, v := range set.Pixels {
		k := i % len(mean)
		out.X[i] = float32((float64(v) - mean[k]) / std[k])
	}
	for i := range out.Labels {
		out.Labels[i] = -1
		if labelled {
			out.Labels[i] = set.Labels[i]
		}
	}
	return out, nil
}

// joinLayers makes one score of those of all layers, with the weights that the controls give, and one of the layers' scores
// by the strongest other class, with the weights of these layers' matched scores: controls were not relabelled.
func (e *Evidence) joinLayers(r *Request, found *imprint.Result) {
	var own, rival, matched []imprint.Score
	at := map[string]int{} // of a layer's matched score among its own
	for _, s := range found.Scores {
		if s.Kind == imprint.Rival {
			rival = append(rival, s)
			continue
		}
		if s.Kind == imprint.Matched {
			at[s.Layer] = len(own)
			matched = append(matched, s)
		}
		own = append(own, s)
	}
	forget, controls := r.positions(metrics.Forget), r.positions(metrics.Retain)
	joined := metrics.Join(references(own), queried(own, controls), queried(own, forget))
	e.Scores[statImprint] = r.inOrder(joined.Null, joined.Images, joined.Controls)
	weights := make([]float64, len(rival))
	for k, s := range rival {
		weights[k] = 1 / float64(len(rival))
		if joined.Weights != nil {
			weights[k] = joined.Weights[at[s.Layer]]
		}
	}
	null, scores := metrics.Weigh(weights, references(rival), queried(rival, upTo(len(r.Roles))))
	e.Scores[statRival] = metrics.Scores{Samples: scores, Null: null}
}

// positions are those of one role's images among the queried ones.
func (r *Request) positions(role metrics.Role) []int {
	var out []int
	for i, x := range r.Roles {
		if x == role {
			out = append(out, i)
		}
	}
	return out
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// inOrder puts the scores of the two roles in the order of the queried images.
func (r *Request) inOrder(null, forget, controls []float64) metrics.Scores {
	out := metrics.Scores{Null: null, Samples: make([]float64, len(r.Roles))}
	for k, i := range r.positions(metrics.Forget) {
		out.Samples[i] = forget[k]
	}
	for k, i := range r.positions(metrics.Retain) {
		out.Samples[i] = controls[k]
	}
	return out
}

// references and queried lay scores out as one row an image.
func references(scores []imprint.Score) [][]float64 {
	return rows(scores, upTo(len(scores[0].References)), func(s imprint.Score) []float64 { return s.References })
}

func queried(scores []imprint.Score, which []int) [][]float64 {
	return rows(scores, which, func(s imprint.Score) []float64 { return s.Queried })
}

func rows(scores []imprint.Score, which []int, of func(imprint.Score) []float64) [][]float64 {
	out := make([][]float64, len(which))
	for k, i := range which {
		for _, s := range scores {
			out[k] = append(out[k], of(s)[i])
		}
	}
	return out
}
