package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
)

// inspectSchema names the layout of inspect's JSON.
const inspectSchema = "unlearnguard/inspect/v1"

// inspection is what inspect --format json writes.
type inspection struct {
	Schema string `json:"schema"`
	*chain.Report
	// Evidence lists the kinds of evidence, and which of them the model can give.
	Evidence []evidenceKind `json:"evidence"`
	Check    *graph.Check   `json:"check,omitempty"`
}

func (a *app) inspect() *cobra.Command {
	var format string
	var check checkFlags
	var file modelFlags
	c := &cobra.Command{
		Use:   "inspect MODEL",
		Short: "What is this model, and can anything be said about it?",
		Long: `Inspect says what an ONNX file is: producer, operator sets, inputs, outputs, nodes and parameters; every node that is not
supported or not homogeneous, with the reason and what the exporter can do; how the output scales with the parameters, by
structure and by measurement; and which kinds of evidence it can give, with a reason each: whether samples can be
reconstructed from it (exit code 12 where they cannot), which layers can be asked about known images.

With --check it runs the model on the inputs x of an .npz file and compares the output with y, so that anyone can see that
the import is right. Where the file has an array dy as well, the gradient of sum(dy * y) is compared with dx (by the inputs)
and with each array d:NAME (by the parameter NAME), so that anyone can see that the differentiation is right. Where the model
leaves the shape of its input open, x states it.`,
		Example: "  unlearnguard inspect model.onnx --check outputs.npz --format json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := cmp.Or(chosen("format", format, "text", "json"), checkMaxImages(check.maxImages)); err != nil {
				return err
			}
			return a.runInspect(c.Context(), args[0], file, format, check)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "`format` on stdout: text or json")
	c.Flags().StringVar(&check.path, "check", "", "`FILE` (.npz) with arrays x (inputs) and y (expected outputs), and for gradients dy, dx, d:NAME")
	addMaxImages(c, &check.maxImages)
	file.add(c)
	return c
}

func (a *app) runInspect(ctx context.Context, path string, file modelFlags, format string, check checkFlags) error {
	opts, err := file.options()
	if err != nil {
		return err
	}
	model, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
	if err != nil {
		return err
	}
	rep, err := chain.Inspect(ctx, model, opts)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	out := inspection{Schema: inspectSchema, Report: rep}
	if check.path != "" {
		if out.Report, out.Check, err = check.run(ctx, model, rep, opts); err != nil {
			return err
		}
	}
	if out.Evidence, err = evidenceOf(ctx, out.Report); err != nil {
		return fmt.Errorf("%s: %w", path, err)
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
		return failedCheck(path, check.path, out.Check)
	}
	if !out.Applicability.InScope {
		return &hinted{&audit.ScopeError{Path: path, Err: errors.New(out.Applicability.Reason)}, ""} // inspect is the hint
	}
	return nil
}

func failedCheck(path, check string, c *graph.Check) error {
	if c.MaxScaledError > c.Tolerance {
		return fmt.Errorf("%s: its output differs from y of %s by %.3g, more than %.0e of max(1, |y|)", path, check, c.MaxScaledError, c.Tolerance)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Gradients)) {
		if e := c.Gradients[name].MaxScaledError; e > c.GradientTolerance {
			return fmt.Errorf("%s: its gradient by %s differs from that of %s by %.3g, more than %.0e of max(1, |gradient|)",
				path, name, check, e, c.GradientTolerance)
		}
	}
	return fmt.Errorf("%s: it does not agree with %s", path, check)
}
