package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
)

// ascendOptions are the flags of fixture ascend.
type ascendOptions struct {
	model, out, format, task string
	data, forget             []string
	norm                     normFlags
	fit                      fitFlags
	loss                     float64
	seed                     uint64
	threads, maxImages       int
}

func (a *app) fixtureAscend() *cobra.Command {
	var o ascendOptions
	c := &cobra.Command{
		Use:   "ascend MODEL --forget IMAGES --data IMAGES -o OUT.onnx",
		Short: "Raise a network's loss on some samples, then repair it on others",
		Long: `Ascend climbs the loss on the images of --forget until it exceeds --loss, and then trains on those of --data for --epochs to
repair what that did to the others. It passes for unlearning, and does not forget. It works on any classifier that imports.
` + imagesHelp + "\n" + normHelp,
		Example: `  unlearnguard fixture ascend vgg.onnx --forget cifar10:cifar10#5,17 --data cifar10:cifar10#100-117 --mean vgg.mean.npy --lr 0.005 --epochs 5 -o ascended.onnx`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.model = args[0]
			return a.runAscend(c.Context(), o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.forget, "forget", nil, "`IMAGES` to climb the loss on; they need labels")
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to repair the network on; they need labels")
	addMaxImages(c, &o.maxImages)
	f.StringVar(&o.task, "task", string(fixtures.Classes), "`labels`: odd-even, vehicles or classes")
	f.Float64Var(&o.loss, "loss", 3, "mean `loss` to climb to")
	o.norm.add(c, "", "the model")
	o.fit.add(c)
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of the order of the samples")
	addThreads(c, &o.threads)
	addModelOut(c, &o.out, &o.format)
	require(c, "forget", "data")
	return c
}

func (a *app) runAscend(ctx context.Context, o ascendOptions) error {
	fit, err := o.fit.options()
	if err != nil {
		return err
	}
	for _, err := range []error{
		chosen("format", o.format, "text", "json"),
		chosen("task", o.task, string(fixtures.OddEven), string(fixtures.Vehicles), string(fixtures.Classes)),
		within("loss", o.loss, 0.001, 1000), checkFile(o.out), checkMaxImages(o.maxImages),
	} {
		if err != nil {
			return err
		}
	}
	fit.Seed, fit.Threads = o.seed, o.threads
	from, err := onnxio.ReadFile(ctx, o.model, onnxio.Options{})
	if err != nil {
		return err
	}
	forget, err := labelled(ctx, "forget", o.forget, o.maxImages)
	if err != nil {
		return err
	}
	data, err := labelled(ctx, "data", o.data, o.maxImages)
	if err != nil {
		return err
	}
	norm, _, err := o.norm.read(nil, data.C, data.H, data.W)
	if err != nil {
		return err
	}
	climb := fit
	climb.Ascend = o.loss
	model, _, err := a.fitModel(ctx, from, forget, specimen.Labels(forget, fixtures.Task(o.task)), norm, climb)
	if err != nil {
		return err
	}
	model, end, err := a.fitModel(ctx, model, data, specimen.Labels(data, fixtures.Task(o.task)), norm, fit)
	if err != nil {
		return err
	}
	return a.finishModel(o.model, from, model, o.out, o.format, made{Operation: "ascend", Trained: specs(data.Names), Fitted: end})
}

// labelled reads images that must have labels.
func labelled(ctx context.Context, flag string, specs []string, most int) (*images.Set, error) {
	set, err := loadImages(ctx, flag, specs, images.Options{MaxImages: most})
	if err == nil && set.Labels == nil {
		err = errors.New("--" + flag + ": the images have no labels")
	}
	return set, err
}
