package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// runFit trains a built-in architecture, or a model that is given, as people train networks.
func (a *app) runFit(ctx context.Context, o trainOptions) error {
	fit, err := o.fit.options()
	if err != nil {
		return err
	}
	fit.Seed, fit.WeightDecay, fit.Threads = o.network.Seed, o.network.WeightDecay, o.network.Threads
	set, err := loadImages(ctx, "data", o.data, images.Options{MaxImages: o.maxImages})
	if err != nil {
		return err
	}
	kept, dropped, err := o.pick(set)
	if err != nil {
		return err
	}
	labels := specimen.Labels(kept, fixtures.Task(o.task))
	start, from, err := o.start(ctx, kept, slices.Max(labels)+1)
	if err != nil {
		return err
	}
	mean := images.Mean(kept)
	if o.initial != "" {
		if err := writeModel(o.initial, start, mean); err != nil {
			return err
		}
	}
	model, end, err := a.fitModel(ctx, start, kept, labels, images.Normalisation{Mean: mean}, fit)
	if err != nil {
		return err
	}
	if err := writeModel(o.out, model, mean); err != nil {
		return err
	}
	return a.reportFit(end, from, o, kept, dropped)
}

// start is the network that training starts from, and the file that it was read from, if it was.
func (o *trainOptions) start(ctx context.Context, set *images.Set, classes int) (*onnxio.Model, *modelFile, error) {
	if o.from != "" {
		m, err := onnxio.ReadFile(ctx, o.from, onnxio.Options{})
		if err != nil {
			return nil, nil, err
		}
		return m, &modelFile{Path: o.from, SHA256: m.SHA256}, nil
	}
	m, err := fixtures.NewModel(fixtures.Architecture(o.arch), []int{set.C, set.H, set.W}, fixtures.ArchitectureOptions{
		Hidden: o.network.Hidden, Width: o.width, Classes: max(classes, 2), Seed: o.network.Seed, Torch: true,
	})
	if err != nil {
		err = fmt.Errorf("--arch: %w", err)
	}
	return m, nil, err
}

func (a *app) reportFit(end *fitted, from *modelFile, o trainOptions, kept, dropped *images.Set) error {
	doc := made{Mean: meanFile(o.out), From: from, Trained: specs(kept.Names), Fitted: end}
	a.term.say("%s: %d samples, %s", o.out, kept.Len(), end)
	a.term.say("trained on: %s", asFlags("retain", doc.Trained))
	if dropped != nil {
		doc.Dropped = specs(dropped.Names)
		a.term.say("left out:   %s", asFlags("forget", doc.Dropped))
	}
	a.term.say("its input:  --mean %s", quoted(doc.Mean))
	return a.printMade(doc, o.out, o.format)
}

// runFitTune goes on training any model that imports.
func (a *app) runFitTune(ctx context.Context, operation string, o *tuneOptions) error {
	fit, err := o.fit.options()
	if err != nil {
		return err
	}
	fit.Seed, fit.WeightDecay, fit.Threads = o.seed, o.descent.WeightDecay, o.descent.Threads
	from, err := onnxio.ReadFile(ctx, o.model, onnxio.Options{})
	if err != nil {
		return err
	}
	set, err := labelled(ctx, "data", o.data, o.maxImages)
	if err != nil {
		return err
	}
	task := fixtures.Task(cmp.Or(o.task, string(fixtures.Classes)))
	labels := specimen.Labels(set, task)
	if o.forget != nil {
		if set, labels, err = o.relabelled(ctx, from, set, task); err != nil {
			return err
		}
	}
	norm, _, err := o.norm.read(nil, set.C, set.H, set.W)
	if err != nil {
		return err
	}
	model, end, err := a.fitModel(ctx, from, set, labels, norm, fit)
	if err != nil {
		return err
	}
	return a.finishModel(o.model, from, model, o.out, o.format, made{Operation: operation, Trained: specs(set.Names), Fitted: end})
}

// relabelled adds the images to forget, with other labels than theirs.
func (o *tuneOptions) relabelled(ctx context.Context, from *onnxio.Model, set *images.Set, task fixtures.Task) (*images.Set, []int, error) {
	net, err := graph.Compile(from, graph.Options{})
	if err != nil {
		return nil, nil, err
	}
	forget, err := labelled(ctx, "forget", o.forget, o.maxImages)
	if err != nil {
		return nil, nil, err
	}
	kept := set.Len()
	if set, err = images.Join(set, forget); err != nil {
		return nil, nil, fmt.Errorf("--forget: %w", err)
	}
	labels, err := fixtures.Relabel(specimen.Labels(set, task), images.Positions(kept, set.Len()), max(net.Outputs, 2), o.seed)
	return set, labels, err
}

// finishModel writes the model that was made of another and says so.
func (a *app) finishModel(path string, from, model *onnxio.Model, out, format string, doc made) error {
	err := place(out, func(stage, name string) error { return onnxio.WriteFile(filepath.Join(stage, name), model) })
	if err != nil {
		return err
	}
	how := doc.Operation
	if doc.Fitted != nil {
		how += ": " + doc.Fitted.String()
	}
	a.term.say("%s: made of %s by %s", out, path, how)
	doc.From = &modelFile{Path: path, SHA256: from.SHA256}
	return a.printMade(doc, out, format)
}
