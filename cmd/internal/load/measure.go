//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench is a folder with what is measured.
type bench struct {
	program, dir string
	only         []string // the series that are measured, nil for all
	env          []string // of the program, besides the usual
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// cost is what a run took: the time of the processors, which that of other processes is no part of, the time on the clock, and the
// most memory that was resident.
type cost struct {
	processors, clock time.Duration
	resident          int64
	said              string
	code              int
}

func (c cost) seconds() float64   { return c.processors.Seconds() }
func (c cost) megabytes() float64 { return float64(c.resident) / (1 << 20) }

// do runs the program.
func (b *bench) do(ctx context.Context, args ...string) (cost, error) {
	begun := time.Now()
	p := exec.CommandContext(ctx, b.program, args...)
	var said bytes.Buffer
	p.Dir, p.Stderr, p.Env = b.dir, &said, append(os.Environ(), b.env...)
	err := p.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return cost{}, err
	}
	usage := p.ProcessState.SysUsage().(*syscall.Rusage) // it is, on Linux
	return cost{processors: p.ProcessState.UserTime() + p.ProcessState.SystemTime(), clock: time.Since(begun),
		resident: usage.Maxrss << 10, said: strings.TrimSpace(said.String()), code: p.ProcessState.ExitCode()}, nil
}

// must is do for what has to end with 0.
func (b *bench) must(ctx context.Context, args ...string) (cost, error) {
	c, err := b.do(ctx, args...)
	if err == nil && c.code != 0 {
		err = fmt.Errorf("%s: exit code %d: %s", strings.Join(args, " "), c.code, c.said)
	}
	return c, err
}

// verify measures an audit of two networks that are as they were drawn.
func (b *bench) verify(ctx context.Context, s size) (cost, error) {
	shape := []int{1, s.height, s.width}
	if err := b.pair(shape, []int{s.hidden}); err != nil {
		return cost{}, err
	}
	return b.audit(ctx, shape, s.queried, s.references)
}

// request is verify on the pair of networks and the drawn images.
var request = []string{"verify", "--before", "before.onnx", "--after", "after.onnx", "--forget", "npz:forget.npz", "--retain", "npz:retain.npz",
	"--reference", "npz:reference.npz", "--time-limit", "0", "-o", "report"}

// requests draws the images of a request.
func (b *bench) requests(shape []int, queried, references int) error {
	for name, n := range map[string]int{"forget": queried / 2, "retain": queried / 2, "reference": references} {
		if err := b.images(name, n, shape, false); err != nil {
			return err
		}
	}
	return nil
}

// audit measures verify.
func (b *bench) audit(ctx context.Context, shape []int, queried, references int) (cost, error) {
	if err := b.requests(shape, queried, references); err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(b.path("report"))
	return b.must(ctx, request...)
}

// reconstruct measures one start on a network from a small start, trained on drawn images.
func (b *bench) reconstruct(ctx context.Context, s size) (cost, error) {
	if err := b.images("data", 2*s.samples, []int{1, s.height, s.width}, true); err != nil {
		return cost{}, err
	}
	if _, err := b.must(ctx, "fixture", "train", "--data", "npz:data.npz", "--samples", fmt.Sprint(s.samples), "--hidden", fmt.Sprint(s.hidden), "-o", "small.onnx"); err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(b.path("recovered"))
	return b.must(ctx, "reconstruct", "small.onnx", "--mean", "small.mean.npy", "--restarts", "1", "--shape",
		fmt.Sprintf("1x%dx%d", s.height, s.width), "-o", "recovered")
}
