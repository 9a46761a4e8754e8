//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// kills ends runs as a crash would, at random moments, and has the same command go on.
func (b *bench) kills() []check {
	var out []check
	for _, w := range b.works {
		out = append(out, check{"kills: " + w.name, func(ctx context.Context) (string, error) { return b.killed(ctx, w) }})
	}
	return out
}

// tally counts what kills met.
type tally struct{ kills, placing, late, resumed int }

func (b *bench) killed(ctx context.Context, w *work) (string, error) {
	var t tally
	for t.kills < b.plan.kills {
		if err := b.killOnce(ctx, w, &t); err != nil {
			return "", fmt.Errorf("after %d kills: %w", t.kills, err)
		}
	}
	return fmt.Sprintf("%d kills, %d of them while files were put in place, %d of a run that went on after a kill; all ends as undisturbed; %d runs ended first",
		t.kills, t.placing, t.resumed, t.late), nil
}

// killOnce kills a run, and as often as not the one that goes on, and lets the next one come to its end.
func (b *bench) killOnce(ctx context.Context, w *work, t *tally) error {
	dir, err := b.start(w)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	args := w.args
	for round := range 1 + b.random.IntN(2) {
		r, err := b.begin(call{dir: dir, args: args})
		if err != nil {
			return err
		}
		placing := b.await(r, w, dir)
		_ = r.Process.Kill()
		e, err := r.end(ctx)
		if err != nil {
			return err
		}
		if e.code == 0 {
			t.late++
		} else if e.code != -1 {
			return fmt.Errorf("exit code %d: %s", e.code, e.lastLine())
		} else {
			t.kills++
			t.resumed += round
			if placing {
				t.placing++
			}
		}
		if err := w.whole(dir); err != nil {
			return err
		}
		args = w.resume
	}
	if _, err := b.must(ctx, call{dir: dir, args: w.resume}); err != nil {
		return err
	}
	return w.finished(dir)
}

// await waits for the moment of a kill: any, or one of the milliseconds while files are put in their places, which no random moment would
// meet. These begin when the file that stands for the whole is taken away.
func (b *bench) await(r *running, w *work, dir string) (placing bool) {
	if b.random.IntN(2) == 0 {
		select {
		case <-r.done:
		case <-time.After(time.Duration(b.random.Float64() * float64(w.lasts))):
		}
		return false
	}
	voucher := filepath.Join(dir, w.units[b.random.IntN(len(w.units))].voucher)
	for !r.over() {
		if _, err := os.Stat(voucher); err != nil {
			time.Sleep(time.Duration(b.random.IntN(1500)) * time.Microsecond)
			return true
		}
		time.Sleep(100 * time.Microsecond)
	}
	return false
}
