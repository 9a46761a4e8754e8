// Package audit is the verification protocol: evidence from two models, scores, and a decision. What the command verify does, a
// Go program can do in ten lines; the example shows them.
//
// Start with [Import], which reads a model, and a [Request], to which [Request.Add] adds the images; [Run] gives the [Outcome], and
// [Outcome.Report] what package report writes.
//
// Run reconstructs samples from both models where these are of a kind that allows it (Algorithm 1 of arXiv 2410.10120), scores the
// images by the layers of any classifier beside a reference set (package imprint), and by known starts where there are some
// (package start). Package metrics decides.
//
// # Limits
//
// A request takes controls and reference images to be called unlearned. These should be of one source with the samples: what scores owe
// to another source is only taken away as far as the likeness of images to the controls explains it. Models that cannot be imported are a [ScopeError].
// An audit takes minutes, most of it for altered copies of the images; Request.TimeLimit bounds it.
package audit

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

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

	// StartsBefore and StartsAfter are earlier states of the two models that are known; nil for none.
	StartsBefore, StartsAfter []*Start

	// Reconstruct serves both models; Checkpoint and Progress are set for each of them. Its Threads are those of the whole audit.
	Reconstruct reconstruct.Options
	// Checkpoints, if not empty, is the folder that the reconstructions keep their checkpoints in, named before and after.
	// They stay there, so that an interruption of the second does not cost the first.
	Checkpoints string
	SSIM        metrics.SSIMOptions
	Decide      metrics.Options
	// TimeLimit bounds the audit; 0 is for none. A reconstruction that takes more than half of it is abandoned, and the layers'
	// answers decide; where these take too long as well, the audit is inconclusive.
	TimeLimit time.Duration
	// Recover, if not nil, takes the place of [Recover], so that several requests may share a reconstruction. Its result must
	// be one that Recover gives for the same arguments.
	Recover func(ctx context.Context, m *Model, c, h, w int, norm images.Normalisation, o reconstruct.Options) (*reconstruct.Result, error)
	// Progress, if not nil, is called with the model ("before" or "after") and its reconstruction's progress.
	Progress func(model string, p reconstruct.Progress)
	// Examined, if not nil, is called with the model and how many of the passes of its layers' examination are done.
	Examined func(model string, done, total int)
	// Stage, if not nil, is called with the name of work that begins and reports no progress.
	Stage func(name string)

	// late says that a reconstruction was abandoned, or is empty; strange that the reference images are of another kind.
	late, strange string
	// alike is what the scores owe to the likeness of images to the controls; nil where that is not known.
	alike *likeness
	// seen are the images in the forms that stages take, made when they are first asked for.
	seen *views
}

// Outcome is the audit's evidence and decision.
type Outcome struct {
	Before, After *Evidence
	// Unreconstructed says why nothing was reconstructed, or is empty.
	Unreconstructed string
	// Lineage says whether the model after was made from the one before.
	Lineage  *metrics.Lineage
	Decision metrics.Decision
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
	for _, m := range []*Model{r.Before, r.After} {
		if err := q.Match(m.Input()...); err != nil {
			return fmt.Errorf("%s: %w", m.Path, err)
		}
		if r.Reference == nil {
			if err := m.Alone(); err != nil {
				return err
			}
		}
	}
	if err := r.validatePixels(); err != nil {
		return err
	}
	if r.unreconstructed() == "" {
		if _, _, err := r.problems(); err != nil {
			return err
		}
	}
	return r.overlap()
}

// validatePixels refuses values that are no pixels, unless the models take vectors, and images of other sizes.
func (r *Request) validatePixels() error {
	check := pixels
	if r.vectors() {
		check = numbers
	} else if size := r.SSIM.WithDefaults().Size; min(r.Queried.H, r.Queried.W) < size {
		return fmt.Errorf("%s has %dx%d pixels, too few for an SSIM window of %dx%d", r.Queried.Names[0], r.Queried.H, r.Queried.W, size, size)
	}
	if err := check(r.Queried); err != nil || r.Reference == nil {
		return err
	}
	if err := r.Reference.Match(r.Queried.C, r.Queried.H, r.Queried.W); err != nil {
		return fmt.Errorf("the reference image %w", err)
	}
	if err := check(r.Reference); err != nil {
		return fmt.Errorf("the reference image %w", err)
	}
	return nil
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

// Run carries out the audit: [Recover] from both models, where samples can be reconstructed from both, then [Judge].
func Run(ctx context.Context, r *Request) (*Outcome, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if err := r.repeated(); err != nil {
		return nil, err
	}
	deadline := r.deadline(1)
	var before, after *reconstruct.Result
	if r.unreconstructed() == "" {
		err := until(ctx, r.deadline(2), func(ctx context.Context) error {
			var err error
			before, after, err = r.recoverBoth(ctx)
			return err
		})
		if errors.Is(err, errLate) {
			r.late = fmt.Sprintf("it did not end within half of the time limit of %s", r.TimeLimit)
			before, after = nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	return r.judge(ctx, deadline, before, after)
}

func (r *Request) recoverBoth(ctx context.Context) (before, after *reconstruct.Result, err error) {
	if before, err = r.recover(ctx, r.Before, r.NormBefore, "before"); err != nil {
		return nil, nil, err
	}
	if r.sameTwice() {
		return before, before, nil
	}
	after, err = r.recover(ctx, r.After, r.NormAfter, "after")
	return before, after, err
}

// Judge decides from what was recovered from the two models of the request, which may serve several requests, and from what
// their layers answer. Results that are nil stand for models that nothing was reconstructed from.
func Judge(ctx context.Context, r *Request, before, after *reconstruct.Result) (*Outcome, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return r.judge(ctx, r.deadline(1), before, after)
}

func (r *Request) judge(ctx context.Context, deadline time.Time, before, after *reconstruct.Result) (*Outcome, error) {
	out := &Outcome{Before: &Evidence{Model: r.Before, Result: before}, After: &Evidence{Model: r.After, Result: after}}
	var err error
	if before != nil {
		if out.Before.problem, out.After.problem, err = r.problems(); err != nil {
			return nil, err
		}
	} else {
		out.Unreconstructed = r.unreconstructed()
	}
	r.stage("comparing the images with each other")
	if err := r.compareImages(); err != nil {
		return nil, err
	}
	if err := out.Before.score(ctx, deadline, r, r.NormBefore, "before"); err != nil {
		return nil, err
	}
	if r.sameTwice() && len(r.StartsBefore)+len(r.StartsAfter) == 0 {
		same := *out.Before
		same.Model, out.After = r.After, &same
	} else if err := out.After.score(ctx, deadline, r, r.NormAfter, "after"); err != nil {
		return nil, err
	}
	r.stage("comparing the two models")
	if out.Lineage, err = r.lineage(ctx, deadline); err != nil {
		return nil, err
	}
	r.stage("deciding")
	out.Decision, err = metrics.Decide(out.input(r), r.Decide)
	return out, err
}

func (r *Request) stage(name string) {
	if r.Stage != nil {
		r.Stage(name)
	}
}

// score finds all statistics of one model.
func (e *Evidence) score(ctx context.Context, deadline time.Time, r *Request, norm images.Normalisation, name string) error {
	r.stage("model " + name + ": comparing the images with what was recovered")
	if err := e.compareWithResult(ctx, r); err != nil {
		return err
	}
	if len(r.startsOf(name)) > 0 {
		r.stage("model " + name + ": known starts")
	}
	if err := e.askStarts(ctx, r, norm, name); err != nil {
		return err
	}
	var progress func(done, total int)
	if r.Examined != nil {
		progress = func(done, total int) { r.Examined(name, done, total) }
	}
	err := until(ctx, deadline, func(ctx context.Context) error { return e.scoreByLayers(ctx, r, norm, name == "after", progress) })
	if errors.Is(err, errLate) {
		e.late = fmt.Sprintf("its layers gave no answer within the time limit of %s", r.TimeLimit)
		e.noImprint(r, e.late)
		return nil
	}
	return err
}

func (r *Request) recover(ctx context.Context, m *Model, norm images.Normalisation, name string) (*reconstruct.Result, error) {
	o := r.Reconstruct
	if r.Checkpoints != "" {
		o.Checkpoint = filepath.Join(r.Checkpoints, name)
	}
	if r.Progress != nil {
		o.Progress = func(p reconstruct.Progress) { r.Progress(name, p) }
	}
	do := Recover
	if r.Recover != nil {
		do = r.Recover
	}
	return do(ctx, m, r.Queried.C, r.Queried.H, r.Queried.W, norm, o)
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

// sameTwice reports whether both models are one file that is fed the same.
func (r *Request) sameTwice() bool {
	return r.Before.SHA256 == r.After.SHA256 && slices.Equal(r.NormBefore.Mean, r.NormAfter.Mean) &&
		slices.Equal(r.NormBefore.Std, r.NormAfter.Std)
}

// input lays the evidence out for the decision. The layers' answers decide about single samples too where nothing was
// reconstructed.
func (o *Outcome) input(r *Request) metrics.Input {
	in := metrics.Input{Before: diagnose(o.Before, o.Before, r, "before"), After: diagnose(o.After, o.Before, r, "after")}
	for i, role := range r.Roles {
		s := metrics.Sample{Source: r.Queried.Names[i], Role: role, Label: -1}
		if r.Queried.Labels != nil {
			s.Label = r.Queried.Labels[i]
		}
		in.Samples = append(in.Samples, s)
	}
	reconstructed := o.Before.Result != nil
	for k, s := range statistics {
		// Without reference images and reconstruction the SSIM, which is then 0 for all, is the only statistic.
		nothing := k == statSSIM && r.Reference == nil
		if k <= statTrace && !reconstructed && !nothing || k > statTrace && r.Reference == nil {
			continue
		}
		use := s.use
		if k == statImprint && !reconstructed {
			use = metrics.ForBoth
		}
		in.Statistics = append(in.Statistics, metrics.Statistic{Name: s.name, Title: s.title, Use: use,
			Before: o.Before.Scores[k], After: o.After.Scores[k]})
	}
	in.Statistics = append(append(in.Statistics, o.startStatistics(r)...), o.layers()...)
	if r.Reference != nil {
		in.ReferenceLabels = r.Reference.Labels
	}
	in.Incomparable = r.strange
	in.Copies, in.Lineage = o.After.Copies, o.Lineage
	return in
}
