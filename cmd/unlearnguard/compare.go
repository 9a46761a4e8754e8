package main

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"

	"github.com/spf13/cobra"

	"unlearnguard/metrics/audit"
	"unlearnguard/metrics/report"
)

func (a *app) compare() *cobra.Command {
	var v verdictFlags
	c := &cobra.Command{
		Use:   "compare REPORT",
		Short: "Decide again from a saved report, with other thresholds",
		Long: `Compare takes the evidence that verify saved in the folder REPORT (or its report.json) and decides again, without touching
a model. With the options of that audit it gives the same report; with others it shows how much the verdicts depend on them.
The folder must hold report.json, and pictures.npz for a report with pictures.`,
		Example: "  unlearnguard compare report --level 0.01 -o report-strict",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.runCompare(c.Context(), args[0], v, repetitionOf(c, args))
		},
	}
	v.add(c, "compared", "as before, or ")
	return c
}

func (a *app) runCompare(ctx context.Context, from string, v verdictFlags, again repetition) error {
	if err := v.check(ctx, nil); err != nil {
		return err
	}
	if filepath.Base(from) == reportFile {
		from = filepath.Dir(from)
	}
	old, err := report.Read(filepath.Join(from, reportFile))
	if err != nil {
		return err
	}
	if pictured(old.Samples) {
		pictures := filepath.Join(from, picturesFile)
		old.Pictures, err = readPictures(pictures, old.Samples)
		switch {
		case errors.Is(err, fs.ErrNotExist): // no verdict depends on them
			a.term.say("%s is missing: the report is made without pictures", pictures)
		case err != nil:
			return err
		}
	}
	rep, err := audit.Decide(old, v.over(old.Decision.Parameters))
	if err != nil {
		return err
	}
	rep.Tool = tool()
	if len(again.configuration) > 0 {
		rep.Command += "; " + again.command
		maps.Copy(rep.Configuration, again.configuration)
	}
	dir, err := openOut(v.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := v.write(ctx, dir, rep, func(string) error { return nil }); err != nil {
		return err
	}
	return v.announce(a, rep)
}
