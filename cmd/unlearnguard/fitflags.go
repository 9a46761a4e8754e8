package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
)

// fitFlags say how a network is trained as people train them.
type fitFlags struct {
	optimizer, schedule, augment string
	fit                          fixtures.FitOptions
}

func (f *fitFlags) add(c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.optimizer, "optimizer", string(fixtures.SGD), "`rule`: sgd, adam or adamw")
	s.Float64Var(&f.fit.Rate, "lr", 0, "learning `rate` (default 0.05 for sgd, 0.001 for the others)")
	s.Float64Var(&f.fit.Momentum, "momentum", 0.9, "`momentum` of sgd")
	s.IntVar(&f.fit.Batch, "batch", 32, "`samples` a step")
	s.IntVar(&f.fit.Epochs, "epochs", 40, "`times` that each sample is seen")
	s.StringVar(&f.schedule, "schedule", string(fixtures.Constant), "`schedule` of the learning rate: constant or cosine")
	s.StringVar(&f.augment, "augment", "", "`changes` of the images of each batch: shift (up to 2 pixels), flip, or both: shift,flip")
}

// fitFlagNames are the flags that ask for such a training where a command has another by default.
var fitFlagNames = []string{"optimizer", "lr", "momentum", "batch", "epochs", "schedule", "augment"}

// chosen says whether any of the flags was given.
func (f *fitFlags) chosen(c *cobra.Command) bool {
	return slices.ContainsFunc(fitFlagNames, func(name string) bool { return c.Flags().Changed(name) })
}

// options checks the flags.
func (f *fitFlags) options() (fixtures.FitOptions, error) {
	o := f.fit
	o.Optimizer, o.Schedule = fixtures.Optimizer(f.optimizer), fixtures.Schedule(f.schedule)
	if f.augment != "" {
		for _, change := range strings.Split(f.augment, ",") {
			switch change {
			case "shift":
				o.Shift = 2
			case "flip":
				o.Flip = true
			default:
				return o, fmt.Errorf("--augment %q: give shift, flip or shift,flip", f.augment)
			}
		}
	}
	for _, err := range []error{
		chosen("optimizer", f.optimizer, string(fixtures.SGD), string(fixtures.Adam), string(fixtures.AdamW)),
		chosen("schedule", f.schedule, string(fixtures.Constant), string(fixtures.Cosine)),
		within("lr", o.Rate, 0, 100),
		within("momentum", o.Momentum, 0, 0.9999),
		within("batch", o.Batch, 1, 1<<16),
		within("epochs", o.Epochs, 1, 1<<20),
	} {
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// fitted is how such a training ended.
type fitted struct {
	Epochs   int     `json:"epochs"`
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

func (f *fitted) String() string {
	return fmt.Sprintf("%d epochs, loss %.3g, %.1f %% of the samples classified rightly", f.Epochs, f.Loss, 100*f.Accuracy)
}

// fitModel trains a model on the images of a set, normalised.
func (a *app) fitModel(ctx context.Context, m *onnxio.Model, set *images.Set, labels []int, norm images.Normalisation, o fixtures.FitOptions) (*onnxio.Model, *fitted, error) {
	x, err := norm.Feed(set)
	if err != nil {
		return nil, nil, err
	}
	stage := a.term.stage("training")
	o.Progress = func(i fixtures.FitInfo) {
		stage(float64(i.Epoch)/float64(i.Epochs), fmt.Sprintf("epoch %d of %d, loss %.3g, accuracy %.3f", i.Epoch, i.Epochs, i.Loss, i.Accuracy))
	}
	trained, info, err := fixtures.Fit(ctx, m, x, labels, o)
	return trained, &fitted{info.Epoch, info.Loss, info.Accuracy}, err
}

// writeModel puts a model into the file at path and, if there is one, the mean image beside it.
func writeModel(path string, m *onnxio.Model, mean images.Values) error {
	return place(path, func(stage, name string) error {
		if err := onnxio.WriteFile(filepath.Join(stage, name), m); err != nil {
			return err
		}
		return mean.WriteNPY(filepath.Join(stage, meanFile(name)))
	})
}
