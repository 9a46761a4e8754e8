package audit

import (
	"context"
	"fmt"
	"slices"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint"
)

// scoreByLayers scores the queried images by the layers of one model: the statistics imprint, rival, loss and silence, and with copied
// also altered copies of them.
func (e *Evidence) scoreByLayers(ctx context.Context, r *Request, norm images.Normalisation, copied bool, progress func(done, total int)) error {
	if reason := r.whyNotScored(); reason != "" {
		e.noImprint(r, reason)
		return nil
	}
	labelled := r.labelled(e.Model)
	x, err := r.views().feed(norm)
	if err != nil {
		return err
	}
	asked := r.Queried.Len() * r.Queried.Dim()
	queried, references := imprintImages(r.Queried, x[:asked:asked], labelled), imprintImages(r.Reference, x[asked:], labelled)
	examination, err := imprint.Begin(ctx, e.Model.Network, queried, references, imprint.Options{Threads: r.Reconstruct.Threads, Progress: progress})
	if err != nil {
		return fmt.Errorf("%s: %w", e.Model.Path, err)
	}
	found := examination.Result
	e.Layers = found
	e.Scores[statLoss] = metrics.Scores{Samples: found.QueriedLosses, Null: found.ReferenceLosses}
	if len(found.Scores) == 0 {
		e.noImprint(r, "no layer with a weight fits the memory, or all images are the same to every layer")
		return nil
	}
	if labelled {
		e.misfit = misfit(r, found)
	}
	r.alike.takeAway(found.Scores)
	weights := e.joinLayers(r, found)
	e.byLayer(r, found)
	e.silence(found)
	if !copied {
		return nil
	}
	if err := e.lookForCopies(ctx, r, norm, examination, weights); err != nil {
		return fmt.Errorf("%s: %w", e.Model.Path, err)
	}
	return nil
}

// misfit says that a network misclassifies its own training samples, or is empty: its inputs are not normalised as it needs, or
// the controls were not trained on.
func misfit(r *Request, found *imprint.Result) string {
	controls, wrong := r.positions(metrics.Retain), 0
	for _, i := range controls {
		if found.QueriedMargins[i] < 0 {
			wrong++
		}
	}
	if float64(wrong) <= mostWrong*float64(len(controls)) {
		return ""
	}
	return fmt.Sprintf("it gives %d of the %d controls another class than theirs: its inputs are not normalised as it needs (--mean, --std), or it was not trained on the controls", wrong, len(controls))
}

// byLayer joins the scores of each layer by itself.
func (e *Evidence) byLayer(r *Request, found *imprint.Result) {
	layers := map[string][]imprint.Score{}
	for _, s := range found.Own() {
		layers[s.Layer] = append(layers[s.Layer], s)
	}
	for _, name := range layerNames(found) {
		references, queried := imprint.Rows(layers[name])
		j := metrics.Join(references, at(queried, r.positions(metrics.Retain)), at(queried, r.positions(metrics.Forget)))
		e.ByLayer = append(e.ByLayer, LayerScores{name, r.inOrder(j.Null, j.Images, j.Controls)})
	}
}

// silence is, for each image, how far the least answer of a layer along the image lies below its answers along other images, in
// their spreads.
func (e *Evidence) silence(found *imprint.Result) {
	out := &e.Scores[statSilence]
	most := func(to *[]float64, z []float64) {
		if *to == nil {
			*to = z
		}
		for i, v := range z {
			(*to)[i] = max((*to)[i], v)
		}
	}
	for _, s := range found.Answers() {
		references, queried := imprint.Rows([]imprint.Score{s})
		null, samples := metrics.Weigh([]float64{-1}, references, queried)
		most(&out.Null, null)
		most(&out.Samples, samples)
	}
}

// whyNotScored says why no image can be scored by layers, or is empty.
func (r *Request) whyNotScored() string {
	if r.Reference == nil || r.Reference.Len() < imprint.FewestReferences {
		return fmt.Sprintf("it takes at least %d reference images", imprint.FewestReferences)
	}
	return ""
}

// noImprint leaves the statistics of known images without power.
func (e *Evidence) noImprint(r *Request, reason string) {
	e.ByLayer, e.Copies = nil, nil
	n, null := r.Queried.Len(), 0
	if r.Reference != nil {
		null = r.Reference.Len()
	}
	for _, k := range []int{statImprint, statRival, statLoss, statSilence} {
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

// imprintImages are images as the network is fed them, with their classes where these are those of the network.
func imprintImages(set *images.Set, x []float32, labelled bool) imprint.Images {
	labels := set.Labels
	if !labelled {
		labels = slices.Repeat([]int{-1}, set.Len())
	}
	return imprint.Images{X: x, Labels: labels}
}

// joinLayers makes one score of those of all layers, with the weights that the controls give, and one of the layers' scores
// by the strongest other class, with the weights of these layers' matched scores: controls were not relabelled. It returns
// the weights, or nil where controls give none.
func (e *Evidence) joinLayers(r *Request, found *imprint.Result) []float64 {
	own, rivals := found.Own(), found.Rivals()
	references, queried := imprint.Rows(own)
	joined := metrics.Join(references, at(queried, r.positions(metrics.Retain)), at(queried, r.positions(metrics.Forget)))
	e.Scores[statImprint] = r.inOrder(joined.Null, joined.Images, joined.Controls)
	var weights []float64 // of the layers, in the order of their rival scores
	for k, s := range own {
		if s.Kind != imprint.Matched {
			continue
		}
		w := 1 / float64(len(rivals))
		if joined.Weights != nil {
			w = joined.Weights[k]
		}
		weights = append(weights, w)
	}
	references, queried = imprint.Rows(rivals)
	e.Scores[statRival].Null, e.Scores[statRival].Samples = metrics.Weigh(weights, references, queried)
	return joined.Weights
}

// at are the rows at some positions.
func at(rows [][]float64, positions []int) [][]float64 {
	out := make([][]float64, len(positions))
	for k, i := range positions {
		out[k] = rows[i]
	}
	return out
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
