//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package file

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A folder is held alone only once nobody shares it, and then what killed processes left is deleted, and nothing else.
func TestAloneWaitsAndSweeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".unlearnguard-1", ".unlearnguard-stage/report.json", "report.json", ".other", "unlearnguard-checkpoint"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	first, second := Share(dir), Share(dir)
	swept := make(chan struct{})
	go func() {
		Alone(dir)()
		close(swept)
	}()
	for _, release := range []func(){first, second} {
		select {
		case <-swept:
			t.Fatal("it was held alone while it was shared")
		case <-time.After(50 * time.Millisecond):
		}
		release()
	}
	<-swept
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v: want .other, report.json and unlearnguard-checkpoint", entries, err)
	}
}

// What is claimed is refused to others until it is released, or, as a killed process leaves it, the lock alone is gone.
func TestClaim(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claim")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // of a process that was killed
		t.Fatal(err)
	}
	for range 2 {
		release, err := Claim(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Claim(path); !errors.Is(err, ErrClaimed) {
			t.Errorf("claimed twice: %v", err)
		}
		release()
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file of a claim that was released: %v", err)
		}
	}
	if _, err := Claim(filepath.Join(path, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a claim in a folder that is not there: %v", err)
	}
}
