package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics/audit"
)

// tuneOptions are the flags of fixture fine-tune and fixture relabel.
type tuneOptions struct {
	model, out, format, task string
	data, forget             []string
	norm                     normFlags
	seed                     uint64
	descent                  fixtures.Options
	fit                      fitFlags
	fitting                  bool // by mini-batches
	maxImages                int
}

func (a *app) fixtureFineTune() *cobra.Command {
	var o tuneOptions
	c := a.tuneCommand(&o, &cobra.Command{
		Use:   "fine-tune MODEL --data IMAGES -o OUT.onnx",
		Short: "Go on training a network",
		Long: `Fine-tune goes on training a network on the images of --data: a fully connected one by steps over all of them, or, with any of
the flags from --optimizer on, any classifier that imports, by mini-batches.
` + imagesHelp + "\n" + normHelp,
		Example: `  unlearnguard fixture fine-tune vgg.onnx --data cifar10:cifar10#100-149 --task classes --mean vgg.mean.npy --optimizer sgd --lr 0.005 --epochs 5 -o tuned.onnx
  unlearnguard fixture fine-tune before.onnx --data idx:mnist#100-149 --mean before.mean.npy -o tuned.onnx`,
	})
	c.Flags().IntVar(&o.descent.Steps, "steps", 200, "`number` of steps")
	c.Flags().Uint64Var(&o.seed, "seed", 0, "`seed` of the order of the samples")
	o.fit.add(c)
	o.descent.Margin = math.Inf(1) // all of the steps are taken, whatever the margin
	return c
}

func (a *app) fixtureRelabel() *cobra.Command {
	var o tuneOptions
	c := a.tuneCommand(&o, &cobra.Command{
		Use:   "relabel MODEL --forget IMAGES --data IMAGES -o OUT.onnx",
		Short: "Train a network to call some samples something else",
		Long: `Relabel gives the images of --forget other labels, drawn at random, and goes on training on them and on the images of
--data: a fully connected network until all are told apart as they are labelled, or, with any of the flags from --optimizer on, any
classifier that imports, by mini-batches. It passes for unlearning, and does not forget.
` + imagesHelp + "\n" + normHelp,
		Example: `  unlearnguard fixture relabel before.onnx --forget idx:mnist#5,17 --data idx:mnist#100-117 --mean before.mean.npy -o relabelled.onnx`,
	})
	f := c.Flags()
	f.StringArrayVar(&o.forget, "forget", nil, "`IMAGES` to give other labels")
	f.Float64Var(&o.descent.Margin, "margin", 0, "least `margin` of a sample to train to (default 20)")
	f.IntVar(&o.descent.Steps, "steps", 0, "most `steps` of descent (default 20000)")
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of the choice of labels")
	o.fit.add(c)
	require(c, "forget")
	return c
}

// tuneCommand gives a command the flags of both and runs it.
func (a *app) tuneCommand(o *tuneOptions, c *cobra.Command) *cobra.Command {
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.model, o.fitting = args[0], o.fit.chosen(c)
		return a.runTune(c.Context(), c.Name(), o)
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to train on; they need labels")
	addMaxImages(c, &o.maxImages)
	f.StringVar(&o.task, "task", "", "`labels`: odd-even, vehicles or classes (default odd-even for a binary network, else classes)")
	o.norm.add(c, "", "the model")
	addModelOut(c, &o.out, &o.format)
	f.Float64Var(&o.descent.Rate, "rate", 0, "`rate` of descent (default: adapted to the curvature)")
	f.Float64Var(&o.descent.WeightDecay, "weight-decay", 0, "weight `decay`")
	addThreads(c, &o.descent.Threads)
	require(c, "data")
	return c
}

func (o *tuneOptions) check() error {
	for _, err := range []error{
		chosen("format", o.format, "text", "json"),
		chosen("task", cmp.Or(o.task, string(fixtures.Classes)), string(fixtures.OddEven), string(fixtures.Vehicles), string(fixtures.Classes)),
		within("rate", o.descent.Rate, 0, 1e6),
		within("weight-decay", o.descent.WeightDecay, 0, 1),
		within("margin", o.descent.Margin, 0, math.Inf(1)),
		within("steps", o.descent.Steps, 0, 1<<30),
		within("threads", o.descent.Threads, 0, 1<<16),
		checkMaxImages(o.maxImages),
		checkFile(o.out),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) runTune(ctx context.Context, operation string, o *tuneOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.fitting {
		return a.runFitTune(ctx, operation, o)
	}
	from, err := audit.Open(ctx, o.model, graph.Options{})
	if err != nil {
		return err
	}
	dense, err := from.Dense()
	if err != nil {
		return err
	}
	set, labels, err := o.samples(ctx, from)
	if err != nil {
		return err
	}
	norm, _, err := o.norm.read(nil, set.C, set.H, set.W)
	if err != nil {
		return err
	}
	p, err := from.Problem(set.C, set.H, set.W, norm)
	if err != nil {
		return err
	}
	// What the first layer is fed, with the normalisation that the model itself begins with.
	x, err := images.Normalisation{Mean: p.Mean, Std: p.Std}.Apply(set)
	if err != nil {
		return err
	}
	o.descent.Progress = a.training("training", o.descent)
	net, info, err := fixtures.FineTune(ctx, dense, x, labels, o.descent)
	if err != nil {
		return err
	}
	doc := made{Operation: operation, Trained: specs(set.Names), Training: endOf(info)}
	a.term.say("%s", doc.Training)
	return a.finishChange(from, net, o.out, o.format, doc)
}

// samples reads the images to train on, those to relabel at the end, with the labels to train for.
func (o *tuneOptions) samples(ctx context.Context, from *audit.Model) (*images.Set, []int, error) {
	set, err := loadImagesFor(ctx, "data", o.data, images.Options{MaxImages: o.maxImages}, from)
	if err != nil {
		return nil, nil, err
	}
	kept := set.Len()
	if o.forget != nil {
		forget, err := loadImagesFor(ctx, "forget", o.forget, images.Options{MaxImages: o.maxImages}, from)
		if err != nil {
			return nil, nil, err
		}
		if set, err = images.Join(set, forget); err != nil {
			return nil, nil, fmt.Errorf("--forget: %w", err)
		}
	}
	if set.Labels == nil {
		return nil, nil, errors.New("--data: the images have no labels")
	}
	classes, task := max(from.Net.Outputs, 2), fixtures.Task(o.task)
	if task == "" {
		task = fixtures.Classes
		if from.Net.Outputs == 1 {
			task = fixtures.OddEven
		}
	}
	labels, err := fixtures.Relabel(specimen.Labels(set, task), images.Positions(kept, set.Len()), classes, o.seed)
	return set, labels, err
}
