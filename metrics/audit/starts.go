package audit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start"
)

// A Start is what is known of a model's parameters at an earlier time: its initial values, or a checkpoint on the way.
type Start struct {
	// Source names it for people: a file, or a seed and an initialiser.
	Source string
	// SHA256 is the digest of the file, empty where there is none; External are the files beside it that hold weights.
	SHA256   string
	External []onnxio.ExternalFile
	// Regenerated: it was drawn again from a seed, so that nobody need be believed.
	Regenerated bool
	// Committed says who committed to the file before the request, and how that is known; empty where nobody did.
	Committed string

	values start.Values
	// wrong says why the model was not trained from it, or is empty.
	wrong string
	// partial names a parameter whose value it does not have, or is empty.
	partial string
}

// StartFromFile reads an earlier state of a model from the file at path, which is called name; opts are those of the model.
func StartFromFile(ctx context.Context, m *Model, path, name string, opts graph.Options) (*Start, error) {
	file, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return nil, err
	}
	out := &Start{Source: name, SHA256: file.SHA256, External: file.External}
	file.Path = ""
	network, err := graph.Compile(file, opts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if out.values, err = start.ValuesOf(m.Network, network); err != nil {
		return nil, fmt.Errorf("%s is no earlier state of %s: %w", name, m.Path, err)
	}
	return out, nil
}

// StartFromSeed draws the initial values of a model again, whose file is at path. Where the model was not trained from them, the
// start says so in the report, and the model is never called free of a sample: what was stated of it is wrong.
func StartFromSeed(ctx context.Context, m *Model, path string, seed uint64, by start.Initialiser) (*Start, error) {
	file, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return nil, err
	}
	out := &Start{Source: fmt.Sprintf("seed %d, initialiser %s", seed, by), Regenerated: true}
	switch out.values, err = start.Regenerate(file, seed, by); {
	case errors.Is(err, start.ErrOtherStart):
		out.wrong = err.Error()
		return out, nil
	case err != nil:
		return nil, fmt.Errorf("%s, seed %d: %w", m.Path, seed, err)
	}
	out.partial, err = out.values.Missing(m.Network)
	return out, err
}

// startEvidence is what a model's starts say.
type startEvidence struct {
	found *start.Finding
	// standing says what the starts may show, in words; trusted that they may show absence too.
	standing string
	trusted  bool
}

// startsOf are the starts of one of the two models.
func (r *Request) startsOf(name string) []*Start {
	if name == "before" {
		return r.StartsBefore
	}
	return r.StartsAfter
}

// askStarts looks for all images in what moved a model away from its starts.
func (e *Evidence) askStarts(ctx context.Context, r *Request, norm images.Normalisation, name string) error {
	all := r.startsOf(name)
	if len(all) == 0 {
		return nil
	}
	starts := slices.DeleteFunc(slices.Clone(all), func(s *Start) bool { return s.wrong != "" })
	if len(starts) == 0 {
		wrong := misstated(all)
		e.start = &startEvidence{found: &start.Finding{NoPower: wrong}, standing: wrong}
		return nil
	}
	starts = believed(starts)
	x, err := r.views().feed(norm)
	if err != nil {
		return err
	}
	n := r.Queried.Len()
	known := start.Known{Trained: r.positions(metrics.Retain), Never: images.Positions(n, n+r.views().references())}
	var values []start.Values
	for _, s := range starts {
		values = append(values, s.values)
	}
	found, err := start.Find(ctx, e.Model.Network, values, x, known)
	switch {
	case errors.Is(err, start.ErrUnmoved):
		found = &start.Finding{NoPower: err.Error()}
	case err != nil:
		return fmt.Errorf("%s and its starts: %w", e.Model.Path, err)
	}
	e.start = &startEvidence{found: found}
	e.start.trusted, e.start.standing = r.standing(starts, found)
	return nil
}

// misstated says that the model was not trained from one of the starts, or is empty.
func misstated(starts []*Start) string {
	for _, s := range starts {
		if s.wrong != "" {
			return s.Source + ": " + s.wrong
		}
	}
	return ""
}

// believed are the starts that were regenerated, if any: no other may take anything from what they show.
func believed(starts []*Start) []*Start {
	var out []*Start
	for _, s := range starts {
		if s.Regenerated {
			out = append(out, s)
		}
	}
	if out == nil {
		return starts
	}
	return out
}

// standing says what a model's starts may show. A start that a party supplies may have been made up, with the contribution of the
// samples to forget in it; what was regenerated from a seed cannot, and what somebody committed to before the request could
// not be made up for it, if it is an initialisation at all.
func (r *Request) standing(starts []*Start, found *start.Finding) (trusted bool, words string) {
	for _, s := range starts {
		switch {
		case s.partial != "":
			return false, fmt.Sprintf("%s: that does not give %s, which may hold samples though it was not trained since, so it may show only that samples are in the model", s.Source, s.partial)
		case s.Regenerated:
		case s.Committed == "":
			return false, s.Source + " was supplied by a party, and may show only that samples are in the model"
		default:
			if err := found.Genuine(s.values, r.positions(metrics.Forget)); err != nil {
				return false, fmt.Sprintf("%s was committed to (%s), but is no initialisation and may show only that samples are in the model: %v", s.Source, s.Committed, err)
			}
		}
	}
	if starts[0].Regenerated {
		return true, starts[0].Source + ": the start was regenerated, so that nobody need be believed"
	}
	return true, fmt.Sprintf("%s was committed to (%s; that this was before the request is for the reader to check), and is an initialisation by its elements, its spectrum and its answers to the samples", starts[0].Source, starts[0].Committed)
}

// closest is the least distance that counts: rounding lies below.
const closest = 1e-9

// scores are the distances as scores, larger the nearer; without power where there are none.
func (e *startEvidence) scores(queried, references int, noPower string, sign float64) metrics.Scores {
	out := metrics.Scores{Samples: make([]float64, queried), Null: make([]float64, references), NoPower: noPower}
	if noPower != "" {
		return out
	}
	for i, d := range e.found.Distances {
		v := -sign * math.Log10(max(d, closest))
		if i < queried {
			out.Samples[i] = v
		} else {
			out.Null[i-queried] = v
		}
	}
	return out
}

// startStatistics are what the starts of the two models say: those that may be believed join the score of single samples, and a
// sample that lies farther from the span than others do is a guard, as one that was projected out of the weight; those that
// a party supplied may show what is there.
func (o *Outcome) startStatistics(r *Request) []metrics.Statistic {
	if o.Before.start == nil && o.After.start == nil || r.Reference == nil {
		return nil
	}
	n, references := r.Queried.Len(), r.Reference.Len()
	of := func(e *Evidence, trusted bool, sign float64) metrics.Scores {
		none := "no start of it is known"
		switch s := e.start; {
		case s == nil:
		case s.trusted != trusted:
			none = s.standing
		default:
			return s.scores(n, references, s.found.Powerless(), sign)
		}
		return metrics.Scores{Samples: make([]float64, n), Null: make([]float64, references), NoPower: none}
	}
	both := func(name, title string, use metrics.Use, trusted bool, sign float64) metrics.Statistic {
		return metrics.Statistic{Name: name, Title: title, Use: use, Before: of(o.Before, trusted, sign), After: of(o.After, trusted, sign)}
	}
	all := []metrics.Statistic{
		both(metrics.StartStatistic, "nearness to the span of what moved the first layer away from its known start", metrics.ForSamples, true, 1),
		both("off start", "distance from the span of what moved the first layer away from its known start, beyond other images'", metrics.AsGuard, true, -1),
		both("supplied start", "nearness to the span of what moved the first layer away from a start that a party supplied", metrics.ForRetained, false, 1),
	}
	return slices.DeleteFunc(all, func(s metrics.Statistic) bool { return s.Before.NoPower != "" && s.After.NoPower != "" })
}

// insideSpan is, for each queried image, what of it lies in the span of what moved the model's first layer; images without pixels where
// no start tells that.
func (e *Evidence) insideSpan(r *Request, norm images.Normalisation) []metrics.Image {
	out := make([]metrics.Image, r.Queried.Len())
	if e.start == nil {
		return out
	}
	q := r.Queried
	x := e.start.found.Inside(q.Len())
	if x == nil {
		return out
	}
	pixels, err := norm.Pixels(x, q.C, q.H, q.W)
	if err != nil {
		return out // the images would not have been fed to the model
	}
	for i := range out {
		out[i] = metrics.Image{Channels: q.C, Height: q.H, Width: q.W, Pix: pixels.RawRowView(i)}.Clip()
	}
	return out
}

// describeStarts lays out a model's starts for the report.
func (e *Evidence) describeStarts(starts []*Start) *report.Starts {
	if e.start == nil {
		return nil
	}
	out := &report.Starts{Standing: e.start.standing, Trusted: e.start.trusted, NoPower: e.start.found.Powerless(), Layer: e.start.found.Layer}
	for _, s := range starts {
		out.Sources = append(out.Sources, report.Start{Source: s.Source, SHA256: s.SHA256})
	}
	if span := e.start.found.Span; span != nil {
		out.Decay, out.Directions, out.Limit = span.Decay, span.Directions, span.Limit
	}
	return out
}
