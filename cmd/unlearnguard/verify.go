package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/metrics/report"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	file                        modelFlags
	before, after               string
	forget, retain, reference   []string
	norm, normBefore, normAfter normFlags
	ssimWindow                  string
	limit                       time.Duration
	start                       startFlags
	run                         runFlags
	verdict                     verdictFlags
	again                       repetition
	files                       locator
	maxImages                   int
}

func (a *app) verify() *cobra.Command {
	c, o := newVerify()
	c.RunE = func(c *cobra.Command, args []string) error {
		o.again = repetitionOf(c, args)
		return resumable(a.runVerify(c.Context(), o), o.verdict.out)
	}
	return c
}

// newVerify returns the command without what it does, and the options that its flags set.
func newVerify() (*cobra.Command, *verifyOptions) {
	o := &verifyOptions{}
	c := &cobra.Command{
		Use:   "verify --before A.onnx --after B.onnx --forget IMAGES [--retain IMAGES] [--reference IMAGES]",
		Short: "Was an unlearning request honoured?",
		Long: `Verify decides for each image to forget, and for the request as a whole, whether it is still in the model after an
unlearning request: retained, unlearned or inconclusive. Where samples can be reconstructed from both models, it does so and
looks for the images among them. The layers of any classifier score the images as well, and reference images beside them: that
seldom suffices for single samples, and nearly always for requests of twenty and more. The report says how many of them can
have been kept.

  --forget     the images that the request was about
  --retain     images that were to stay: positive controls, without which nothing is ever called unlearned
  --reference  images of the same kind that neither model was trained on, several hundred if possible, and of the same
               source as the others if possible: they give every score its p-value. Those of a test set by other writers or
               cameras make honest models look suspicious. Without reference images a fixed threshold is used whose error
               rate is unknown, and networks that samples cannot be reconstructed from are inconclusive

Altered copies of the images to forget, shifted, flipped, turned, scaled, cut, are looked for in the model after, and the
two models are compared: was one made from the other?

Labels count where all images have them, as the classes of the network. Inputs that are no images (.npy or .npz, n x d) are
taken for models that take vectors.

Before the work begins it says how much memory it takes, where that is a gigabyte or more, and what cannot fit is refused.

` + startHelp + "\n" + imagesHelp + "\n" + normHelp + `

The folder named by --out receives report.html for people, report.json for programs, picture grids, and the
reconstructions; with --attest and --bom a signed attestation and a bill of materials. All of it appears at the end.
` + resumeHelp,
		Example: `  unlearnguard verify --before before.onnx --after after.onnx --mean-before before.mean.npy --mean-after after.mean.npy \
      --forget idx:mnist#5,17 --retain idx:mnist#100-117 --reference idx:mnist#50000-50399 -o report`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.before, "before", "", "`MODEL` before the request (ONNX)")
	f.StringVar(&o.after, "after", "", "`MODEL` after the request (ONNX)")
	f.StringArrayVar(&o.forget, "forget", nil, "`IMAGES` that were to be forgotten")
	f.StringArrayVar(&o.retain, "retain", nil, "`IMAGES` that were to stay")
	f.StringArrayVar(&o.reference, "reference", nil, "`IMAGES` of the same kind that were never trained on")
	addMaxImages(c, &o.maxImages)
	o.file.add(c)
	o.norm.add(c, "", "both models")
	o.normBefore.add(c, "-before", "the model before")
	o.normAfter.add(c, "-after", "the model after")
	f.StringVar(&o.ssimWindow, "ssim-window", string(metrics.Uniform), "SSIM `window`: uniform (7x7) or gaussian (11x11, as Wang et al. 2004)")
	o.start.add(c)
	o.verdict.add(c, "report", "")
	o.run.add(c, "random starts a model")
	f.DurationVar(&o.limit, "time-limit", 10*time.Minute, "`time` after which the verdict is inconclusive where there is none; a reconstruction may take half of it; 0 is for no limit")
	require(c, "before", "after", "forget")
	return c, o
}

func (a *app) runVerify(ctx context.Context, o *verifyOptions) error {
	rep, err := o.audit(ctx, func(r *audit.Request, dir *outdir.Dir) (err error) {
		if err := a.stateMemory(ctx, r); err != nil {
			return err
		}
		r.Progress, r.Examined, r.Stage = a.reconstructions(), a.examinations(), a.term.work
		r.Checkpoints, err = a.checkpoints(dir, o.run.resume)
		return err
	})
	if err != nil {
		return err
	}
	return o.verdict.announce(a, rep)
}

// audit does what the flags say and leaves the report in the folder of --out. Before the work begins, prepare fills in what the
// flags do not say: where progress goes, and what interrupted runs left.
func (o *verifyOptions) audit(ctx context.Context, prepare func(*audit.Request, *outdir.Dir) error) (report.Report, error) {
	var rep report.Report
	begun := time.Now()
	if err := o.check(ctx); err != nil {
		return rep, err
	}
	request, inputs, err := o.request(ctx)
	if err != nil {
		return rep, err
	}
	dir, err := openOut(o.verdict.out)
	if err != nil {
		return rep, err
	}
	defer dir.Close()
	if err := prepare(request, dir); err != nil {
		return rep, err
	}
	outcome, err := audit.Run(ctx, request)
	if err != nil {
		return rep, err
	}
	rep = outcome.Report(request)
	rep.Inputs = inputs
	o.describe(&rep, begun)
	return rep, o.verdict.write(ctx, dir, rep, func(stage string) error { return writeReconstructions(stage, outcome) })
}

func (o *verifyOptions) check(ctx context.Context) error {
	if err := chosen("ssim-window", o.ssimWindow, string(metrics.Uniform), string(metrics.Gaussian)); err != nil {
		return err
	}
	if err := o.run.check(); err != nil {
		return err
	}
	if err := o.start.check(); err != nil {
		return err
	}
	if err := checkMaxImages(o.maxImages); err != nil {
		return err
	}
	if o.limit < 0 {
		return fmt.Errorf("--time-limit %s: give a time, or 0 for no limit", o.limit)
	}
	return o.verdict.check(ctx, o.files)
}

// request reads everything that the flags name, and lists the files beside the models.
func (o *verifyOptions) request(ctx context.Context) (*audit.Request, []report.Input, error) {
	r := &audit.Request{
		SSIM:        metrics.SSIMOptions{Window: metrics.Window(o.ssimWindow)},
		Decide:      o.verdict.over(metrics.Options{Seed: o.run.seed}),
		Reconstruct: o.run.options(),
		TimeLimit:   o.limit,
	}
	// The setting of Wang et al. 2004 goes with their window.
	r.SSIM.Population = r.SSIM.Window == metrics.Gaussian
	opts, err := o.file.options()
	if err != nil {
		return nil, nil, err
	}
	if r.Before, err = o.files.model(ctx, o.before, opts); err != nil {
		return nil, nil, err
	}
	if r.After, err = o.files.model(ctx, o.after, opts); err != nil {
		return nil, nil, err
	}
	for _, m := range []*audit.Model{r.Before, r.After} {
		if err := m.Alone(); err != nil && len(o.reference) == 0 {
			return nil, nil, err
		}
	}
	inputs, err := o.readImages(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	inputs = append(inputs, externalData("before", r.Before)...)
	inputs = append(inputs, externalData("after", r.After)...)
	for _, subject := range []struct {
		norm normFlags
		into *images.Normalisation
	}{{o.normBefore.or(o.norm), &r.NormBefore}, {o.normAfter.or(o.norm), &r.NormAfter}} {
		var files []report.Input
		if *subject.into, files, err = subject.norm.read(o.files, r.Queried.C, r.Queried.H, r.Queried.W); err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, files...)
	}
	starts, err := o.start.read(ctx, o.files, r, opts)
	if err != nil {
		return nil, nil, err
	}
	return r, append(inputs, starts...), r.Validate()
}

// externalData lists the files beside a model that hold its weights: whoever attests to the model attests to them.
func externalData(which string, m *audit.Model) []report.Input {
	var out []report.Input
	for _, f := range m.External {
		out = append(out, report.Input{Use: "weights of the model " + which, Path: filepath.Join(filepath.Dir(m.Path), f.Location), SHA256: f.SHA256})
	}
	return out
}

// readImages fills the request's images and lists their files.
func (o *verifyOptions) readImages(ctx context.Context, r *audit.Request) ([]report.Input, error) {
	var inputs []report.Input
	for _, part := range []struct {
		flag  string
		specs []string
		add   func(*images.Set) error
	}{
		{"forget", o.forget, func(s *images.Set) error { return r.Add(s, metrics.Forget) }},
		{"retain", o.retain, func(s *images.Set) error { return r.Add(s, metrics.Retain) }},
		{"reference", o.reference, func(s *images.Set) error { r.Reference = s; return nil }},
	} {
		if len(part.specs) == 0 {
			continue
		}
		set, err := loadImagesFor(ctx, part.flag, part.specs, images.Options{MaxImages: o.maxImages, Locate: o.files}, r.Before, r.After)
		if err != nil {
			return nil, err
		}
		if err := part.add(set); err != nil {
			return nil, fmt.Errorf("--%s: %w", part.flag, err)
		}
		for _, f := range set.Files {
			inputs = append(inputs, report.Input{Use: part.flag, Path: f.Path, SHA256: f.SHA256, Images: set.Len()})
		}
	}
	return inputs, nil
}

// describe adds to a report what the command alone knows.
func (o *verifyOptions) describe(rep *report.Report, begun time.Time) {
	rep.Tool = tool()
	rep.Command, rep.Configuration = o.again.command, o.again.configuration
	rep.Models.Before.Preprocessing = o.normBefore.or(o.norm).words()
	rep.Models.After.Preprocessing = o.normAfter.or(o.norm).words()
	rep.Times = report.Times{Started: begun.UTC().Format(time.RFC3339),
		Seconds: map[string]float64{"total": time.Since(begun).Seconds()}}
}

// writeReconstructions keeps what was recovered from the two models.
func writeReconstructions(dir string, out *audit.Outcome) error {
	for _, part := range []struct {
		name string
		from *audit.Evidence
	}{{"before", out.Before}, {"after", out.After}} {
		if part.from.Result == nil {
			continue
		}
		if err := createNPZ(filepath.Join(dir, "reconstruction-"+part.name+".npz"), part.from.Result); err != nil {
			return err
		}
	}
	return nil
}
