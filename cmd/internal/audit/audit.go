// Package audit is the verification protocol (Algorithm 1 of arXiv 2410.10120): reconstruct from the model before and the
// model after an unlearning request, score the images of the request and a reference set against what was found, and
// decide. It joins the libraries; the commands only fill a [Request] and print an [Outcome].
package audit

import (
	"context"
	"fmt"
	"slices"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
)

// Request is one audit.
type Request struct {
	Before, After *Model
	// Queried holds the images to forget and the controls; Roles has one entry an image.
	Queried *images.Set
	Roles   []metrics.Role
	// Reference holds images of the same kind that were never trained on; nil for none.
	Reference *images.Set
	// NormBefore and NormAfter are the normalisations of the two models' inputs.
	NormBefore, NormAfter images.Normalisation

	Reconstruct reconstruct.Options
	SSIM        metrics.SSIMOptions
	Decide      metrics.Options
	// Progress, if not nil, is called with the model ("before" or "after") and its reconstruction's progress.
	Progress func(model string, p reconstruct.Progress)
}

// Outcome is the audit's evidence and decision.
type Outcome struct {
	Before, After *Evidence
	Decision      metrics.Decision
}

// Add appends images to the queried ones; a nil set adds none.
func (r *Request) Add(set *images.Set, role metrics.Role) error {
	if set == nil {
		return nil
	}
	joined := set
	if r.Queried != nil {
		var err error
		if joined, err = images.Join(r.Queried, set); err != nil {
			return err
		}
	}
	r.Queried = joined
	for range set.Len() {
		r.Roles = append(r.Roles, role)
	}
	return nil
}

// Run carries out the audit: [Recover] from both models, then [Judge].
func Run(ctx context.Context, r *Request) (*Outcome, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	before, err := r.recover(ctx, r.Before, r.NormBefore, "before")
	if err != nil {
		return nil, err
	}
	after := before
	if r.After.SHA256 != r.Before.SHA256 || !sameNormalisation(r) {
		if after, err = r.recover(ctx, r.After, r.NormAfter, "after"); err != nil {
			return nil, err
		}
	}
	return Judge(ctx, r, before, after)
}

// Recover reconstructs from a model that is fed images of the size c x h x w, normalised by norm.
func Recover(ctx context.Context, m *Model, c, h, w int, norm images.Normalisation, o reconstruct.Options) (*reconstruct.Result, error) {
	p, err := m.Problem(c, h, w, norm)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	result, err := reconstruct.Run(ctx, p, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}
	return result, nil
}

func (r *Request) recover(ctx context.Context, m *Model, norm images.Normalisation, name string) (*reconstruct.Result, error) {
	o := r.Reconstruct
	o.Progress = r.progress(name)
	return Recover(ctx, m, r.Queried.C, r.Queried.H, r.Queried.W, norm, o)
}

// Judge decides from what was recovered from the two models of the request, which may serve several requests.
func Judge(ctx context.Context, r *Request, before, after *reconstruct.Result) (*Outcome, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	out := &Outcome{Before: &Evidence{Model: r.Before, Result: before}, After: &Evidence{Model: r.After, Result: after}}
	for _, e := range []*Evidence{out.Before, out.After} {
		if err := e.score(ctx, r); err != nil {
			return nil, err
		}
	}
	var err error
	out.Decision, err = metrics.Decide(out.input(r), r.Decide)
	return out, err
}

// sameNormalisation reports whether one reconstruction can serve both models.
func sameNormalisation(r *Request) bool {
	q := r.Queried
	mb, sb, errB := r.NormBefore.PerPixel(q.C, q.H, q.W)
	ma, sa, errA := r.NormAfter.PerPixel(q.C, q.H, q.W)
	if errB != nil || errA != nil {
		return false
	}
	for i := range mb {
		if mb[i] != ma[i] || sb[i] != sa[i] {
			return false
		}
	}
	return true
}

func (r *Request) progress(model string) func(reconstruct.Progress) {
	if r.Progress == nil {
		return nil
	}
	return func(p reconstruct.Progress) { r.Progress(model, p) }
}

func (r *Request) validate() error {
	if r.Queried == nil || r.Queried.Len() == 0 {
		return fmt.Errorf("no image to ask about: give --forget")
	}
	for _, m := range []*Model{r.Before, r.After} {
		if err := r.Queried.Match(m.Net.InputShape...); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	if r.Reference != nil {
		q := r.Queried
		if err := r.Reference.Match(q.C, q.H, q.W); err != nil {
			return fmt.Errorf("--reference: %w", err)
		}
	}
	return nil
}

// input lays the evidence out for the decision.
func (o *Outcome) input(r *Request) metrics.Input {
	in := metrics.Input{Before: diagnose(o.Before), After: diagnose(o.After)}
	for i, role := range r.Roles {
		s := metrics.Sample{Source: r.Queried.Names[i], Role: role, Label: -1}
		if r.Queried.Labels != nil {
			s.Label = r.Queried.Labels[i]
		}
		in.Samples = append(in.Samples, s)
	}
	for k, s := range statistics {
		in.Statistics = append(in.Statistics, metrics.Statistic{Name: s.name, Title: s.title,
			Before: o.Before.Scores[k], After: o.After.Scores[k]})
	}
	if r.Reference != nil {
		in.ReferenceLabels = r.Reference.Labels
	}
	return in
}

// diagnose turns a reconstruction's own word into the checks that the decision wants. Opening the model has settled that
// it is in scope.
func diagnose(e *Evidence) metrics.Diagnosis {
	d := metrics.Diagnosis{
		Scope:       metrics.Check{OK: true},
		Convergence: metrics.Check{OK: e.Result.Converged, Reason: e.Result.Reason},
		Integrity:   metrics.Check{OK: !e.Result.Balance.Altered},
	}
	if e.Result.Balance.Altered {
		d.Integrity.Reason = fmt.Sprintf("its neurons carry their norms unevenly (spread %.2g, training leaves about 0.1): "+
			"weights were scaled without changing what the model computes, or it was not trained by gradient descent",
			slices.Max(e.Result.Balance.Spread))
	}
	return d
}
