package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"unlearnguard/cmd/internal/audit"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
)

// conclude writes an audit's report and says what it says.
func (a *app) conclude(ctx context.Context, o verifyOptions, r *audit.Request, out *audit.Outcome, begun time.Time) error {
	rep := out.Report(r)
	rep.Tool = report.Tool{Name: "unlearnguard", Version: version()}
	rep.Command = o.command()
	rep.Configuration = o.configuration()
	rep.Models.Before.Preprocessing = o.normBefore.or(o.norm).words()
	rep.Models.After.Preprocessing = o.normAfter.or(o.norm).words()
	var err error
	if rep.Inputs, err = o.inputs(r); err != nil {
		return err
	}
	rep.Times = report.Times{Started: begun.UTC().Format(time.RFC3339),
		Seconds: map[string]float64{"total": time.Since(begun).Seconds()}}
	if err := report.Write(ctx, o.out, rep); err != nil {
		return err
	}
	if err := writePictures(o.out, rep.Pictures); err != nil {
		return err
	}
	for name, e := range map[string]*audit.Evidence{"before": out.Before, "after": out.After} {
		if err := writeFile(filepath.Join(o.out, "reconstruction-"+name+".npz"), e.Result.WriteNPZ); err != nil {
			return err
		}
	}
	return a.announce(rep, o.out, o.format, o.failOn)
}

// announce prints the verdict, names the report and turns --fail-on into an error.
func (a *app) announce(rep report.Report, dir, format string, failOn []string) error {
	for _, s := range rep.Samples {
		a.term.say("  %-7s %-12s %s (SSIM %.2f before, %.2f after)", s.Role, s.Verdict, s.Source, *s.Before.SSIM, *s.After.SSIM)
	}
	a.term.say("%s: %s", rep.Summary.Verdict, rep.Summary.Reason)
	a.term.say("the report is %s", filepath.Join(dir, "report.html"))
	if format == "json" {
		if err := copyOut(a.out, filepath.Join(dir, "report.json")); err != nil {
			return err
		}
	}
	if !slices.Contains(failOn, string(rep.Summary.Verdict)) {
		return nil
	}
	code := exitRetained
	if rep.Summary.Verdict == metrics.Inconclusive {
		code = exitInconclusive
	}
	return &verdictError{code: code, reason: "--fail-on " + string(rep.Summary.Verdict)}
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

// command is the command line that repeats the audit.
func (o *verifyOptions) command() string {
	args := []string{"unlearnguard", "verify"}
	for _, f := range o.given() {
		args = append(args, "--"+f.name, quoted(f.value))
	}
	return strings.Join(args, " ")
}

// given lists the flags that differ from their defaults, which together repeat the audit.
func (o *verifyOptions) given() []setting {
	out := []setting{{"before", o.before}, {"after", o.after}}
	for _, images := range []struct {
		name  string
		specs []string
	}{{"forget", o.forget}, {"retain", o.retain}, {"reference", o.reference}} {
		for _, spec := range images.specs {
			out = append(out, setting{images.name, spec})
		}
	}
	for _, s := range append(o.normalisations(), setting{"ssim-window", o.ssimWindow},
		setting{"level", number(o.level)}, setting{"tau", number(o.tau)},
		setting{"min-controls", number(float64(o.minControls))}, setting{"restarts", number(float64(o.restarts))},
		setting{"seed", strconv.FormatUint(o.seed, 10)}, setting{"out", o.out}) {
		if s.value != "" {
			out = append(out, s)
		}
	}
	return out
}

type setting struct{ name, value string }

func (o *verifyOptions) normalisations() []setting {
	return []setting{{"mean", o.norm.mean}, {"std", o.norm.std}, {"mean-before", o.normBefore.mean}, {"std-before", o.normBefore.std},
		{"mean-after", o.normAfter.mean}, {"std-after", o.normAfter.std}}
}

// number writes an option that is left out when it is 0.
func number(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// configuration is every flag that was given, by name.
func (o *verifyOptions) configuration() map[string]any {
	out := map[string]any{}
	for _, s := range o.given() {
		if v, ok := out[s.name]; ok {
			out[s.name] = fmt.Sprintf("%s %s", v, s.value)
			continue
		}
		out[s.name] = s.value
	}
	return out
}

// quoted protects an argument from a shell.
func quoted(arg string) string {
	if strings.ContainsAny(arg, " #[]*?$&|;<>()'\"\\`!{}~") {
		return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	return arg
}

// inputs lists every file beside the models and what it was used for.
func (o *verifyOptions) inputs(r *audit.Request) ([]report.Input, error) {
	var out []report.Input
	for _, part := range []struct {
		use string
		set *images.Set
	}{{"forget and retain", r.Queried}, {"reference", r.Reference}} {
		if part.set == nil {
			continue
		}
		for _, f := range part.set.Files {
			out = append(out, report.Input{Use: part.use, Path: f.Path, SHA256: f.SHA256, Images: part.set.Len()})
		}
	}
	for _, s := range o.normalisations() {
		if !strings.HasSuffix(s.value, ".npy") && !strings.HasSuffix(s.value, ".npz") {
			continue
		}
		data, err := os.ReadFile(s.value)
		if err != nil {
			return nil, err
		}
		out = append(out, report.Input{Use: s.name, Path: s.value, SHA256: fmt.Sprintf("%x", sha256.Sum256(data))})
	}
	return out, nil
}
