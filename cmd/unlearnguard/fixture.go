package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
	"unlearnguard/onnxio/file"
)

// fixtureSchema names the layout of the fixture commands' JSON.
const fixtureSchema = "unlearnguard/fixture/v1"

func (a *app) fixture() *cobra.Command {
	return group("fixture", "Make images and networks to try an audit out on",
		`Fixture makes the images and the networks that an audit can be tried out on, with known training samples, and does to
networks what is done to them after a request to forget: train --drop honours it, the other operations do not.`,
		slices.Concat([]*cobra.Command{a.fixtureDigits(), a.fixtureTrain(), a.fixtureFineTune(), a.fixtureRelabel(), a.fixtureAscend(), a.fixturePoison()},
			a.fixtureChanges())...)
}

// made is what a fixture command says of a model that it wrote.
type made struct {
	Schema string `json:"schema"`
	modelFile
	// From is the model that it was made of, and Operation how; both are left out for a model trained anew.
	From      *modelFile `json:"from,omitempty"`
	Operation string     `json:"operation,omitempty"`
	// Mean is the file with the mean image that the network's inputs are centred by.
	Mean string `json:"mean,omitempty"`
	// Trained and Dropped are image specifications.
	Trained []string `json:"trained,omitempty"`
	Dropped []string `json:"dropped,omitempty"`
	// Training is how it ended.
	Training *trainingEnd `json:"training,omitempty"`
	// Fitted is how a training by mini-batches ended.
	Fitted *fitted `json:"fitted,omitempty"`
}

// trainingEnd is the state that training ended in: see fixtures.Info.
type trainingEnd struct {
	Steps      int     `json:"steps"`
	Loss       float64 `json:"loss"`
	Margin     float64 `json:"margin"`
	Residual   float64 `json:"residual"`
	FirstLayer float64 `json:"first_layer_residual"`
	// Dead is the number of samples that no neuron is active for.
	Dead int `json:"dead,omitempty"`
}

func endOf(i fixtures.Info) *trainingEnd {
	return &trainingEnd{Steps: i.Steps, Loss: i.Loss, Margin: i.Margin, Residual: i.Residual, FirstLayer: i.FirstLayer, Dead: len(i.Dead)}
}

// String is for people.
func (t *trainingEnd) String() string {
	text := fmt.Sprintf("%d steps, margin %.3g, first-layer residual %.3f", t.Steps, t.Margin, t.FirstLayer)
	if t.Margin <= 0 {
		text += ": not all samples are told apart"
	}
	if t.Dead > 0 {
		text += fmt.Sprintf("; no neuron is active for %d of the samples, whose output is 0", t.Dead)
	}
	return text
}

// trained is a network with what is needed to use it.
type trained struct {
	model *onnxio.Model
	mean  images.Values
	info  fixtures.Info
}

// train trains a network on a set about its mean image.
func (a *app) train(ctx context.Context, set *images.Set, task fixtures.Task, what string, o fixtures.Options) (*trained, error) {
	o.Classes = max(slices.Max(specimen.Labels(set, task))+1, 2)
	o.Progress = a.training(what, o)
	if len(o.Convolutions) > 0 {
		return trainConvolutional(ctx, set, task, o)
	}
	n, err := specimen.Train(ctx, set, task, o)
	if err != nil {
		return nil, err
	}
	return &trained{model: fixtures.Export(n.Net, set.C, set.H, set.W), mean: n.Mean, info: n.Info}, nil
}

// training returns a progress function for training: by the margin where that ends it, else by the steps.
func (a *app) training(what string, o fixtures.Options) func(fixtures.Info) {
	margin, steps := cmp.Or(o.Margin, defaultMargin), cmp.Or(o.Steps, defaultSteps)
	stage := a.term.stage(what)
	return func(i fixtures.Info) {
		share := float64(i.Steps) / float64(steps)
		if o.WeightDecay == 0 && o.Tolerance == 0 {
			share = max(share, min(i.Margin/margin, 1))
		}
		stage(share, fmt.Sprintf("step %d, margin %.1f, first-layer residual %.3f", i.Steps, i.Margin, i.FirstLayer))
	}
}

// write puts the model into the file at path and the mean image beside it.
func (t *trained) write(path string) error {
	return place(path, func(stage, model string) error {
		return errors.Join(onnxio.WriteFile(filepath.Join(stage, model), t.model), t.mean.WriteNPY(filepath.Join(stage, meanFile(model))))
	})
}

// place makes a model file, and what is beside it, complete or not at all: fill writes to another folder under the model
// file's name.
func place(path string, fill func(stage, name string) error) error {
	name := filepath.Base(path)
	return outdir.Place(filepath.Dir(path), func(stage string) error { return fill(stage, name) }, name)
}

// meanFile names the file with the mean image that belongs to a model.
func meanFile(model string) string {
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".mean.npy"
}

// checkFile reports why nothing can be written to the file of --out.
func checkFile(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--out: %s is a folder: name a file", path)
	}
	if err := outdir.Writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// printMade prints what was made, for programs, if that is wanted.
func (a *app) printMade(doc made, path, format string) error {
	if format != "json" {
		return nil
	}
	sum, err := file.Digest(path)
	if err != nil {
		return err
	}
	doc.Schema, doc.modelFile = fixtureSchema, modelFile{Path: path, SHA256: sum}
	return encode(a.out, doc)
}
