package main

import (
	"fmt"
	"path/filepath"
	"unlearnguard/onnxio/file"

	"github.com/spf13/cobra"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/report"
)

const normHelp = `
Pixels are scaled to [0,1]. A network that was fed (pixel - mean) / std needs --mean and --std: one number, one a channel
(0.49,0.48,0.45), or a .npy or .npz file (array "mean" or "std") of the image's shape.`

// normFlags are --mean and --std, for one model or for both.
type normFlags struct{ mean, std valuesFlag }

// valuesFlag is a flag with numbers, one or one a channel, or the file that holds them.
type valuesFlag struct{ name, text string }

func (n *normFlags) add(c *cobra.Command, suffix, whose string) {
	n.mean.name, n.std.name = "mean"+suffix, "std"+suffix
	c.Flags().StringVar(&n.mean.text, n.mean.name, "", "`MEAN` subtracted from the input of "+whose)
	c.Flags().StringVar(&n.std.text, n.std.name, "", "standard deviation (`STD`) that the input of "+whose+" was divided by")
}

// or takes the flags that were left out from fallback.
func (n normFlags) or(fallback normFlags) normFlags {
	if n.mean.text == "" {
		n.mean = fallback.mean
	}
	if n.std.text == "" {
		n.std = fallback.std
	}
	return n
}

// words says what the flags do.
func (n normFlags) words() string {
	out := "pixels scaled to [0,1]"
	if n.mean.text != "" {
		out += ", less " + n.mean.text
	}
	if n.std.text != "" {
		out += ", divided by " + n.std.text
	}
	return out
}

// read returns what the flags say for images of c x h x w, and the files among them.
func (n normFlags) read(at locator, c, h, w int) (images.Normalisation, []report.Input, error) {
	var norm images.Normalisation
	var files []report.Input
	for _, part := range []struct {
		flag  valuesFlag
		array string
		into  *images.Values
	}{{n.mean, "mean", &norm.Mean}, {n.std, "std", &norm.Std}} {
		if part.flag.text == "" {
			continue
		}
		var err error
		text := part.flag.text
		named := isArray(text)
		if named {
			text = at.path(text)
		}
		if *part.into, err = images.ParseValues(text, part.array, c*h*w); err != nil {
			return norm, nil, fmt.Errorf("--%s: %w", part.flag.name, err)
		}
		if _, _, err := norm.PerPixel(c, h, w); err != nil {
			return norm, nil, fmt.Errorf("--%s %s: %w", part.flag.name, part.flag.text, err)
		}
		if named {
			sum, err := file.Digest(text)
			if err != nil {
				return norm, nil, fmt.Errorf("--%s: %w", part.flag.name, err)
			}
			files = append(files, report.Input{Use: part.flag.name, Path: part.flag.text, SHA256: sum})
		}
	}
	return norm, files, nil
}

// isArray reports whether the value of such a flag names a file.
func isArray(text string) bool {
	ext := filepath.Ext(text)
	return ext == ".npy" || ext == ".npz"
}
