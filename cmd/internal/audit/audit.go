// Package audit is the verification protocol (Algorithm 1 of arXiv 2410.10120): reconstruct from the model before and the
// model after an unlearning request, score the images of the request and a reference set against what was found, and
// decide. It joins the libraries; the commands only fill a [Request] and lay out an [Outcome].
package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
)

// Request is one audit.
type Request struct {
	Before, After *Model
	// NormBefore and NormAfter are the normalisations of the two models' inputs.
	NormBefore, NormAfter images.Normalisation
	// Queried holds the images to forget and the controls; Roles has one entry an image. [Request.Add] keeps them
	// together.
	Queried *images.Set
	Roles   []metrics.Role
	// Reference holds images of the same kind that were never trained on; nil for none.
	Reference *images.Set

	// Reconstruct serves both models; Checkpoint and Progress are set for each of them.
	Reconstruct reconstruct.Options
	// Checkpoints, if not empty, is the folder that the reconstructions keep their checkpoints in, named before and after.
	// They stay there, so that an interruption of the second does not cost the first.
	Checkpoints string
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

// Validate reports the first thing that would make the audit fail or its verdict unsound. It costs no more than reading
// the images did.
func (r *Request) Validate() error {
	if r.Queried == nil || r.Queried.Len() == 0 {
		return errors.New("no image to ask about")
	}
	q := r.Queried
	if size := r.SSIM.WithDefaults().Size; min(q.H, q.W) < size {
		return fmt.Errorf("%s has %dx%d pixels, too few for an SSIM window of %dx%d", q.Names[0], q.H, q.W, size, size)
	}
	for _, m := range []*Model{r.Before, r.After} {
		if err := q.Match(m.Input()...); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	if _, _, err := r.problems(); err != nil {
		return err
	}
	if err := pixels(q); err != nil {
		return err
	}
	if r.Reference != nil {
		if err := r.Reference.Match(q.C, q.H, q.W); err != nil {
			return fmt.Errorf("the reference image %w", err)
		}
		if err := pixels(r.Reference); err != nil {
			return fmt.Errorf("the reference image %w", err)
		}
	}
	return r.overlap()
}

// pixels refuses values that are no pixels in [0,1], as an array that was normalised for its network holds. Rounding may
// leave them a little outside.
func pixels(s *images.Set) error {
	const rounding = 1e-3
	for i, name := range s.Names {
		for _, v := range s.Image(i) {
			if !(v >= -rounding && v <= 1+rounding) {
				return fmt.Errorf("%s has a pixel of value %v: give pixels in [0,1], and with --mean and --std what the "+
					"network's input was normalised by", name, v)
			}
		}
	}
	return nil
}

// Run carries out the audit: [Recover] from both models, then [Judge].
func Run(ctx context.Context, r *Request) (*Outcome, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	before, err := r.recover(ctx, r.Before, r.NormBefore, "before")
	if err != nil {
		return nil, err
	}
	after := before
	if !r.sameTwice() {
		if after, err = r.recover(ctx, r.After, r.NormAfter, "after"); err != nil {
			return nil, err
		}
	}
	return Judge(ctx, r, before, after)
}

// Judge decides from what was recovered from the two models of the request, which may serve several requests.
func Judge(ctx context.Context, r *Request, before, after *reconstruct.Result) (*Outcome, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	problemBefore, problemAfter, err := r.problems()
	if err != nil {
		return nil, err
	}
	out := &Outcome{Before: &Evidence{Model: r.Before, Result: before, problem: problemBefore},
		After: &Evidence{Model: r.After, Result: after, problem: problemAfter}}
	for _, e := range []*Evidence{out.Before, out.After} {
		if err := e.score(ctx, r); err != nil {
			return nil, err
		}
	}
	out.Decision, err = metrics.Decide(out.input(r), r.Decide)
	return out, err
}

func (r *Request) recover(ctx context.Context, m *Model, norm images.Normalisation, name string) (*reconstruct.Result, error) {
	o := r.Reconstruct
	if r.Checkpoints != "" {
		o.Checkpoint = filepath.Join(r.Checkpoints, name)
	}
	if r.Progress != nil {
		o.Progress = func(p reconstruct.Progress) { r.Progress(name, p) }
	}
	return Recover(ctx, m, r.Queried.C, r.Queried.H, r.Queried.W, norm, o)
}

// problems are what is to be reconstructed from the two models.
func (r *Request) problems() (before, after reconstruct.Problem, err error) {
	c, h, w := r.Queried.C, r.Queried.H, r.Queried.W
	if before, err = r.Before.Problem(c, h, w, r.NormBefore); err != nil {
		return before, after, err
	}
	after, err = r.After.Problem(c, h, w, r.NormAfter)
	return before, after, err
}

// sameTwice reports whether one reconstruction serves both models.
func (r *Request) sameTwice() bool {
	before, after, err := r.problems()
	return err == nil && r.Before.SHA256 == r.After.SHA256 &&
		slices.Equal(before.Mean, after.Mean) && slices.Equal(before.Std, after.Std)
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
		in.Statistics = append(in.Statistics, metrics.Statistic{Name: s.name, Title: s.title, Distance: s.distance,
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
		Convergence: metrics.Check{OK: e.Result.Explained},
		Integrity:   metrics.Check{OK: !e.Result.Balance.Altered},
	}
	if !e.Result.Explained {
		d.Convergence.Reason = e.Result.Reason
	}
	if e.Result.Balance.Altered {
		d.Integrity.Reason = fmt.Sprintf("its neurons carry norms and noise unevenly (spread %.2g, training leaves about 0.1): "+
			"weights were scaled without changing what the model computes, or it was not trained by gradient descent",
			slices.Max(e.Result.Balance.Spread))
	}
	return d
}
