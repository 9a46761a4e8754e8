//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// work is a command whose runs are disturbed. Each of its runs has a folder of its own beside the fixtures, where an earlier run, of
// other inputs, left its results, and the user has files.
type work struct {
	name string
	args []string
	// resume is the command that goes on.
	resume []string
	units  []unit
	old    files // what is there before
	from   string
	want   files // what an undisturbed run makes of it
	lasts  time.Duration
}

// unit is a set of files that one of them stands for: where that is, all are of one run.
type unit struct {
	prefix, voucher string
	atOnce          bool // the files appear together, or none does
}

// fixtures makes networks of eight digits, and what the works leave when nothing disturbs them.
func (b *bench) fixtures(ctx context.Context) error {
	for _, args := range [][]string{
		{"fixture", "digits", "-n", "40", "-o", "digits"},
		{"fixture", "digits", "-n", "40", "--seed", "1", "-o", "others"},
		{"fixture", "train", "--data", "idx:digits", "--samples", "8", "--hidden", "20", "-o", "before.onnx"},
		{"fixture", "train", "--data", "idx:digits", "--samples", "8", "--hidden", "20", "--drop", "0", "--seed", "1", "-o", "after.onnx", "--format", "json"},
	} {
		e, err := b.must(ctx, call{dir: b.dir, args: args})
		if err != nil {
			return err
		}
		if err := b.note(e.stdout); err != nil {
			return err
		}
	}
	for name, seed := range map[string]int{"audits.yaml": 0, "old.yaml": 5} {
		if err := os.WriteFile(b.path(name), []byte(manifest(seed)), 0o644); err != nil {
			return err
		}
	}
	references := "idx:../others#0-19" // enough of them for the layers to be asked, which takes most of the time
	if b.plan.quick {
		references = "idx:../others#0-9"
	}
	verify := func(forget string, more ...string) []string {
		return append(b.verify(forget, references), more...)
	}
	for _, w := range []struct {
		work
		older []string
	}{
		{work{name: "verify", args: verify("0", "--restarts", "3"), units: []unit{{prefix: "report/", voucher: "report/report.json"}}}, verify("1", "--restarts", "1")},
		{work{name: "reconstruct", args: reconstruct("0"), units: []unit{{prefix: "recovered/", voucher: "recovered/samples.json"}}}, reconstruct("9")},
		{work{name: "audit", args: audit("audits.yaml"), resume: audit("audits.yaml"), units: []unit{
			{"audits/a/", "audits/a/report.json", true}, {"audits/b/", "audits/b/report.json", true}}}, audit("old.yaml")},
		{work{name: "fixture train", args: train("0"), resume: train("0"), units: []unit{{prefix: "model.", voucher: "model.onnx"}}}, train("7")},
	} {
		if w.resume == nil {
			w.resume = append(w.args[:len(w.args):len(w.args)], "--resume")
		}
		if err := b.prepare(ctx, &w.work, w.older); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		b.works = append(b.works, &w.work)
	}
	return nil
}

func (b *bench) verify(forget, references string) []string {
	return []string{"verify", "--before", "../before.onnx", "--mean-before", "../before.mean.npy", "--after", "../after.onnx",
		"--mean-after", "../after.mean.npy", "--reference", references, "--forget", "idx:../digits#" + forget, "--retain",
		"idx:../digits#8-9", "-o", "report"}
}

func reconstruct(seed string) []string {
	return []string{"reconstruct", "../before.onnx", "--mean", "../before.mean.npy", "--seed", seed, "--restarts", "4", "-o", "recovered"}
}

func audit(manifest string) []string {
	return []string{"audit", "--manifest", "../" + manifest, "-o", "audits"}
}

func train(seed string) []string {
	return []string{"fixture", "train", "--data", "idx:../digits", "--samples", "20", "--hidden", "300", "--seed", seed, "-o", "model.onnx"}
}

// manifest lists two audits that share a reconstruction.
func manifest(seed int) string {
	return fmt.Sprintf(`defaults:
  restarts: 1
  before: before.onnx
  mean-before: before.mean.npy
  after: after.onnx
  mean-after: after.mean.npy
  reference: idx:others#0-9
  retain: idx:digits#8-9
  seed: %d
audits:
  - {name: a, forget: 'idx:digits#0'}
  - {name: b, forget: 'idx:digits#1'}
`, seed)
}

// prepare makes the folder that a work's runs begin in, and finds out what a run makes of it, and in what time.
func (b *bench) prepare(ctx context.Context, w *work, older []string) error {
	var err error
	if w.from, err = b.folder("old"); err != nil {
		return err
	}
	if _, err := b.must(ctx, call{dir: w.from, args: older}); err != nil {
		return err
	}
	for _, u := range w.units { // the user's own files, one of them among the results
		if err := os.WriteFile(b.mine(w.from, u), []byte("mine"), 0o644); err != nil {
			return err
		}
	}
	if w.old, err = read(w.from); err != nil {
		return err
	}
	dir, err := b.start(w)
	if err != nil {
		return err
	}
	e, err := b.must(ctx, call{dir: dir, args: w.args})
	if err != nil {
		return err
	}
	w.lasts = e.took
	w.want, err = read(dir)
	return err
}

// note remembers the images that the last network was trained on, and what was left out, which it says in JSON.
func (b *bench) note(said string) error {
	if said == "" {
		return nil
	}
	var made struct{ Trained, Dropped []string }
	err := json.Unmarshal([]byte(said), &made)
	b.kept, b.forget = made.Trained, made.Dropped
	return err
}
