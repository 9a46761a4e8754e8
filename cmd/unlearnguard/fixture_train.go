package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// What package fixtures trains to where nothing is said: for the progress.
const (
	defaultMargin = 20
	defaultSteps  = 20000
)

// trainOptions are the flags of fixture train.
type trainOptions struct {
	data                      []string
	samples                   int
	drop                      string
	task, hidden, out, format string
	convolutions              string
	selection                 uint64
	maxImages                 int
	network                   fixtures.Options
	// arch and from ask for a training by mini-batches.
	arch, from string
	// initial receives the network as it is before training.
	initial string
	width   int
	fit     fitFlags
}

func (a *app) fixtureTrain() *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train --data IMAGES -o MODEL.onnx",
		Short: "Train a small network to a stationary point and export it",
		Long: `Train picks a few images of a data set, trains a ReLU network on them until its parameters are nearly a
sum over its training samples, and writes it as ONNX, with the mean image that its inputs were centred by beside it
(MODEL.mean.npy). To honour a request, train again with --drop: the picked samples at those positions are left out.

With --convolutions the network begins with convolutions, its layers between the first and the last start from next to
nothing and hold the samples, and the outer ones start large (unlearnguard help measured); --first-scale is not used.

With --arch or --from the network is trained as people train theirs instead, by mini-batches from PyTorch's start: a built-in
architecture, or any ONNX classifier that imports. --hidden, --seed, --weight-decay and the flags from --optimizer on apply.
The start of an architecture is PyTorch's own for that seed, bit for bit: verify --initial-seed draws it again.

It prints how to name the samples that were trained on and those that were dropped.
` + imagesHelp,
		Example: `  unlearnguard fixture train --data idx:mnist --samples 20 --hidden 300 -o before.onnx
  unlearnguard fixture train --data idx:mnist --samples 20 --hidden 300 --drop 0,1 --seed 1 -o after.onnx
  unlearnguard fixture train --data cifar10:cifar10 --samples 200 --task classes --arch vgg-bn --lr 0.02 --batch 16 --epochs 60 -o vgg.onnx
  unlearnguard fixture train --data idx:mnist --samples 10 --convolutions 16x3/2,128x5/2 --margin 30 -o cnn.onnx`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTrain(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to pick from; they need labels")
	addMaxImages(c, &o.maxImages)
	f.IntVar(&o.samples, "samples", 20, "`number` of samples to pick, balanced over the labels; 0 takes all images")
	f.StringVar(&o.drop, "drop", "", "`positions` among the picked samples to leave out, such as 0,3-5")
	f.Uint64Var(&o.selection, "pick", 0, "`seed` of the choice of samples")
	f.StringVar(&o.task, "task", string(fixtures.OddEven), "`labels`: odd-even, vehicles or classes")
	f.StringVarP(&o.out, "out", "o", "", "`MODEL` to write")
	f.StringVar(&o.format, "format", "text", "`format`: text, or json for stdout")
	f.StringVar(&o.hidden, "hidden", "", "`widths` of the fully connected hidden layers, such as 500,500 (default 1000; none after convolutions)")
	f.StringVar(&o.convolutions, "convolutions", "", "`layers` to begin with, CHANNELSxSIZE/STRIDE each, such as 16x3/2,128x5/2")
	n := &o.network
	f.BoolVar(&n.Biases, "biases", false, "biases in all layers, not the first alone (with convolutions, none)")
	f.Float64Var(&n.Slope, "slope", 0, "`slope` of a leaky ReLU")
	f.Float64Var(&n.FirstScale, "first-scale", 0, "standard deviation (`STD`) of the first layer's start (default 1e-4)")
	f.BoolVar(&n.DefaultInit, "default-init", false, "start all layers as PyTorch does")
	f.Uint64Var(&n.Seed, "seed", 0, "`seed` of the initialisation")
	f.Float64Var(&n.WeightDecay, "weight-decay", 0, "weight `decay`")
	f.Float64Var(&n.Margin, "margin", 0, "least `margin` of a sample to train to (default 20; with weight decay 1)")
	f.Float64Var(&n.Tolerance, "tolerance", 0, "largest `residual` of the first layer's stationarity to train to as well (default any; with weight decay 0.02)")
	f.IntVar(&n.Steps, "steps", 0, "most `steps` of descent (default 20000)")
	f.StringVar(&o.arch, "arch", "", "`architecture` to train by mini-batches: "+strings.Join(fixtures.Architectures, ", "))
	f.IntVar(&o.width, "width", 16, "`filters` of the first convolution of an architecture")
	f.StringVar(&o.from, "from", "", "`MODEL.onnx` to train by mini-batches, from its values")
	f.StringVar(&o.initial, "save-initial", "", "`MODEL.onnx` to write as it is before training by mini-batches")
	o.fit.add(c)
	addThreads(c, &n.Threads)
	require(c, "data", "out")
	c.MarkFlagsMutuallyExclusive("arch", "from")
	return c
}

func (a *app) runTrain(ctx context.Context, o trainOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.arch != "" || o.from != "" {
		return a.runFit(ctx, o)
	}
	set, err := loadImages(ctx, "data", o.data, images.Options{MaxImages: o.maxImages})
	if err != nil {
		return err
	}
	kept, dropped, err := o.pick(set)
	if err != nil {
		return err
	}
	model, err := a.train(ctx, kept, fixtures.Task(o.task), "training", o.network)
	if err != nil {
		return err
	}
	if err := model.write(o.out); err != nil {
		return err
	}
	return a.reportTraining(model, o, kept, dropped)
}

func (o *trainOptions) check() error {
	n := &o.network
	var err error
	if n.Hidden, err = widths(o.hidden); err != nil {
		return err
	}
	if n.Convolutions, err = convolutions(o.convolutions); err != nil {
		return err
	}
	for _, err := range []error{
		chosen("format", o.format, "text", "json"),
		chosen("task", o.task, string(fixtures.OddEven), string(fixtures.Vehicles), string(fixtures.Classes)),
		within("samples", o.samples, 0, 1<<20),
		within("slope", n.Slope, 0, 0.99),
		within("first-scale", n.FirstScale, 0, 10),
		within("weight-decay", n.WeightDecay, 0, 1),
		within("margin", n.Margin, 0, 1e6),
		within("tolerance", n.Tolerance, 0, 1),
		within("steps", n.Steps, 0, 1<<30),
		within("threads", n.Threads, 0, 1<<16),
		checkMaxImages(o.maxImages),
		checkFile(o.out),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// pick chooses the samples to train on and those to leave out, nil for none.
func (o *trainOptions) pick(set *images.Set) (kept, dropped *images.Set, err error) {
	if set.Labels == nil {
		return nil, nil, errors.New("--data: the images have no labels")
	}
	picked := images.Positions(0, set.Len())
	if o.samples > 0 {
		if picked, err = fixtures.Select(set.Labels, fixtures.Task(o.task), o.samples, o.selection); err != nil {
			return nil, nil, fmt.Errorf("--samples: %w", err)
		}
	}
	out, err := positions(o.drop, len(picked))
	if err != nil {
		return nil, nil, fmt.Errorf("--drop: %w", err)
	}
	var keep, drop []int
	for i, at := range picked {
		if out[i] {
			drop = append(drop, at)
		} else {
			keep = append(keep, at)
		}
	}
	if len(keep) == 0 {
		return nil, nil, errors.New("--drop: nothing is left to train on")
	}
	if len(drop) > 0 {
		dropped = set.Subset(drop)
	}
	return set.Subset(keep), dropped, nil
}

// reportTraining says what was made of what.
func (a *app) reportTraining(model *trained, o trainOptions, kept, dropped *images.Set) error {
	doc := made{Mean: meanFile(o.out), Trained: specs(kept.Names), Training: endOf(model.info)}
	a.term.say("%s: %d samples, %s", o.out, kept.Len(), doc.Training)
	a.term.say("trained on: %s", asFlags("retain", doc.Trained))
	if dropped != nil {
		doc.Dropped = specs(dropped.Names)
		a.term.say("left out:   %s", asFlags("forget", doc.Dropped))
	}
	a.term.say("its input:  --mean %s", quoted(doc.Mean))
	return a.printMade(doc, o.out, o.format)
}

// positions parses 0,3-5 into the set of those positions below n.
func positions(text string, n int) (map[int]bool, error) {
	out := map[int]bool{}
	if text == "" {
		return out, nil
	}
	for _, part := range strings.Split(text, ",") {
		lo, hi, isRange := strings.Cut(part, "-")
		if !isRange {
			hi = lo
		}
		first, err1 := strconv.Atoi(lo)
		last, err2 := strconv.Atoi(hi)
		if err1 != nil || err2 != nil || first < 0 || last < first {
			return nil, fmt.Errorf("%q: give positions such as 0,3-5", part)
		}
		if last >= n {
			return nil, fmt.Errorf("position %d is beyond the %d picked samples (0..%d)", last, n, n-1)
		}
		for i := first; i <= last; i++ {
			out[i] = true
		}
	}
	return out, nil
}

// widths parses --hidden; nil stands for the default.
func widths(text string) ([]int, error) {
	var out []int
	if text == "" {
		return nil, nil
	}
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > 1<<16 {
			return nil, fmt.Errorf("--hidden %q: give widths from 1 to 65536, such as 500,500", text)
		}
		out = append(out, n)
	}
	return out, nil
}
