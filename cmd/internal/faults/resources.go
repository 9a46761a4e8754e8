//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// resources takes away what programs rely on.
func (b *bench) resources() []check {
	out := []check{
		{"closed stdout", b.closedStdout},
		{"broken pipes, full stdout", b.brokenPipes},
		{"full disk", b.fullDisk},
		{"largest file (RLIMIT_FSIZE)", b.fileLimit},
		{"read-only folder", b.readOnly},
		{"no HOME, no TMPDIR", b.homeless},
		{"32 file descriptors", b.descriptors},
		{"two processes with one -o", b.twoAtOnce},
		{"a clock that jumped", b.otherTimes},
	}
	sizes := []int{2048, 1024, 512}
	if b.plan.quick {
		sizes = sizes[:1]
	}
	for _, megabytes := range sizes {
		out = append(out, check{fmt.Sprintf("%d MB of address space", megabytes), func(ctx context.Context) (string, error) {
			return b.addressSpace(ctx, megabytes)
		}})
	}
	return out
}

// undisturbed carries out a work under a disturbance that must not matter.
func (b *bench) undisturbed(ctx context.Context, w *work, c call) error {
	dir, err := b.start(w)
	if err != nil {
		return err
	}
	c.dir, c.args = dir, append(c.args, w.args...)
	if _, err := b.must(ctx, c); err != nil {
		return err
	}
	return w.finished(dir)
}

// all carries out all works under a disturbance that must not matter.
func (b *bench) all(ctx context.Context, c call) (string, error) {
	for _, w := range b.works {
		if err := b.undisturbed(ctx, w, c); err != nil {
			return "", fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return fmt.Sprintf("%d commands end as undisturbed", len(b.works)), nil
}

func (b *bench) closedStdout(ctx context.Context) (string, error) {
	return b.all(ctx, call{redirect: ">&- 2>&-"})
}

// brokenPipes has nobody read what a run says. Work goes on without a reader of its messages; a document that could not be delivered is
// an error, and the files are there.
func (b *bench) brokenPipes(ctx context.Context) (string, error) {
	gone, err := brokenPipe()
	if err != nil {
		return "", err
	}
	defer gone.Close()
	if _, err := b.all(ctx, call{stderr: gone}); err != nil {
		return "", fmt.Errorf("stderr: %w", err)
	}
	w := b.works[0]
	var said []string
	for name, c := range map[string]call{"broken pipe": {stdout: gone}, "no space left": {redirect: ">/dev/full"}} {
		if c.dir, err = b.start(w); err != nil {
			return "", err
		}
		c.args = append(w.args[:len(w.args):len(w.args)], "--format", "json")
		e, err := b.do(ctx, c)
		if err == nil {
			err = e.refused(name)
		}
		if err = errors.Join(err, w.finished(c.dir)); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		said = append(said, fmt.Sprintf("%q", e.lastLine()))
	}
	return "no reader of stderr ends no work; of stdout: " + strings.Join(said, ", ") + ", and the report is in place", nil
}

// brokenPipe is the end of a pipe that nobody reads from.
func brokenPipe() (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	return w, r.Close()
}

// fullDisk lets the disk run full at ever later moments, until there is enough.
func (b *bench) fullDisk(ctx context.Context) (string, error) {
	var said []string
	for _, w := range b.works {
		failed := 0
		for size := 64.0; ; size *= b.plan.disks {
			if size > 1<<20 {
				return "", fmt.Errorf("%s: a gigabyte is not enough", w.name)
			}
			full, err := b.onDisk(ctx, w, int(size))
			if err != nil {
				return "", fmt.Errorf("%s, a disk of %.0f kB: %w", w.name, size, err)
			}
			if !full {
				break
			}
			failed++
		}
		said = append(said, fmt.Sprintf("%s %d", w.name, failed))
	}
	return "sizes that are too small: " + strings.Join(said, ", ") + "; each run says so, harms no file, and goes on when there is space", nil
}

// onDisk carries out a work on a disk of so many kilobytes, and reports whether it ran full.
func (b *bench) onDisk(ctx context.Context, w *work, size int) (full bool, err error) {
	dir, err := b.folder("disk")
	if err != nil {
		return false, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", size)); err != nil {
		return false, skipped("this machine allows no file systems to be mounted: " + err.Error())
	}
	defer func() { err = errors.Join(err, syscall.Unmount(dir, syscall.MNT_DETACH)) }()
	if err := os.CopyFS(dir, os.DirFS(w.from)); err != nil {
		return true, nil // not even the old files fit
	}
	e, err := b.do(ctx, call{dir: dir, args: w.args})
	if err != nil {
		return false, err
	}
	if e.code == 0 {
		return false, w.finished(dir)
	}
	if err := e.refused("no space left on device"); err != nil {
		return false, err
	}
	if err := errors.Join(clean(dir), w.whole(dir)); err != nil {
		return true, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		return true, err
	}
	if _, err := b.must(ctx, call{dir: dir, args: w.resume}); err != nil {
		return true, err
	}
	return true, w.finished(dir)
}

// fileLimit allows no file of more than eight kilobytes.
func (b *bench) fileLimit(ctx context.Context) (string, error) {
	said := ""
	for _, w := range b.works {
		dir, err := b.start(w)
		if err != nil {
			return "", err
		}
		e, err := b.do(ctx, call{dir: dir, args: w.args, shell: "ulimit -f 16;"})
		if err == nil {
			err = e.refused("file too large")
		}
		if err = errors.Join(err, w.whole(dir)); err != nil {
			return "", fmt.Errorf("%s: %w", w.name, err)
		}
		said = e.lastLine()
	}
	return fmt.Sprintf("%d commands are refused, as by %q; what was there is whole", len(b.works), said), nil
}

// readOnly has somebody run the works who may not write to the folder.
func (b *bench) readOnly(ctx context.Context) (string, error) {
	const nobody = 65534
	if os.Getuid() != 0 {
		return "", skipped("only root can run the program as somebody else")
	}
	if info, err := os.Stat(filepath.Dir(b.program)); err != nil || info.Mode()&1 == 0 {
		return "", skipped("others than root may not run the program where it is")
	}
	slowest, said := time.Duration(0), ""
	for _, w := range b.works {
		dir, err := b.start(w)
		if err != nil {
			return "", err
		}
		e, err := b.do(ctx, call{dir: dir, args: w.args, user: nobody})
		if err == nil {
			err = e.refused("permission denied")
		}
		if err = errors.Join(err, w.whole(dir)); err != nil {
			return "", fmt.Errorf("%s: %w", w.name, err)
		}
		slowest, said = max(slowest, e.took), e.lastLine()
	}
	return fmt.Sprintf("refused within %.2f s, before any work, as by %q", slowest.Seconds(), said), nil
}

func (b *bench) homeless(ctx context.Context) (string, error) {
	if said, err := b.all(ctx, call{env: []string{}}); err != nil || b.plan.quick {
		return said, err
	}
	return b.all(ctx, call{env: []string{"HOME=/nonexistent", "TMPDIR=/nonexistent", "XDG_CACHE_HOME=/nonexistent"}})
}

// descriptors allows 32 open files, with forty files of images among the inputs.
func (b *bench) descriptors(ctx context.Context) (string, error) {
	if err := b.pictures("pictures", 40); err != nil {
		return "", err
	}
	limit := call{shell: "ulimit -n 32;"}
	said, err := b.all(ctx, limit)
	if err != nil {
		return said, err
	}
	limit.dir = b.dir
	limit.args = []string{"verify", "--before", "before.onnx", "--mean-before", "before.mean.npy", "--after", "after.onnx", "--mean-after",
		"after.mean.npy", "--forget", "idx:digits#0", "--reference", "png:pictures", "--restarts", "1", "-o", "of-pictures"}
	_, err = b.must(ctx, limit)
	return said + ", and verify with 40 files of images", err
}

// pictures draws files of images that differ.
func (b *bench) pictures(folder string, n int) error {
	if err := os.MkdirAll(b.path(folder), 0o755); err != nil {
		return err
	}
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, 28, 28))
		for range 100 {
			img.SetGray(b.random.IntN(28), b.random.IntN(28), color.Gray{Y: 255})
		}
		f, err := os.Create(filepath.Join(b.path(folder), fmt.Sprintf("%02d.png", i)))
		if err != nil {
			return err
		}
		if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// twoAtOnce has two processes do the same in one folder at the same time. One at least does it, and another one may be refused.
func (b *bench) twoAtOnce(ctx context.Context) (string, error) {
	var said []string
	for _, w := range b.works {
		refused := 0
		rounds := b.plan.races
		for range rounds {
			dir, err := b.start(w)
			if err != nil {
				return "", err
			}
			n, err := b.race(ctx, w, dir)
			if err != nil {
				return "", fmt.Errorf("%s: %w", w.name, err)
			}
			refused += n
		}
		said = append(said, fmt.Sprintf("%s %d of %d", w.name, refused, rounds))
	}
	return "the second one is refused (" + strings.Join(said, ", ") + ") or both end, and the folder is as after one", nil
}

// race starts two runs in one folder and returns how many of them were refused.
func (b *bench) race(ctx context.Context, w *work, dir string) (refused int, err error) {
	var both []*running
	for range 2 {
		r, err := b.begin(call{dir: dir, args: w.args})
		if err != nil {
			return 0, err
		}
		both = append(both, r)
		time.Sleep(time.Duration(b.random.Float64() * 0.5 * float64(w.lasts)))
	}
	for _, r := range both {
		e, err := r.end(ctx)
		if err != nil {
			return 0, err
		}
		if e.code == 0 {
			continue
		}
		refused++
		if err := e.refused("another process", strings.Split(w.units[0].voucher, "/")[0]); err != nil {
			return 0, err
		}
	}
	if refused > 1 {
		return 0, errors.New("both were refused")
	}
	return refused, w.finished(dir)
}

// otherTimes has all files come from the future, and then from long ago: what a clock leaves that jumped while a run was killed. (No
// program can be given another clock here: Go reads it without the C library.)
func (b *bench) otherTimes(ctx context.Context) (string, error) {
	for _, year := range b.plan.years {
		then := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, w := range b.works {
			dir, err := b.start(w)
			if err != nil {
				return "", err
			}
			r, err := b.begin(call{dir: dir, args: w.args})
			if err != nil {
				return "", err
			}
			sleep(r, w.lasts/2)
			_ = r.Process.Kill()
			if _, err := r.end(ctx); err != nil {
				return "", err
			}
			if err := exec.CommandContext(ctx, "find", dir, b.path("digits"), b.path("before.onnx"), "-exec", "touch", "-d", then.Format(time.RFC3339), "{}", "+").Run(); err != nil {
				return "", err
			}
			if _, err := b.must(ctx, call{dir: dir, args: w.resume}); err != nil {
				return "", err
			}
			if err := w.finished(dir); err != nil {
				return "", fmt.Errorf("%s, %d: %w", w.name, year, err)
			}
		}
	}
	return fmt.Sprintf("%d commands, killed, go on from files of the years %d to the same bytes", len(b.works), b.plan.years), nil
}

// addressSpace limits what a run may map. Go needs some six hundred megabytes of addresses to begin with, and crashes in its own words
// (exit code 2) where it gets none; no file may suffer.
func (b *bench) addressSpace(ctx context.Context, megabytes int) (string, error) {
	done, crashed := 0, 0
	for _, w := range b.works {
		dir, err := b.start(w)
		if err != nil {
			return "", err
		}
		e, err := b.do(ctx, call{dir: dir, args: w.args, shell: fmt.Sprintf("ulimit -v %d;", megabytes<<10)})
		if err != nil {
			return "", err
		}
		check := w.whole
		switch {
		case e.code == 0:
			done++
			check = w.finished
		case megabytes < 2048 && e.code == 2 && strings.Contains(e.stderr, "memory"):
			crashed++
		default:
			return "", fmt.Errorf("%s: exit code %d: %s", w.name, e.code, e.lastLine())
		}
		if err := check(dir); err != nil {
			return "", fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return fmt.Sprintf("%d commands end as undisturbed, %d end with the Go runtime's \"out of memory\" (exit code 2) and harm no file", done, crashed), nil
}
