package reconstruct

import (
	"runtime"

	"unlearnguard/graph/engine"
)

// Options tune a reconstruction. The zero value is the method as documented: nothing in it needs to be set.
type Options struct {
	// Seed makes the run repeatable; runs with one seed give the same bytes for any number of Threads.
	Seed uint64
	// Restarts is the number of independent descents whose candidates are pooled. If 0, it follows from the size of the
	// problem: 16 for descents below the work budget, 6 for those above it, and one for every 16 samples that the span can hold,
	// since one descent misses some of many.
	Restarts int
	// Steps is the length of a descent. If 0, 600.
	Steps int
	// Threads is how many restarts run at a time. If 0, GOMAXPROCS.
	Threads int
	// Float64 descends in double precision, at half the speed. Losses are summed in double precision in any case.
	Float64 bool
	// Kernel names the matrix kernel, one of engine.Kernels, or "openblas" in a program built with -tags openblas. If empty,
	// it is the fastest. Kernels differ by rounding.
	Kernel string
	// Checkpoint, if not empty, names a file that the state is kept in every few seconds, when ctx ends, and at the end:
	// it is for the caller to delete once the result is safe.
	Checkpoint string
	// Resume goes on from Checkpoint where it exists, also after a kill, to the same bytes as an undisturbed run. A run
	// that came to its end is not repeated.
	Resume bool
	// Progress, if not nil, is called now and then, from one goroutine at a time.
	Progress func(Progress)
}

// Progress is the state of a running reconstruction.
type Progress struct {
	// Done and Total count optimiser steps over all restarts.
	Done, Total int
	// Restart is the restart that made the last step, Loss what it minimises and Residual its relative residual.
	Restart        int
	Loss, Residual float64
}

// The default number of restarts is what restartBudget pays for, in floating-point operations (about twenty seconds of one
// core). It is at most mostRestarts, and at least leastRestarts and one for every samplesPerRestart samples.
const (
	restartBudget     = 2.5e12
	mostRestarts      = 16
	leastRestarts     = 6
	samplesPerRestart = 16
)

func (o Options) withDefaults(d *descent) Options {
	if o.Steps == 0 {
		o.Steps = 600
	}
	if o.Restarts == 0 {
		o.Restarts = min(mostRestarts, max(leastRestarts, d.span.samples/samplesPerRestart, int(restartBudget/d.work(o.Steps))))
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	return o
}

// engine is how one restart computes: on one thread, since restarts run side by side.
func (o Options) engine() engine.Options { return engine.Options{Threads: 1, Kernel: o.Kernel} }
