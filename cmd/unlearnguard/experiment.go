package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/experiment"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
)

// allExperiments stands for every experiment.
const allExperiments = "all"

// experimentOptions are the flags of experiment.
type experimentOptions struct {
	name               string
	data               []string
	scale, out, format string
	seed               uint64
	threads, maxImages int
	resume             bool
	again              repetition
}

// experimentHelp takes the experiments, the name of the JSON document, the scales, the scales of baselines, and how images are named.
const experimentHelp = `Experiment trains networks, does to them what may be done upon a request to forget, and compares what this tool
says of them with what other methods of verification say. It reproduces the figures of section V of arXiv 2410.10120; baselines is none of them.
NAME is one of

%s
It prints a table of means over the networks, and writes for each experiment to the folder named by --out

  NAME.csv           the same for each network
  NAME-samples.csv   every training sample
  NAME.png           the figure, with means, and lines from the least to the greatest of the networks
  NAME-pictures.png  samples and what was recovered of them, where that is what it measures

and class-level-representatives.png, what model inversion makes of classes, and %s. Measured of the samples to forget, the remaining ones, and others that were never trained on, are

  SSIM       similarity to what comes nearest of all that was recovered from the model
  retained   share of them that verify calls so; unlearned: likewise
  INA        share of them that membership inference (shadow models) calls members
  ASR        share of them that a backdoor leads to its class
  inversion  correlation of what model inversion makes of their class with their average
  accuracy   share of them that the model gives their label

Baselines asks of networks trained as people train them which of given images they were trained on. Its methods are the evidence
that verify has where nothing can be reconstructed, joined by 30 known training samples; the loss; the margin; the margin less
what is predicted of it from other images' margins by kernel ridge regression, with the gradients by the weights as kernel; and
the inverse Hessian attack (arXiv 2406.11544) on the last layer. Of each it measures

  found at 1 %%  share of training samples that score above 99 %% of never-trained images
  AUC           share of pairs of both in which the training sample scores higher
  accuracy      share of never-trained images that the model gives their label

Scales are

%s
and for baselines

%s
Samples are drawn from the images of --data, or from digits that the program draws itself. A network of two classes tells odd
classes from even ones.
%s

While the work lasts, what is finished is kept in that folder. After an interruption (Ctrl-C, or a kill) the same command with
--resume goes on with the next network, to the same bytes; without --resume it starts again.`

func (a *app) experiment() *cobra.Command {
	var o experimentOptions
	names := append(experiment.Names(), allExperiments)
	c := &cobra.Command{
		Use:   "experiment NAME",
		Short: "Reproduce the figures that the method was published with",
		Long:  fmt.Sprintf(experimentHelp, listedExperiments(), experimentJSON, listedScales(), listedPractices(), imagesHelp),
		Example: `  unlearnguard experiment relabel --data idx:mnist -o relabel
  unlearnguard experiment all --data cifar10:cifar10 --scale quick -o figures`,
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				err := fmt.Errorf("there is no experiment %q", strings.Join(args, " "))
				return &hinted{err, "give one of " + strings.Join(names, ", ")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.again = args[0], repetitionOf(c, args)
			return resumable(a.runExperiment(c.Context(), o), o.out)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to draw samples from, with labels (default digits drawn by the program)")
	addMaxImages(c, &o.maxImages)
	f.StringVar(&o.scale, "scale", experiment.Quick.Name, "`size` of networks and training sets: "+
		strings.Join(scaleNames(), ", "))
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of everything that is drawn")
	f.StringVarP(&o.out, "out", "o", "experiment", "`FOLDER` to write to")
	f.StringVar(&o.format, "format", "text", "`format` of what is printed: text, or json for "+experimentJSON)
	addThreads(c, &o.threads)
	f.BoolVar(&o.resume, "resume", false, "go on with what an interrupted run has not finished")
	return c
}

func listedExperiments() string {
	var out strings.Builder
	for _, name := range experiment.Names() {
		fmt.Fprintf(&out, "  %-13s %s\n", name, experiment.Title(name))
	}
	fmt.Fprintf(&out, "  %-13s All of these\n", allExperiments)
	return out.String()
}

func listedScales() string {
	var out strings.Builder
	for _, s := range experiment.Scales() {
		fmt.Fprintf(&out, "  %-6s %s\n", s.Name, s)
	}
	return out.String()
}

func listedPractices() string {
	var out strings.Builder
	for _, s := range experiment.Scales() {
		fmt.Fprintf(&out, "  %-6s %d networks %s\n", s.Name, s.Networks, s.Practice)
	}
	return out.String()
}

// scaleNames are the values of --scale.
func scaleNames() []string {
	var out []string
	for _, s := range experiment.Scales() {
		out = append(out, s.Name)
	}
	return out
}

func (a *app) runExperiment(ctx context.Context, o experimentOptions) error {
	options, err := o.read(ctx)
	if err != nil {
		return err
	}
	dir, err := openOut(o.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	if options.Cases, err = a.checkpoints(dir, o.resume); err != nil {
		return err
	}
	options.Progress = a.works()
	doc := experimented{Schema: experimentSchema, Command: o.again.command, Scale: o.scale, Seed: o.seed, Data: []images.File{}}
	if len(o.data) > 0 {
		doc.Data = options.Images.Files
	}
	for _, name := range o.names() {
		if len(o.data) == 0 {
			options.Images = digits.Draw(experiment.Images(name, options.Scale), o.seed)
		}
		result, err := experiment.Run(ctx, name, options)
		if err != nil {
			return err
		}
		doc.Results = append(doc.Results, result)
	}
	if err := dir.Finish(doc.write, experimentJSON); err != nil {
		return err
	}
	a.term.say("tables and figures are in %s", o.out)
	if o.format == "json" {
		return a.print(filepath.Join(o.out, experimentJSON))
	}
	return doc.print(a.out)
}

// names are the experiments to run.
func (o *experimentOptions) names() []string {
	if o.name == allExperiments {
		return experiment.Names()
	}
	return []string{o.name}
}

// read checks the flags and reads the images, where there are any to read.
func (o *experimentOptions) read(ctx context.Context) (experiment.Options, error) {
	var e experiment.Options
	if err := cmp.Or(chosen("format", o.format, "text", "json"), chosen("scale", o.scale, scaleNames()...),
		within("threads", o.threads, 0, 1<<16), checkMaxImages(o.maxImages)); err != nil {
		return e, err
	}
	scale := experiment.Scales()[slices.Index(scaleNames(), o.scale)]
	e = experiment.Options{Scale: scale, Seed: o.seed, Threads: o.threads}
	if len(o.data) == 0 {
		return e, nil
	}
	var err error
	if e.Images, err = loadImages(ctx, "data", o.data, images.Options{MaxImages: o.maxImages}); err != nil {
		return e, err
	}
	for _, name := range o.names() {
		if err := e.Validate(name); err != nil {
			return e, fmt.Errorf("--data: %w", err)
		}
	}
	return e, nil
}

// works returns a progress function for several pieces of work, one after the other.
func (a *app) works() func(work string, share float64) {
	var current string
	var stage func(share float64, detail string)
	return func(work string, share float64) {
		if work != current {
			current, stage = work, a.term.stage(work)
		}
		stage(share, "")
	}
}
