//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// fullDisk has a worker do audits while the disk of the server runs full: the server must end and say why, and all must be done once
// there is space and it was started again.
func (b *bench) fullDisk(ctx context.Context, p plan) (err error) {
	const seed = 2_000_000
	if err := b.manifest("few.yaml", p.few, seed, false); err != nil {
		return err
	}
	if _, err := b.must(ctx, 0, "audit", "--manifest", "few.yaml", "-o", "few"); err != nil {
		return err
	}
	store := b.path("store-full")
	if err := os.Mkdir(store, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", store, "tmpfs", 0, "size=16m"); err != nil {
		fmt.Printf("   left out: this machine allows no file systems to be mounted: %v\n", err)
		return nil
	}
	defer func() { err = errors.Join(err, syscall.Unmount(store, syscall.MNT_DETACH)) }()
	server, address, err := b.serve(ctx, "store-full", "")
	if err != nil {
		return err
	}
	if _, err := b.must(ctx, 0, with(at(address), "submit", "--manifest", "few.yaml")...); err != nil {
		return err
	}
	filler := filepath.Join(store, "filler")
	if err := fill(filler, 64<<10); err != nil { // less than a report takes
		return err
	}
	w, err := b.worker(address, p)
	if err != nil {
		return err
	}
	defer w.kill()
	said, err := server.failed(ctx, time.Minute)
	if err != nil {
		return err
	}
	if !strings.Contains(said, "no space left on device") || !strings.Contains(said, "start serve again") {
		return fmt.Errorf("the server does not say what happened: %s", said)
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	if server, _, err = b.serve(ctx, "store-full", address); err != nil {
		return err
	}
	defer server.kill()
	if _, err := b.must(ctx, 0, with(at(address), "collect", "--manifest", "few.yaml", "-o", "few-collected", "--wait")...); err != nil {
		return err
	}
	fmt.Println("   the disk ran full: the server ended and said so, the worker waited, and went on when there was space")
	return b.agree("few", "few-collected", p.few)
}

// fill writes a file until the disk is full but for so many bytes.
func fill(path string, left int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(f, zeros{})
	if !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk did not run full: %d bytes written (%w)", n, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	return f.Truncate(size - left)
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// failed waits for a process to end with an error, and returns what it said.
func (p *process) failed(ctx context.Context, patience time.Duration) (string, error) {
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(patience):
		return "", fmt.Errorf("%s still runs after %v", p.Args[1], patience)
	case <-p.ended:
	}
	text, err := os.ReadFile(p.log)
	if code := p.ProcessState.ExitCode(); code != 1 {
		err = errors.Join(err, fmt.Errorf("%s: exit code %d, want 1", p.Args[1], code))
	}
	return string(text), err
}
