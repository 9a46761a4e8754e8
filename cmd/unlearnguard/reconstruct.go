package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/metrics"
	"unlearnguard/metrics/grid"
	"unlearnguard/reconstruct"
)

type reconstructOptions struct {
	model    string
	out      string
	shape    string
	norm     normFlags
	format   string
	seed     uint64
	restarts int
	shown    int
}

func (a *app) reconstruct() *cobra.Command {
	var o reconstructOptions
	c := &cobra.Command{
		Use:   "reconstruct MODEL",
		Short: "Recover training samples from a model's parameters",
		Long: `Reconstruct recovers training samples from the parameters of MODEL, an ONNX file, and writes them as
samples.npz, samples.png and samples.json. No training data is used; the confidence of a sample is the share of restarts
that found it.
` + normHelp + `

Without a mean image the pictures are deviations from an unknown mean.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.model = args[0]
			return a.runReconstruct(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "out", "o", "recovered", "folder to write to")
	f.StringVar(&o.shape, "shape", "", "size of an image as CHANNELSxHEIGHTxWIDTH (default: the model's input, or a square)")
	f.StringVar(&o.format, "format", "text", "text, or json to write the result to stdout")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the random starts")
	f.IntVar(&o.restarts, "restarts", 0, "number of random starts (default: by the model's rank)")
	f.IntVar(&o.shown, "show", 60, "number of samples in the picture")
	o.norm.add(c, "", "the model")
	return c
}

func (a *app) runReconstruct(ctx context.Context, o reconstructOptions) error {
	if err := chosen("format", o.format, "text", "json"); err != nil {
		return err
	}
	norm, err := o.norm.read()
	if err != nil {
		return err
	}
	model, err := audit.Open(ctx, o.model)
	if err != nil {
		return err
	}
	c, h, w, err := imageShape(o.shape, model.Net.InputShape)
	if err != nil {
		return fmt.Errorf("%s: %w", o.model, err)
	}
	p, err := model.Problem(c, h, w, norm)
	if err != nil {
		return fmt.Errorf("%s: %w", o.model, err)
	}
	stage := a.term.stage("reconstructing")
	result, err := reconstruct.Run(ctx, p, reconstruct.Options{Seed: o.seed, Restarts: o.restarts,
		Progress: func(p reconstruct.Progress) {
			stage(p.Done, p.Total, fmt.Sprintf("residual %.3f", p.Residual))
		}})
	if err != nil {
		return fmt.Errorf("%s: %w", o.model, err)
	}
	if err := writeSamples(o, p, result); err != nil {
		return err
	}
	a.term.say("%d samples of %s are in %s", len(result.Samples), o.model, o.out)
	if !result.Converged {
		a.term.say("they cannot be relied on: %s", result.Reason)
	}
	if o.format == "json" {
		return json.NewEncoder(a.out).Encode(result)
	}
	return nil
}

func writeSamples(o reconstructOptions, p reconstruct.Problem, result *reconstruct.Result) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(o.out, "samples.npz"), result.WriteNPZ); err != nil {
		return err
	}
	if err := grid.Write(filepath.Join(o.out, "samples.png"), samplesTable(o, p, result)); err != nil {
		return err
	}
	return writeFile(filepath.Join(o.out, "samples.json"), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(result)
	})
}

// samplesTable shows the most credible samples.
func samplesTable(o reconstructOptions, p reconstruct.Problem, result *reconstruct.Result) grid.Table {
	n := min(o.shown, len(result.Samples))
	t := grid.Table{Title: "Samples recovered from " + filepath.Base(o.model),
		Subtitle: fmt.Sprintf("%d of %d, most credible first; rank %d", n, len(result.Samples), result.Rank),
		Rows:     []grid.Row{{Title: "recovered"}}}
	for i, s := range result.Samples[:n] {
		t.Columns = append(t.Columns, []string{fmt.Sprintf("#%d", i), fmt.Sprintf("class %d", s.Label)})
		t.Rows[0].Cells = append(t.Rows[0].Cells, grid.Cell{
			Image:   metrics.Image{Channels: p.Channels, Height: p.Height, Width: p.Width, Pix: s.Pixels}.Clip(),
			Caption: fmt.Sprintf("%.2f", s.Confidence)})
	}
	return t
}

// imageShape finds an image's size from the flag, or from the model's input: [C H W], [H W], or a vector of a square
// image's length with one or three channels.
func imageShape(flag string, input []int) (c, h, w int, err error) {
	values := 1
	for _, n := range input {
		values *= n
	}
	if flag != "" {
		if _, err := fmt.Sscanf(flag, "%dx%dx%d", &c, &h, &w); err != nil || c < 1 || h < 1 || w < 1 {
			return 0, 0, 0, fmt.Errorf("--shape %q: give CHANNELSxHEIGHTxWIDTH, such as 1x28x28", flag)
		}
		if c*h*w != values {
			return 0, 0, 0, fmt.Errorf("--shape %s has %d values, the model's input has %d", flag, c*h*w, values)
		}
		return c, h, w, nil
	}
	switch len(input) {
	case 3:
		return input[0], input[1], input[2], nil
	case 2:
		return 1, input[0], input[1], nil
	}
	for _, c := range []int{1, 3} {
		if side := int(math.Sqrt(float64(values / c))); c*side*side == values {
			return c, side, side, nil
		}
	}
	return 0, 0, 0, fmt.Errorf("its input of %d values is no square image; give --shape", values)
}
