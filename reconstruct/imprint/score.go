package imprint

import (
	"errors"
	"math"

	"unlearnguard/graph/engine"
)

// judge holds the metrics of one layer, and its scores so far.
type judge struct {
	layer      *layer
	references int
	images     int
	mean       []float64
	// everyone are the positions of all images, reference images first.
	everyone []int
	// activations is the metric of the reference images' activations, gradients that of their gradients; nil where these are
	// all the same.
	activations, gradients *whitening
	// removed are the reference images' activations in the metric, which a reference image is scored without, and share is
	// R/(R-1).
	removed embedding
	share   float64
	// span is that of the layer's weight, or nil.
	span *span
	// joint is the joint fit, or nil.
	joint *joint
	plain map[Kind][]float64
	// more are the scores of the images as they are that their neighbours have no part in.
	more map[Kind][]float64
	// neighbours add up the scores of the shifted images.
	neighbours map[Kind][]float64
	shifts     int
}

// newJudge measures the metrics; nil for a layer to which all reference images are the same.
func newJudge(e *engine.Engine[float64], l *layer, references int, o Options) (*judge, error) {
	var err error
	j := &judge{
		layer: l, references: references, images: len(l.activations) / l.width, mean: l.mean(references),
		share: float64(references) / float64(references-1), plain: map[Kind][]float64{}, more: map[Kind][]float64{}, neighbours: map[Kind][]float64{},
	}
	j.everyone = upTo(j.images)
	a, g := j.centred(l.activations), widened(l.gradients)
	if j.activations, err = newWhitening(e, a[:references*l.width], references, l.width, o.Ridge); errors.Is(err, errNoSpread) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	j.removed = j.activations.embed(a[:references*l.width], references)
	if j.gradients, err = newWhitening(e, g[:references*l.width], references, l.width, 1); err != nil && !errors.Is(err, errNoSpread) {
		return nil, err
	}
	ea, eg := j.add(a, g, j.everyone, j.plain)
	j.more[Answer], j.more[Plain] = j.answers(a, g, ea, eg)
	if j.span, err = j.newSpan(a[:references*l.width]); err != nil {
		return nil, err
	} else if j.span != nil {
		j.more[Span] = j.shares(a, ea, j.everyone)
	}
	l.weight, l.loudness = nil, nil // the span is all that is needed of them
	if n := j.images; n <= mostJoint {
		if j.joint, err = newJoint(ea, eg, n, j.plain[Matched]); err != nil {
			return nil, err
		}
		j.more[Joint] = j.joint.residuals()
		if n <= mostKept {
			j.joint.keep(ea, eg)
		}
	}
	return j, nil
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// addNeighbours takes the layer's values of shifted images.
func (j *judge) addNeighbours(l *layer) {
	j.add(j.centred(l.activations), widened(l.gradients), j.everyone, j.neighbours)
	j.shifts++
}

// addRival takes the layer's values when the margin is that of the strongest other class.
func (j *judge) addRival(l *layer) {
	a := j.activations
	j.addCosines(a.embed(j.centred(l.activations), j.images), a.embed(widened(l.gradients), j.images), j.everyone, j.more, Rival)
}

// add adds scores to what is there: of deviations a and gradients g, one row for each of some images or their versions.
func (j *judge) add(a, g []float64, of []int, to map[Kind][]float64) (ea, eg embedding) {
	n := len(of)
	ea, eg = j.activations.embed(a, n), j.activations.embed(g, n)
	j.addCosines(ea, eg, of, to, Matched)
	if j.gradients != nil {
		j.addCosines(ea, j.whitened(g, n), of, to, Whitened)
	}
	return ea, eg
}

// whitened are n gradients in the metric of the reference images' own, embedded in that of the activations.
func (j *judge) whitened(g []float64, n int) embedding {
	return j.activations.embed(j.gradients.solve(j.gradients.embed(g, n), n), n)
}

// addCosines adds the cosine of each gradient with its activation. Of a reference image it is the one in the metric without
// it: the scatter of the others is S - c d d', c = R/(R-1), for the image's deviation d from the mean, so that with
// h = 1 - c d'N^-1 d
//
//	u'N_^-1 v = u'N^-1 v + c (u'N^-1 d)(d'N^-1 v)/h
//
// (Sherman and Morrison 1950). That the mean moves along d without it is left out: it changes the length of d, not its
// direction, and next to nothing of the image's neighbours.
func (j *judge) addCosines(a, g embedding, of []int, to map[Kind][]float64, kind Kind) {
	if to[kind] == nil {
		to[kind] = make([]float64, len(of))
	}
	for r, i := range of {
		aa, ga, gg := product(a, r, a, r), product(g, r, a, r), product(g, r, g, r)
		if i < j.references {
			dd, ad, gd := product(j.removed, i, j.removed, i), product(a, r, j.removed, i), product(g, r, j.removed, i)
			c := j.share / max(1-j.share*dd, 1e-12)
			aa, ga, gg = aa+c*ad*ad, ga+c*ad*gd, gg+c*gd*gd
		}
		if aa > 0 && gg > 0 {
			to[kind][r] += ga / math.Sqrt(aa*gg)
		}
	}
}

// scores are the layer's scores; where shifted images were added, also those less their neighbours'.
func (j *judge) scores() []Score {
	var out []Score
	for _, kind := range []Kind{Matched, Whitened} {
		plain := j.plain[kind]
		if plain == nil {
			continue
		}
		out = append(out, j.score(kind, plain))
		if j.shifts == 0 {
			continue
		}
		local := make([]float64, len(plain))
		for i, s := range plain {
			local[i] = s - neighbourShare*j.neighbours[kind][i]/float64(j.shifts)
		}
		out = append(out, j.score(kind+Local, local))
	}
	for _, kind := range []Kind{Joint, Span, Answer, Plain, Rival} {
		if of := j.more[kind]; of != nil {
			out = append(out, j.score(kind, of))
		}
	}
	return out
}

func (j *judge) score(kind Kind, of []float64) Score {
	return Score{Layer: j.layer.name, Width: j.layer.width, Kind: kind, References: of[:j.references], Queried: of[j.references:]}
}

// mean is that of the references' activations.
func (l *layer) mean(references int) []float64 {
	mean := make([]float64, l.width)
	for i := range references {
		for k, v := range l.activations[i*l.width : (i+1)*l.width] {
			mean[k] += float64(v) / float64(references)
		}
	}
	return mean
}

// centred subtracts the references' mean from every row.
func (j *judge) centred(x []float32) []float64 {
	out := widened(x)
	for i := range out {
		out[i] -= j.mean[i%j.layer.width]
	}
	return out
}

func widened(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
