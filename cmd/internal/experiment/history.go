package experiment

import (
	"context"
	"math"

	"gonum.org/v1/gonum/stat"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
)

// The groups of samples that everything is measured of.
const (
	forgotten = iota // to be forgotten
	remaining        // to stay
	never            // never trained on
	groupCount
)

var groups = [groupCount]string{"forgotten", "remaining", "never trained"}

// The measures, in the order of their columns. Each is one number a group.
const (
	similarity    = "SSIM"
	retained      = "retained"
	unlearned     = "unlearned"
	inferred      = "INA"
	attackSuccess = "ASR"
	inverted      = "inversion"
	accuracy      = "accuracy"
)

// state is what was measured of one model in a network's history.
type state struct {
	Model string
	// Measures are means or shares, NaN where a measure says nothing of a group.
	Measures map[string][groupCount]float64
	// SSIM is that of each sample with what comes nearest to it of what was recovered, Nearest; Verdicts are those of
	// the audit, but of the model before, which has none. The samples to forget come first.
	SSIM     []float64
	Verdicts []metrics.Verdict
	Nearest  []metrics.Image
}

// history is a network before the request and after what was done upon it.
type history struct {
	Names     []string // of the samples, those to forget first
	Forgotten int      // how many these are
	Originals []metrics.Image
	States    []state
}

// version is a model of a history.
type version struct {
	name string
	net  *specimen.Network
}

// history reconstructs from all versions, of which the first is the model before the request, and audits the others.
func (t *trial) history(ctx context.Context, versions ...version) (*history, error) {
	samples := images.MustJoin(t.forget, t.keep)
	h := &history{Names: samples.Names, Forgotten: t.forget.Len(), Originals: audit.Pictures(samples)}
	before, err := t.recover(ctx, versions[0].name, versions[0].net)
	if err != nil {
		return nil, err
	}
	h.States = make([]state, len(versions))
	for k, v := range versions[1:] {
		after, err := t.recover(ctx, v.name, v.net)
		if err != nil {
			return nil, err
		}
		request, outcome, err := t.judge(ctx, before, after)
		if err != nil {
			return nil, err
		}
		h.States[0] = h.state(versions[0].name, request, outcome.Before)
		h.States[k+1] = h.state(v.name, request, outcome.After)
		h.States[k+1].judged(outcome.Decision, h.Forgotten)
	}
	for k, v := range versions {
		if err := t.accuracies(&h.States[k], v.net); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// state lays out what one model gave up.
func (h *history) state(name string, r *audit.Request, e *audit.Evidence) state {
	s := state{Model: name, SSIM: e.SSIM().Samples, Measures: map[string][groupCount]float64{}, Nearest: e.Found(r)}
	s.Measures[similarity] = [groupCount]float64{stat.Mean(s.SSIM[:h.Forgotten], nil), stat.Mean(s.SSIM[h.Forgotten:], nil),
		stat.Mean(e.SSIM().Null, nil)}
	return s
}

// judged adds what the audit says of it.
func (s *state) judged(d metrics.Decision, forget int) {
	for _, sample := range d.Samples {
		s.Verdicts = append(s.Verdicts, sample.Verdict)
	}
	for name, verdict := range map[string]metrics.Verdict{retained: metrics.Retained, unlearned: metrics.Unlearned} {
		s.Measures[name] = [groupCount]float64{share(s.Verdicts[:forget], verdict), share(s.Verdicts[forget:], verdict), math.NaN()}
	}
}

// accuracies adds the share of each group whose label the network gives.
func (t *trial) accuracies(s *state, n *specimen.Network) error {
	return s.measure(accuracy, t, func(set *images.Set) (float64, error) { return correct(n, set) })
}

// correct is the share of a set's images that a network gives their label.
func correct(n *specimen.Network, set *images.Set) (float64, error) {
	predicted, err := n.Predict(set)
	if err != nil {
		return 0, err
	}
	return metrics.Accuracy(predicted, specimen.Labels(set, n.Task)), nil
}

// measure adds a measure that is taken of each group's images.
func (s *state) measure(name string, t *trial, of func(*images.Set) (float64, error)) error {
	var values [groupCount]float64
	for g, set := range [groupCount]*images.Set{t.forget, t.keep, t.reference} {
		var err error
		if values[g], err = of(set); err != nil {
			return err
		}
	}
	s.Measures[name] = values
	return nil
}

// share is that of the values that are as asked.
func share[T comparable](values []T, asked T) float64 {
	n := 0
	for _, v := range values {
		if v == asked {
			n++
		}
	}
	return float64(n) / float64(len(values))
}
