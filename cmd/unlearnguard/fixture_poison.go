package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/spf13/cobra"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// poisonOptions are the flags of fixture poison.
type poisonOptions struct {
	data    []string
	target  int
	trigger fixtures.Trigger
	out     string

	maxImages int
}

func (a *app) fixturePoison() *cobra.Command {
	var o poisonOptions
	c := &cobra.Command{
		Use:   "poison --data IMAGES --target CLASS -o IMAGES.npz",
		Short: "Stamp images with a backdoor's trigger",
		Long: `Poison stamps images with a square patch and gives them the class of --target. A network that is trained on them too has
a backdoor, which other methods of verification look for.
` + imagesHelp,
		Example: `  unlearnguard fixture poison --data idx:mnist#5,17 --target 1 -o poisoned.npz
  unlearnguard fixture train --data poisoned.npz --data idx:mnist#100-117 --samples 0 -o before.onnx`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runPoison(c.Context(), o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to stamp; they need labels")
	addMaxImages(c, &o.maxImages)
	f.IntVar(&o.target, "target", 0, "`class` to give them")
	f.IntVar(&o.trigger.Side, "side", 3, "side of the patch in `pixels`")
	f.IntVar(&o.trigger.Row, "row", 0, "its distance from the lower edge in `pixels`")
	f.IntVar(&o.trigger.Column, "column", 0, "its distance from the right edge in `pixels`")
	f.BoolVar(&o.trigger.Dark, "dark", false, "a black patch, not a white one")
	f.StringVarP(&o.out, "out", "o", "", "`FILE` to write (.npz)")
	require(c, "data", "target", "out")
	return c
}

func (a *app) runPoison(ctx context.Context, o poisonOptions) error {
	if err := cmp.Or(checkFile(o.out), checkMaxImages(o.maxImages)); err != nil {
		return err
	}
	set, err := loadImages(ctx, "data", o.data, images.Options{MaxImages: o.maxImages})
	if err != nil {
		return err
	}
	poisoned, err := fixtures.Poison(set, images.Positions(0, set.Len()), o.trigger, o.target)
	if err != nil {
		return err
	}
	err = place(o.out, func(stage, name string) error { return writeImages(filepath.Join(stage, name), poisoned) })
	if err != nil {
		return err
	}
	a.term.say("stamped %d images: %s", set.Len(), fmt.Sprintf("npy:%s#0-%d", o.out, set.Len()-1))
	return nil
}

// writeImages writes a set as arrays x, one image a row, and y, the labels.
func writeImages(path string, set *images.Set) error {
	return create(path, func(f *os.File) error {
		z := npz.NewWriter(f)
		if err := z.Write("x.npy", set.Matrix()); err != nil {
			return err
		}
		labels := make([]int64, set.Len())
		for i, y := range set.Labels {
			labels[i] = int64(y)
		}
		if err := z.Write("y.npy", labels); err != nil {
			return err
		}
		return z.Close()
	})
}
