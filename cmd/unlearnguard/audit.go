package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/batch"
	"unlearnguard/metrics"
	"unlearnguard/onnxio/file"
)

// manifestSchema is the JSON Schema of manifests. A test makes it of the flags of verify, and keeps it up to date.
//
//go:embed audits-v1.schema.json
var manifestSchema []byte

const manifestHelp = `
The manifest is a YAML file with a list audits, whose entries have a name and the flags of verify by their names; those that
may be repeated take lists. What stands under defaults holds where an entry says nothing. Paths are relative to the manifest:

  defaults:
    reference: idx:mnist#50000-50399
  audits:
    - name: request-17
      before: models/before.onnx
      after: models/after-17.onnx
      forget: [idx:mnist#5, idx:mnist#17]
      retain: idx:mnist#100-117
`

// auditOptions are the flags of audit.
type auditOptions struct {
	manifest, out, shard string
	jobs                 int
	schema               bool
}

func (a *app) audit() *cobra.Command {
	var o auditOptions
	c := &cobra.Command{
		Use:   "audit --manifest FILE -o FOLDER [--shard i/N] [--jobs K]",
		Short: "Many audits, listed in a file",
		Long: `Audit does what verify does for every audit in a manifest. The folder named by --out receives a folder for each audit, named by
it, with what verify writes, and index.html and index.json, which list all: failed ones first, then by verdict.
` + manifestHelp + `
Audits that are done are skipped: those of the same models, images, flags and version of the program, by their digests. Those
that failed are tried again. After an interruption the same command goes on; only what was in flight is lost, and not even its
reconstructions. A reconstruction that several audits need is made once.

Batch systems need no server: --shard 0/8 to --shard 7/8 are parts of the manifest that share nothing and are together all of it.
They may write to one folder, also at the same time.

The exit code is that of the worst audit: error, out of scope, retained, inconclusive (the last two by fail-on in the manifest).
While several audits run at a time, each has its share of the cores unless the manifest says threads.`,
		Example: `  unlearnguard audit --manifest audits.yaml -o audits
  unlearnguard audit --manifest audits.yaml -o audits --shard $SLURM_ARRAY_TASK_ID/8
  unlearnguard audit --print-schema >audits-v1.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.schema {
				_, err := a.out.Write(manifestSchema)
				return err
			}
			return a.runAudit(c.Context(), o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.manifest, "manifest", "", "`FILE` that lists the audits (YAML)")
	f.StringVarP(&o.out, "out", "o", "audits", "`FOLDER` for the reports and the index")
	f.StringVar(&o.shard, "shard", "", "`i/N`: do part i of N alone, numbered from 0")
	f.IntVar(&o.jobs, "jobs", 1, "`number` of audits at a time")
	f.BoolVar(&o.schema, "print-schema", false, "print the JSON Schema of manifests, for editors, and end")
	return c
}

func (a *app) runAudit(ctx context.Context, o auditOptions) error {
	shard, err := batch.ParseShard(o.shard)
	if err != nil {
		return fmt.Errorf("--shard: %w", err)
	}
	if err := within("jobs", o.jobs, 1, 1<<10); err != nil {
		return err
	}
	m, err := readManifest(ctx, o.manifest)
	if err != nil {
		return err
	}
	dir, err := openOut(o.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	shared := &batch.Recoveries{Folder: batch.Reconstructions(o.out)}
	audits := auditsOf(m, performer{files: m.Locate, recoveries: shared, threads: threadsOf(o.jobs)})
	records, err := batch.Run(ctx, batch.Options{Folder: o.out, Audits: audits, Shard: shard, Jobs: o.jobs, Code: exitCode,
		Progress: a.audited()})
	if len(records) > 0 {
		a.term.say("the index is %s", filepath.Join(o.out, "index.html"))
	}
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = &hinted{err, "the same command goes on with what is not done"}
		}
		return err
	}
	return worst(m, records)
}

// readManifest reads and checks the file of --manifest.
func readManifest(ctx context.Context, path string) (*batch.Manifest, error) {
	if path == "" {
		return nil, errors.New("--manifest: name the file that lists the audits")
	}
	text, err := file.Read(path, batch.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("--manifest: %w", err)
	}
	base := batch.Manifest{Folder: filepath.Dir(path)}
	return batch.Parse(path, text, manifestKeys(ctx, base.Locate))
}

// audited returns a progress function: a line for every audit that ends, and the share that is done.
func (a *app) audited() func(batch.Event) {
	stage := a.term.stage("audits")
	return func(e batch.Event) {
		switch {
		case e.Skipped:
		case e.Record.State == batch.Failed:
			a.term.say("  %-12s %s: %s", e.Record.Outcome(), e.Record.Name, e.Record.Reason)
		default:
			a.term.say("  %-12s %s (%.1f s)", e.Record.Outcome(), e.Record.Name, e.Record.Seconds)
		}
		stage(float64(e.Done)/float64(e.Total), fmt.Sprintf("%d of %d", e.Done, e.Total))
	}
}

// severity orders exit codes, the worst last. Those that are not listed come from nowhere else.
var severity = []int{exitDone, exitInconclusive, exitRetained, exitOutOfScope, exitError}

// worst turns the records of audits into the error that stands for the worst of them.
func worst(m *batch.Manifest, records []batch.Record) error {
	failOn := map[string][]string{}
	for _, e := range m.Audits {
		for _, words := range e.Flags["fail-on"] {
			failOn[e.Name] = append(failOn[e.Name], strings.Split(words, ",")...)
		}
	}
	code, said := exitDone, ""
	count := map[int]int{}
	for _, r := range records {
		c := codeOf(r, failOn[r.Name])
		count[c]++
		if slices.Index(severity, c) > slices.Index(severity, code) {
			code, said = c, r.Name+": "+r.Outcome()
		}
	}
	if code == exitDone {
		return nil
	}
	return &verdictError{code: code, reason: fmt.Sprintf("%d of %d audits ended with exit code %d, the first being %s", count[code], len(records), code, said)}
}

// codeOf is the exit code of an audit. What waits counts as an error: nothing is known of it.
func codeOf(r batch.Record, failOn []string) int {
	switch {
	case r.State == batch.Failed:
		return max(r.Code, exitError)
	case r.State == batch.Waiting:
		return exitError
	case !slices.Contains(failOn, r.Verdict):
		return exitDone
	case r.Verdict == string(metrics.Retained):
		return exitRetained
	}
	return exitInconclusive
}
