package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/graph"
)

// modelFlags say what a model file leaves open.
type modelFlags struct{ shape, output string }

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.shape, "input-shape", "", "`SHAPE` of one sample, such as 1x28x28, where the file leaves its input open")
	c.Flags().StringVar(&f.output, "output", "", "`NAME` of the output that holds the logits, where it is not the file's first")
}

func (f modelFlags) options() (graph.Options, error) {
	o := graph.Options{Output: f.output}
	if f.shape == "" {
		return o, nil
	}
	for _, text := range strings.Split(f.shape, "x") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("--input-shape %q: give the dimensions of one sample, such as 1x28x28", f.shape)
		}
		o.InputShape = append(o.InputShape, n)
	}
	return o, nil
}
