package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/metrics"
	"unlearnguard/metrics/attest"
	"unlearnguard/metrics/report"
)

// The files of a report's folder that package report does not know of.
const (
	reportFile      = "report.json"
	attestationFile = "report.dsse.json"
	bomFile         = "bom.cdx.json"
)

// linesPerRole bounds the list of samples on the terminal; the report has them all.
const linesPerRole = 25

// verdictFlags are what verify and compare share: how to decide, and how to say what was decided.
type verdictFlags struct {
	level, tau  float64
	keptShare   float64
	minControls int
	request     string

	out, format, attest string
	failOn              []string
	bom                 bool
	key                 []byte // the content of attest
}

// add defines the flags; undecided says what holds for those of the decision that are left out.
func (v *verdictFlags) add(c *cobra.Command, out, undecided string) {
	f, defaults := c.Flags(), metrics.Options{}.WithDefaults()
	of := func(x float64) string { return fmt.Sprintf("(default %s%.3g)", undecided, x) }
	f.Float64Var(&v.level, "level", 0, "error `rate` over the queried samples "+of(defaults.Level))
	f.Float64Var(&v.tau, "tau", 0, "SSIM `threshold` without a reference set "+of(defaults.Tau))
	f.IntVar(&v.minControls, "min-controls", 0, "`number` of controls that must be recoverable (default "+undecided+"by the level)")
	f.Float64Var(&v.keptShare, "kept-share", 0, "largest `share` of the request that can have been kept for it to be unlearned by what its samples show together "+of(defaults.KeptShare))
	f.StringVar(&v.request, "request", "", "what `kind` of request it is: sample or class (default "+undecided+"by the labels)")
	f.StringVarP(&v.out, "out", "o", out, "`FOLDER` for the report")
	f.StringVar(&v.format, "format", "text", "`format`: text, or json to write report.json to stdout as well")
	f.StringSliceVar(&v.failOn, "fail-on", nil, "`verdicts` to fail on: retained (exit code 10), inconclusive (11), or both")
	f.StringVar(&v.attest, "attest", "", "private `KEY` (PEM) to sign an in-toto attestation of the outcome with")
	f.BoolVar(&v.bom, "bom", false, "write a CycloneDX bill of materials of the models as well")
}

// check reports what is wrong with the flags before any work is done.
func (v *verdictFlags) check(ctx context.Context, files locator) error {
	allowed := []error{
		chosen("format", v.format, "text", "json"),
		chosen("request", cmp.Or(v.request, string(metrics.SampleLevel)), string(metrics.SampleLevel), string(metrics.ClassLevel)),
		within("level", v.level, 0, 0.99),
		within("tau", v.tau, 0, 0.99),
		within("kept-share", v.keptShare, 0, 1),
		within("min-controls", v.minControls, 0, 1<<30),
	}
	for _, word := range v.failOn {
		allowed = append(allowed, chosen("fail-on", word, string(metrics.Retained), string(metrics.Inconclusive)))
	}
	for _, err := range allowed {
		if err != nil {
			return err
		}
	}
	if v.attest == "" {
		return nil
	}
	var err error
	v.key, err = signingKey(ctx, files.path(v.attest))
	return err
}

// over returns the options of a decision with those flags that were given. What follows from the level is left to follow
// from a new one.
func (v *verdictFlags) over(o metrics.Options) metrics.Options {
	if v.level != 0 {
		o.Level, o.AbsentAbove, o.MinControls = v.level, 0, 0
	}
	if v.tau != 0 {
		o.Tau = v.tau
	}
	if v.keptShare != 0 {
		o.KeptShare = v.keptShare
	}
	if v.minControls != 0 {
		o.MinControls = v.minControls
	}
	if v.request != "" {
		o.Request = metrics.RequestKind(v.request)
	}
	return o
}

// write puts a report with its pictures into dir, and what more adds to it.
func (v *verdictFlags) write(ctx context.Context, dir *outdir.Dir, rep report.Report, more func(stage string) error) error {
	return dir.Finish(func(stage string) error {
		if err := report.Write(ctx, stage, rep); err != nil {
			return err
		}
		if err := writePictures(filepath.Join(stage, picturesFile), rep.Pictures); err != nil {
			return err
		}
		if err := more(stage); err != nil {
			return err
		}
		return v.vouch(ctx, stage)
	}, reportFile, attestationFile, bomFile)
}

// vouch writes the documents that speak of report.json.
func (v *verdictFlags) vouch(ctx context.Context, stage string) error {
	text, err := os.ReadFile(filepath.Join(stage, reportFile))
	if err != nil {
		return err
	}
	if v.key != nil {
		envelope, err := attest.Sign(ctx, text, v.key)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, attestationFile), envelope, 0o644); err != nil {
			return err
		}
	}
	if !v.bom {
		return nil
	}
	return create(filepath.Join(stage, bomFile), func(f *os.File) error { return attest.BOM(f, text) })
}

// announce says what was decided and where the report is, and turns --fail-on into an error.
func (v *verdictFlags) announce(a *app, rep report.Report) error {
	for _, role := range []metrics.Role{metrics.Forget, metrics.Retain} {
		a.listSamples(rep, role)
	}
	a.term.say("%s: %s", rep.Summary.Verdict, rep.Summary.Reason)
	a.term.say("the report is %s", filepath.Join(v.out, "report.html"))
	if v.format == "json" {
		if err := a.print(filepath.Join(v.out, reportFile)); err != nil {
			return err
		}
	}
	if !slices.Contains(v.failOn, string(rep.Summary.Verdict)) {
		return nil
	}
	code := exitRetained
	if rep.Summary.Verdict == metrics.Inconclusive {
		code = exitInconclusive
	}
	return &verdictError{code: code, reason: "the verdict is " + string(rep.Summary.Verdict) + ", and --fail-on asks to fail then"}
}

// listSamples names the samples of one role with their verdicts.
func (a *app) listSamples(rep report.Report, role metrics.Role) {
	listed := 0
	for _, s := range rep.Samples {
		if s.Role != role {
			continue
		}
		if listed++; listed <= linesPerRole {
			a.term.say("  %-7s %-12s %s%s", s.Role, s.Verdict, s.Source, similarities(s))
		}
	}
	if listed > linesPerRole {
		a.term.say("  %-7s and %d more", role, listed-linesPerRole)
	}
}
