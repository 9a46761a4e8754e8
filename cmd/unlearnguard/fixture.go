package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
)

func (a *app) fixture() *cobra.Command {
	c := &cobra.Command{
		Use:   "fixture",
		Short: "Make networks to try an audit out on",
		Long:  "Fixture makes the networks that an audit can be tried out on, with known training samples.",
	}
	c.AddCommand(a.fixtureTrain())
	return c
}

// trainOptions are the flags of fixture train.
type trainOptions struct {
	data                []string
	samples             int
	drop                string
	task, hidden, out   string
	selection, seed     uint64
	firstScale, decay   float64
	steps               int
	biases, defaultInit bool
	slope               float64
	format              string
}

// trained is what fixture train says of its model, for scripts.
type trained struct {
	Model      string  `json:"model"`
	SHA256     string  `json:"sha256"`
	Mean       string  `json:"mean"`
	Trained    string  `json:"trained"`
	Dropped    string  `json:"dropped,omitempty"`
	Steps      int     `json:"steps"`
	Margin     float64 `json:"margin"`
	FirstLayer float64 `json:"first_layer_residual"`
}

func (a *app) fixtureTrain() *cobra.Command {
	var o trainOptions
	c := &cobra.Command{
		Use:   "train --data IMAGES -o MODEL.onnx",
		Short: "Train a small network to a stationary point and export it",
		Long: `Train picks a few images of a data set, trains a fully connected ReLU network on them until its parameters are nearly a
sum over its training samples, and writes it as ONNX, with the mean image that its inputs were centred by beside it
(MODEL.mean.npy). To honour a request, train again with --drop: the picked samples at those positions are left out.

It prints how to name the samples that were trained on and those that were dropped.
` + imagesHelp,
		Example: `  unlearnguard fixture train --data idx:mnist --samples 20 --hidden 300 -o before.onnx
  unlearnguard fixture train --data idx:mnist --samples 20 --hidden 300 --drop 0,1 --seed 1 -o after.onnx`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runTrain(c.Context(), o) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.data, "data", nil, "images to pick from; they need labels")
	f.IntVar(&o.samples, "samples", 20, "number of samples to pick, balanced over the labels")
	f.StringVar(&o.drop, "drop", "", "positions among the picked samples to leave out, such as 0,3-5")
	f.StringVar(&o.task, "task", string(fixtures.OddEven), "labels: odd-even, vehicles or classes")
	f.StringVar(&o.hidden, "hidden", "1000", "widths of the hidden layers, such as 500,500")
	f.StringVarP(&o.out, "out", "o", "", "model to write")
	f.Uint64Var(&o.selection, "pick", 0, "seed of the choice of samples")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the initialisation")
	f.Float64Var(&o.firstScale, "first-scale", 0, "standard deviation of the first layer's start (default 1e-4)")
	f.BoolVar(&o.defaultInit, "default-init", false, "start all layers as PyTorch does")
	f.BoolVar(&o.biases, "biases", false, "biases in all layers, not the first alone")
	f.Float64Var(&o.slope, "slope", 0, "slope of a leaky ReLU")
	f.Float64Var(&o.decay, "weight-decay", 0, "weight decay")
	f.IntVar(&o.steps, "steps", 0, "most steps of descent (default 2000)")
	f.StringVar(&o.format, "format", "text", "text, or json for stdout")
	for _, name := range []string{"data", "out"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
	return c
}

func (a *app) runTrain(ctx context.Context, o trainOptions) error {
	if err := errors.Join(chosen("format", o.format, "text", "json"), fixtures.Task(o.task).Validate()); err != nil {
		return err
	}
	hidden, err := widths(o.hidden)
	if err != nil {
		return err
	}
	set, err := loadImages(ctx, "data", o.data, 0)
	if err != nil {
		return err
	}
	kept, dropped, err := pickSamples(set, o)
	if err != nil {
		return err
	}
	model, err := a.trainModel(ctx, kept, fixtures.Task(o.task), "training", fixtures.Options{
		Hidden: hidden, Seed: o.seed, FirstScale: o.firstScale, DefaultInit: o.defaultInit, Biases: o.biases,
		Slope: o.slope, WeightDecay: o.decay, Steps: o.steps})
	if err != nil {
		return err
	}
	result := trained{Model: o.out, Mean: strings.TrimSuffix(o.out, filepath.Ext(o.out)) + ".mean.npy",
		Steps: model.info.Steps, Margin: model.info.Margin, FirstLayer: model.info.FirstLayer,
		Trained: strings.Join(kept.Names, " ")}
	if dropped != nil {
		result.Dropped = strings.Join(dropped.Names, " ")
	}
	if err := model.write(result.Model, result.Mean); err != nil {
		return err
	}
	a.term.say("%s: %d samples, %d steps, margin %.3g, first-layer residual %.3f", o.out, kept.Len(), result.Steps,
		result.Margin, result.FirstLayer)
	a.term.say("trained on: %s", result.Trained)
	if dropped != nil {
		a.term.say("left out:   %s", result.Dropped)
	}
	a.term.say("feed it images less %s: --mean %s", result.Mean, result.Mean)
	if o.format == "json" {
		return json.NewEncoder(a.out).Encode(result)
	}
	return nil
}

// pickSamples chooses the samples to train on and those to leave out.
func pickSamples(set *images.Set, o trainOptions) (kept, dropped *images.Set, err error) {
	if set.Labels == nil {
		return nil, nil, errors.New("--data: the images have no labels")
	}
	picked, err := fixtures.Select(set.Labels, fixtures.Task(o.task), o.samples, o.selection)
	if err != nil {
		return nil, nil, fmt.Errorf("--samples: %w", err)
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

func widths(text string) ([]int, error) {
	var out []int
	for _, part := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 || n > 1<<16 {
			return nil, fmt.Errorf("--hidden %q: give widths from 1 to 65536, such as 500,500", text)
		}
		out = append(out, n)
	}
	return out, nil
}

// trainedModel is a network with what is needed to use it.
type trainedModel struct {
	model *onnxio.Model
	mean  images.Values
	info  fixtures.Info
}

// trainModel trains a network on a set about its mean image.
func (a *app) trainModel(ctx context.Context, set *images.Set, task fixtures.Task, what string, o fixtures.Options) (*trainedModel, error) {
	labels := make([]int, set.Len())
	for i, class := range set.Labels {
		labels[i] = task.Label(class)
		o.Classes = max(o.Classes, labels[i]+1, 2)
	}
	mean := images.Mean(set)
	x, err := images.Normalisation{Mean: mean}.Apply(set)
	if err != nil {
		return nil, err
	}
	stage := a.term.stage(what)
	o.Progress = func(i fixtures.Info) {
		stage(i.Steps, max(o.Steps, 2000), fmt.Sprintf("first-layer residual %.3f", i.FirstLayer))
	}
	net, info, err := fixtures.Train(ctx, x, labels, o)
	if err != nil {
		return nil, err
	}
	return &trainedModel{model: fixtures.Export(net, set.C, set.H, set.W), mean: mean, info: info}, nil
}

func (t *trainedModel) write(model, mean string) error {
	if err := onnxio.WriteFile(model, t.model); err != nil {
		return err
	}
	return t.mean.WriteNPY(mean)
}
