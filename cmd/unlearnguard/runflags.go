package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/unlearnguard/internal/outdir"
	"unlearnguard/graph/engine"
	"unlearnguard/reconstruct"
)

const resumeHelp = `
A checkpoint is kept in the folder of --out while the work lasts. After an interruption (Ctrl-C, or a kill) the same command with
--resume goes on from it, to the same bytes; without --resume it starts again.`

// runFlags are those of a reconstruction.
type runFlags struct {
	seed              uint64
	restarts, threads int
	resume            bool
	blas, precision   string
}

func (r *runFlags) add(c *cobra.Command, restarts string) {
	f := c.Flags()
	f.Uint64Var(&r.seed, "seed", 0, "`seed` of all random choices")
	f.IntVar(&r.restarts, "restarts", 0, "`number` of "+restarts+" (default by the size of the problem)")
	addThreads(c, &r.threads)
	f.StringVar(&r.blas, "blas", "", "matrix `kernel`: "+strings.Join(engine.Kernels(), ", ")+
		", or openblas in a program built with -tags openblas (default the fastest)")
	f.StringVar(&r.precision, "precision", "float32", "`type` of numbers: float32, or float64 at half the speed")
	f.BoolVar(&r.resume, "resume", false, "go on from the checkpoint of an interrupted run")
}

func addThreads(c *cobra.Command, threads *int) {
	c.Flags().IntVar(threads, "threads", 0, "`number` of threads, which does not change the result (default all cores)")
}

func (r *runFlags) check() error {
	if err := within("restarts", r.restarts, 0, 1<<20); err != nil {
		return err
	}
	if err := within("threads", r.threads, 0, 1<<16); err != nil {
		return err
	}
	if _, err := engine.New[float32](engine.Options{Threads: 1, Kernel: r.blas}); err != nil {
		return fmt.Errorf("--blas: %w", err)
	}
	return chosen("precision", cmp.Or(r.precision, "float32"), "float32", "float64")
}

func (r *runFlags) options() reconstruct.Options {
	return reconstruct.Options{Seed: r.seed, Restarts: r.restarts, Threads: r.threads, Resume: r.resume,
		Float64: r.precision == "float64", Kernel: r.blas}
}

// openOut opens the folder of --out.
func openOut(path string) (*outdir.Dir, error) {
	dir, err := outdir.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	return dir, nil
}

// checkpoints returns the folder for checkpoints, and says what becomes of one that is there.
func (a *app) checkpoints(dir *outdir.Dir, resume bool) (string, error) {
	switch kept := outdir.Kept(dir.Path); {
	case kept && !resume:
		a.term.say("starting again: the checkpoint of an interrupted run in %s is not used without --resume", dir.Path)
	case !kept && resume:
		a.term.say("there is no checkpoint in %s: starting from the beginning", dir.Path)
	}
	return dir.Checkpoints(resume)
}

// reconstruction returns a progress function for one reconstruction.
func (a *app) reconstruction(name string) func(reconstruct.Progress) {
	stage := a.term.stage(name)
	return func(p reconstruct.Progress) {
		stage(float64(p.Done)/float64(p.Total), fmt.Sprintf("residual %.3f", p.Residual))
	}
}

// reconstructions returns a progress function for those of several models, one after the other.
func (a *app) reconstructions() func(model string, p reconstruct.Progress) {
	return perModel(func(model string) func(reconstruct.Progress) { return a.reconstruction("model " + model) })
}

// examinations returns a progress function for what the layers of several models answer, one after the other.
func (a *app) examinations() func(model string, done, total int) {
	report := perModel(func(model string) func(float64) {
		stage := a.term.stage("layers of model " + model)
		return func(share float64) { stage(share, "") }
	})
	return func(model string, done, total int) { report(model, float64(done)/float64(total)) }
}

// perModel begins a stage for each model at its first report.
func perModel[T any](begin func(model string) func(T)) func(model string, progress T) {
	stages := map[string]func(T){}
	return func(model string, progress T) {
		if stages[model] == nil {
			stages[model] = begin(model)
		}
		stages[model](progress)
	}
}
