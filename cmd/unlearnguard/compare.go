package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

type compareOptions struct {
	from, out, format string
	failOn            []string
	level, tau        float64
	minControls       int
}

func (a *app) compare() *cobra.Command {
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare REPORT",
		Short: "Decide again from a saved report, with other thresholds",
		Long: `Compare takes the evidence that verify saved in the folder REPORT and decides again, without touching a model. With the
options of that audit it gives the same verdicts; with others it shows how much they depend on them.`,
		Example: "  unlearnguard compare report --level 0.01 -o report-strict",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.from = args[0]
			return a.runCompare(c.Context(), o, c.Flags().Changed)
		},
	}
	f := c.Flags()
	f.StringVarP(&o.out, "out", "o", "", "folder for the new report")
	f.StringVar(&o.format, "format", "text", "text, or json to write the new report.json to stdout")
	f.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 10 when retained, 11 when inconclusive")
	f.Float64Var(&o.level, "level", 0, "error rate over the queried samples (default: as before)")
	f.Float64Var(&o.tau, "tau", 0, "SSIM threshold without a reference set (default: as before)")
	f.IntVar(&o.minControls, "min-controls", 0, "controls that must be recoverable (default: as before)")
	if err := c.MarkFlagRequired("out"); err != nil {
		panic(err)
	}
	return c
}

func (a *app) runCompare(ctx context.Context, o compareOptions, changed func(flag string) bool) error {
	if err := checkOutput(o.format, o.failOn); err != nil {
		return err
	}
	old, err := report.Read(filepath.Join(o.from, "report.json"))
	if err != nil {
		return err
	}
	if old.Pictures, err = readPictures(o.from, len(old.Samples)); err != nil {
		return err
	}
	rep, err := audit.Decide(old, o.options(old.Decision.Parameters, changed))
	if err != nil {
		return err
	}
	if err := report.Write(ctx, o.out, rep); err != nil {
		return err
	}
	if err := writePictures(o.out, rep.Pictures); err != nil {
		return err
	}
	return a.announce(rep, o.out, o.format, o.failOn)
}

// options are those of the first decision but for the flags that were given. What follows from the level is left to
// follow from a new one.
func (o *compareOptions) options(old metrics.Options, changed func(flag string) bool) metrics.Options {
	if changed("level") {
		old.Level, old.Bulk, old.MinControls = o.level, 0, 0
	}
	if changed("tau") {
		old.Tau = o.tau
	}
	if changed("min-controls") {
		old.MinControls = o.minControls
	}
	return old
}
