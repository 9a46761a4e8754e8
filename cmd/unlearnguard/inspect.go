package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// inspectSchema names the layout of inspect's JSON.
const inspectSchema = "unlearnguard/inspect/v1"

// inspection is what inspect --format json writes.
type inspection struct {
	Schema string `json:"schema"`
	*graph.Report
	Check *graph.Check `json:"check,omitempty"`
}

func (a *app) inspect() *cobra.Command {
	var format, check string
	c := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "What is this model, and can anything be said about it?",
		Long: `Inspect says what an ONNX file is: producer, operator sets, inputs, outputs, nodes and parameters; every node that is not
supported or not homogeneous, with the reason and what the exporter can do; how the output scales with the parameters, by
structure and by measurement; and whether samples can be reconstructed from it, and how hard that is.

With --check it runs the model on the inputs x of an .npz file and compares the output with y, so that anyone can see that
the import is right.`,
		Example: "  unlearnguard inspect model.onnx --check outputs.npz --format json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := chosen("format", format, "text", "json"); err != nil {
				return err
			}
			return a.runInspect(c.Context(), args[0], format, check)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "`format` on stdout: text or json")
	c.Flags().StringVar(&check, "check", "", "`FILE` (.npz) with arrays x (inputs) and y (expected outputs)")
	return c
}

func (a *app) runInspect(ctx context.Context, path, format, check string) error {
	model, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return err
	}
	rep, err := graph.Inspect(ctx, model, graph.Options{})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	out := inspection{Schema: inspectSchema, Report: rep}
	if check != "" {
		if out.Check, err = runCheck(ctx, model, check); err != nil {
			return err
		}
	}
	if format == "json" {
		err = encode(a.out, out)
	} else {
		err = writeInspection(a.out, out)
	}
	if err != nil {
		return err
	}
	if out.Check != nil && !out.Check.Passed {
		return fmt.Errorf("%s: its output differs from y of %s by %.3g, more than %.0e of max(1, |y|)", path, check,
			out.Check.MaxScaledError, out.Check.Tolerance)
	}
	if !rep.Applicability.InScope {
		return &hinted{&audit.ScopeError{Path: path, Err: errors.New(rep.Applicability.Reason)}, ""} // inspect is the hint
	}
	return nil
}

// runCheck runs the model on x of an .npz file and compares with y, or with the array named for the output. It returns nil
// for a model that cannot be run, of which the inspection says why.
func runCheck(ctx context.Context, model *onnxio.Model, path string) (*graph.Check, error) {
	network, err := graph.Compile(model, graph.Options{})
	if err != nil {
		return nil, nil
	}
	x, _, err := images.ReadArray(path, "x")
	if err != nil {
		return nil, fmt.Errorf("--check: %w", err)
	}
	y, _, err := images.ReadArray(path, "y", network.OutputName)
	if err != nil {
		return nil, fmt.Errorf("--check: %w", err)
	}
	check, err := network.Check(ctx, x, y)
	if err != nil {
		return nil, fmt.Errorf("--check %s: %w", path, err)
	}
	return check, nil
}
