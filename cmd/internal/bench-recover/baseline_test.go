package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBaseline(t *testing.T) {
	dir := os.Getenv("UNLEARNGUARD_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared")
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "mnist")); err != nil {
		t.Skipf("no MNIST: %v; set UNLEARNGUARD_SHARED", err)
	}
	b, err := measureBaseline(context.Background(), filepath.Join(dir, "data"), 0, 3, 300)
	if err != nil {
		t.Fatal(err)
	}
	if len(b.scores) != 3 || b.best <= 0 || b.best >= 0.9 {
		t.Errorf("scores %.3f of three short runs, best %.3f", b.scores, b.best)
	}
	if b.reached < b.best || b.restarts != 1 || b.speedup() <= 0 {
		t.Errorf("the default reached %.3f in %d restarts, a speedup of %.1f, want one to be enough", b.reached, b.restarts, b.speedup())
	}
	var out strings.Builder
	if err := b.write(&out); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 1+3+1 {
		t.Errorf("a report of %d lines:\n%s", len(lines), &out)
	}
}
