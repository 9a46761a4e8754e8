package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures/images"
)

const imagesHelp = `
Images are named as [KIND:]PATH[[train]|[test]][#INDICES], and the flag may be repeated. KIND is png, npy, idx, cifar10 or
svhn and is guessed from the content; PATH is a file, a folder of PNG files or a data set's folder (its training files in
name order as one sequence, or its test files with [test]); INDICES are 0-based, such as 5,17,100-120.`

const normHelp = `
Pixels are scaled to [0,1]. A network that was fed (pixel - mean) / std needs --mean and --std: one number, one a channel
(0.49,0.48,0.45), or a .npy or .npz file (array "mean") of the image's shape.`

// normFlags are --mean and --std, and the word that follows them where there are two models.
type normFlags struct{ mean, std string }

func (n *normFlags) add(c *cobra.Command, suffix, whose string) {
	c.Flags().StringVar(&n.mean, "mean"+suffix, "", "mean subtracted from the input of "+whose)
	c.Flags().StringVar(&n.std, "std"+suffix, "", "standard deviation the input of "+whose+" was divided by")
}

// or takes the flags that were left out from fallback.
func (n normFlags) or(fallback normFlags) normFlags {
	return normFlags{mean: cmp.Or(n.mean, fallback.mean), std: cmp.Or(n.std, fallback.std)}
}

// words says what the flags do.
func (n normFlags) words() string {
	out := "pixels scaled to [0,1]"
	if n.mean != "" {
		out += ", less " + n.mean
	}
	if n.std != "" {
		out += ", divided by " + n.std
	}
	return out
}

// read parses the flags.
func (n normFlags) read() (images.Normalisation, error) {
	var norm images.Normalisation
	var err error
	if norm.Mean, err = parseValues("--mean", n.mean, "mean"); err != nil {
		return norm, err
	}
	norm.Std, err = parseValues("--std", n.std, "std")
	return norm, err
}

func parseValues(flag, text, name string) (images.Values, error) {
	if text == "" {
		return nil, nil
	}
	v, err := images.ParseValues(text, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return v, nil
}

// loadImages reads the images of one flag with the channels that the model takes; nil where the flag was not given.
func loadImages(ctx context.Context, flag string, specs []string, channels int) (*images.Set, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	set, err := images.LoadAll(ctx, specs, images.Options{Channels: channels})
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return set, nil
}
