package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
)

// fixtureSchema names the layout of the fixture commands' JSON.
const fixtureSchema = "unlearnguard/fixture/v1"

func (a *app) fixture() *cobra.Command {
	return group("fixture", "Make images and networks to try an audit out on",
		"Fixture makes the images and the networks that an audit can be tried out on, with known training samples.",
		a.fixtureDigits(), a.fixtureTrain())
}

// made is what a fixture command says of a model that it wrote.
type made struct {
	Schema string `json:"schema"`
	modelFile
	// Mean is the file with the mean image that the network's inputs are centred by.
	Mean string `json:"mean,omitempty"`
	// Trained and Dropped are image specifications.
	Trained []string `json:"trained,omitempty"`
	Dropped []string `json:"dropped,omitempty"`
	// Steps, Margin and FirstLayer describe the end of training.
	Steps      int     `json:"steps"`
	Margin     float64 `json:"margin"`
	FirstLayer float64 `json:"first_layer_residual"`
}

// trained is a network with what is needed to use it.
type trained struct {
	model *onnxio.Model
	mean  images.Values
	info  fixtures.Info
}

// train trains a network on a set about its mean image.
func (a *app) train(ctx context.Context, set *images.Set, task fixtures.Task, what string, o fixtures.Options) (*trained, error) {
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
	o.Progress = a.training(what, o.Margin)
	net, info, err := fixtures.Train(ctx, x, labels, o)
	if err != nil {
		return nil, err
	}
	return &trained{model: fixtures.Export(net, set.C, set.H, set.W), mean: mean, info: info}, nil
}

// training returns a progress function for training to a margin.
func (a *app) training(what string, margin float64) func(fixtures.Info) {
	if margin == 0 {
		margin = defaultMargin
	}
	stage := a.term.stage(what)
	return func(i fixtures.Info) {
		stage(min(max(i.Margin/margin, 0), 1), fmt.Sprintf("step %d, margin %.1f, first-layer residual %.3f", i.Steps, i.Margin, i.FirstLayer))
	}
}

// write puts the model into the file at path and the mean image beside it.
func (t *trained) write(path string) error {
	dir, model := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	return outdir.Place(dir, func(stage string) error {
		return errors.Join(
			onnxio.WriteFile(filepath.Join(stage, model), t.model),
			t.mean.WriteNPY(filepath.Join(stage, meanFile(model))))
	}, model)
}

// meanFile names the file with the mean image that belongs to a model.
func meanFile(model string) string {
	return strings.TrimSuffix(model, filepath.Ext(model)) + ".mean.npy"
}

// checkModelFile reports why a model cannot be written to the file of --out.
func checkModelFile(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("--out: %s is a folder: name a file", path)
	}
	if err := outdir.Writable(filepath.Dir(path)); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// specs names images, given one by one, by as few specifications as can be.
func specs(names []string) []string {
	var all []*images.Spec
	for _, name := range names {
		spec, err := images.Parse(name)
		if err != nil || len(spec.Indices) != 1 {
			all = append(all, &images.Spec{Path: name})
			continue
		}
		at := slices.IndexFunc(all, func(s *images.Spec) bool {
			return s.Kind == spec.Kind && s.Path == spec.Path && s.Part == spec.Part
		})
		if at < 0 {
			all = append(all, &spec)
			continue
		}
		all[at].Indices = append(all[at].Indices, spec.Indices...)
	}
	var out []string
	for _, s := range all {
		s.Indices = joined(s.Indices)
		out = append(out, s.String())
	}
	return out
}

// joined sorts indices and makes ranges of those that follow each other.
func joined(indices []images.Range) []images.Range {
	slices.SortFunc(indices, func(a, b images.Range) int { return a.First - b.First })
	var out []images.Range
	for _, r := range indices {
		if n := len(out); n > 0 && out[n-1].Last+1 == r.First {
			out[n-1].Last = r.Last
			continue
		}
		out = append(out, r)
	}
	return out
}

// asFlags writes specifications as they are given to a flag of verify.
func asFlags(flag string, specs []string) string {
	var words []string
	for _, s := range specs {
		words = append(words, "--"+flag, quoted(s))
	}
	return strings.Join(words, " ")
}
