//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// signals asks runs to end.
func (b *bench) signals() []check {
	works := b.works
	if b.plan.quick {
		works = works[:1]
	}
	var out []check
	for _, w := range works {
		out = append(out, check{"SIGINT, SIGTERM, SIGHUP: " + w.name, func(ctx context.Context) (string, error) { return b.asked(ctx, w) }})
	}
	return append(out, check{"SIGHUP under nohup: verify", b.unasked})
}

// asked ends a work by each signal, and lets the same command go on.
func (b *bench) asked(ctx context.Context, w *work) (string, error) {
	stopped, slowest := 0, time.Duration(0)
	all := []os.Signal{syscall.SIGTERM, syscall.SIGHUP, os.Interrupt}
	for i := range b.plan.signals {
		s := all[i%len(all)]
		dir := ""
		for try := 0; ; try++ {
			var err error
			if dir, err = b.start(w); err != nil {
				return "", err
			}
			r, err := b.begin(call{dir: dir, args: w.args})
			if err != nil {
				return "", err
			}
			sleep(r, time.Duration((0.3+0.4*b.random.Float64())*float64(w.lasts)))
			sent := time.Now()
			_ = r.Process.Signal(s)
			e, err := r.end(ctx)
			if err != nil {
				return "", err
			}
			if e.code == 0 && try < 5 { // it was done before: again
				continue
			}
			if e.code != 130 || !strings.Contains(e.stderr, "unlearnguard: interrupted\n") {
				return "", fmt.Errorf("%s: exit code %d: %s", s, e.code, e.lastLine())
			}
			slowest = max(slowest, time.Since(sent))
			break
		}
		stopped++
		if err := w.whole(dir); err != nil {
			return "", fmt.Errorf("%s: %w", s, err)
		}
		if _, err := b.must(ctx, call{dir: dir, args: w.resume}); err != nil {
			return "", err
		}
		if err := w.finished(dir); err != nil {
			return "", fmt.Errorf("%s: %w", s, err)
		}
	}
	return fmt.Sprintf("exit code 130 after %d of %d, at the latest %.2f s after the signal; the same command goes on to the same bytes", stopped, b.plan.signals, slowest.Seconds()), nil
}

// unasked is a run whose SIGHUP is ignored, as nohup has it: it goes on.
func (b *bench) unasked(ctx context.Context) (string, error) {
	w := b.works[0]
	dir, err := b.start(w)
	if err != nil {
		return "", err
	}
	r, err := b.begin(call{dir: dir, args: w.args, shell: `trap "" HUP;`})
	if err != nil {
		return "", err
	}
	sleep(r, w.lasts/2)
	_ = r.Process.Signal(syscall.SIGHUP)
	e, err := r.end(ctx)
	if err != nil || e.code != 0 {
		return "", fmt.Errorf("exit code %d: %s (%w)", e.code, e.lastLine(), err)
	}
	return "goes on, and ends as undisturbed", w.finished(dir)
}

// sleep waits for a time, or for the end of a run.
func sleep(r *running, d time.Duration) {
	select {
	case <-r.done:
	case <-time.After(d):
	}
}
