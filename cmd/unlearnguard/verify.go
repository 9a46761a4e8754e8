package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	before, after               string
	forget, retain, reference   []string
	norm, normBefore, normAfter normFlags
	out, format, ssimWindow     string
	failOn                      []string
	level, tau                  float64
	seed                        uint64
	restarts                    int
	class                       bool
	minControls                 int
}

func (a *app) verify() *cobra.Command {
	var o verifyOptions
	c := &cobra.Command{
		Use:   "verify --before A.onnx --after B.onnx --forget IMAGES [--retain IMAGES] [--reference IMAGES]",
		Short: "Was an unlearning request honoured?",
		Long: `Verify reconstructs training samples from the model before and the model after an unlearning request and decides for
each image to forget whether it is still in the model after: retained, unlearned or inconclusive.

  --forget     the images that the request was about
  --retain     images that were to stay: positive controls, without which nothing is ever called unlearned
  --reference  images of the same kind that neither model was trained on, several hundred if possible: they give every
               score its p-value. Without them a fixed threshold is used whose error rate is unknown
` + imagesHelp + "\n" + normHelp + `

The folder named by -o receives report.json, report.html, picture grids and the reconstructions.`,
		Example: `  unlearnguard verify --before before.onnx --after after.onnx --mean-before before.mean.npy --mean-after after.mean.npy \
      --forget idx:mnist#5,17 --retain idx:mnist#100-117 --reference 'idx:mnist[test]#0-399' -o report`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runVerify(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.before, "before", "", "model before the request (ONNX)")
	f.StringVar(&o.after, "after", "", "model after the request (ONNX)")
	f.StringArrayVar(&o.forget, "forget", nil, "images that were to be forgotten")
	f.StringArrayVar(&o.retain, "retain", nil, "images that were to stay")
	f.StringArrayVar(&o.reference, "reference", nil, "images of the same kind that were never trained on")
	f.StringVarP(&o.out, "out", "o", "", "folder for the report")
	f.StringVar(&o.format, "format", "text", "text, or json to write report.json to stdout as well")
	f.StringVar(&o.ssimWindow, "ssim-window", string(metrics.Uniform), "SSIM window: uniform (7x7) or gaussian (11x11)")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 10 when retained, 11 when inconclusive")
	f.Float64Var(&o.level, "level", 0, "error rate over the queried samples (default 0.05)")
	f.Float64Var(&o.tau, "tau", 0, "SSIM threshold without a reference set (default 0.4)")
	f.IntVar(&o.minControls, "min-controls", 0, "controls that must be recoverable (default: by the level)")
	f.Uint64Var(&o.seed, "seed", 0, "seed of all random choices")
	f.IntVar(&o.restarts, "restarts", 0, "random starts a model (default: by its rank)")
	o.norm.add(c, "", "both models")
	o.normBefore.add(c, "-before", "the model before")
	o.normAfter.add(c, "-after", "the model after")
	for _, name := range []string{"before", "after", "forget", "out"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return c
}

func (a *app) runVerify(ctx context.Context, o verifyOptions) error {
	begun := time.Now()
	if err := o.check(); err != nil {
		return err
	}
	request, err := o.request(ctx)
	if err != nil {
		return err
	}
	stages := map[string]func(done, total int, detail string){
		"before": a.term.stage("model before"), "after": a.term.stage("model after")}
	request.Progress = func(model string, p reconstruct.Progress) {
		stages[model](p.Done, p.Total, fmt.Sprintf("residual %.3f", p.Residual))
	}
	outcome, err := audit.Run(ctx, request)
	if err != nil {
		return err
	}
	return a.conclude(ctx, o, request, outcome, begun)
}

func (o *verifyOptions) check() error {
	if err := checkOutput(o.format, o.failOn); err != nil {
		return err
	}
	return chosen("ssim-window", o.ssimWindow, string(metrics.Uniform), string(metrics.Gaussian))
}

// checkOutput checks the flags that say how a verdict is given.
func checkOutput(format string, failOn []string) error {
	if err := chosen("format", format, "text", "json"); err != nil {
		return err
	}
	for _, f := range failOn {
		if err := chosen("fail-on", f, string(metrics.Retained), string(metrics.Inconclusive)); err != nil {
			return err
		}
	}
	return nil
}

// request reads everything that the flags name.
func (o *verifyOptions) request(ctx context.Context) (*audit.Request, error) {
	r := &audit.Request{
		SSIM:        metrics.SSIMOptions{Window: metrics.Window(o.ssimWindow)},
		Decide:      metrics.Options{Level: o.level, Tau: o.tau, MinControls: o.minControls, Seed: o.seed},
		Reconstruct: reconstruct.Options{Seed: o.seed, Restarts: o.restarts},
	}
	var err error
	if r.NormBefore, err = o.normBefore.or(o.norm).read(); err != nil {
		return nil, err
	}
	if r.NormAfter, err = o.normAfter.or(o.norm).read(); err != nil {
		return nil, err
	}
	if r.Before, err = audit.Open(ctx, o.before); err != nil {
		return nil, err
	}
	if r.After, err = audit.Open(ctx, o.after); err != nil {
		return nil, err
	}
	channels := r.Before.Channels()
	for _, role := range []struct {
		flag  string
		specs []string
		role  metrics.Role
	}{{"forget", o.forget, metrics.Forget}, {"retain", o.retain, metrics.Retain}} {
		set, err := loadImages(ctx, role.flag, role.specs, channels)
		if err != nil {
			return nil, err
		}
		if err := r.Add(set, role.role); err != nil {
			return nil, fmt.Errorf("--%s: %w", role.flag, err)
		}
	}
	r.Reference, err = loadImages(ctx, "reference", o.reference, channels)
	return r, err
}
