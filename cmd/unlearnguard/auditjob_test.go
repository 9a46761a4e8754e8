package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"unlearnguard/cmd/internal/batch"
)

// A reconstruction that several audits need is made once, and again where its file is damaged, with the same outcome.
func TestReconstructionsAreMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"fixture", "digits", "-n", "20", "-o", path("digits")},
		{"fixture", "train", "--data", path("digits"), "--samples", "8", "--hidden", "20", "-o", path("model.onnx")},
	} {
		if code := run(context.Background(), args, io.Discard, io.Discard); code != exitDone {
			t.Fatalf("%v: exit code %d", args, code)
		}
	}
	steps := 0
	p := performer{files: path, recoveries: &batch.Recoveries{Folder: path("shared")}, progress: func(what string, _ float64) {
		if strings.HasPrefix(what, "model ") {
			steps++
		}
	}}
	if err := os.Mkdir(path("shared"), 0o755); err != nil {
		t.Fatal(err)
	}
	audit := func(out, forget string) (made bool) {
		t.Helper()
		steps = 0
		if err := os.Mkdir(path(out), 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := p.safely(context.Background(), map[string][]string{"before": {"model.onnx"}, "after": {"model.onnx"},
			"mean": {"model.mean.npy"}, "forget": {forget}, "restarts": {"1"}}, path(out))
		if err != nil {
			t.Fatal(err)
		}
		return steps > 0
	}
	if !audit("one", "idx:digits#0") || audit("two", "idx:digits#1") {
		t.Error("not made for the first audit, or made again for the second")
	}
	entries, err := os.ReadDir(path("shared"))
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d reconstructions are kept (%v)", len(entries), err)
	}
	if err := os.WriteFile(filepath.Join(path("shared"), entries[0].Name()), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if !audit("three", "idx:digits#0") {
		t.Error("a damaged file was taken for a reconstruction")
	}
	one, errOne := os.ReadFile(path("one/reconstruction-after.npz"))
	three, errThree := os.ReadFile(path("three/reconstruction-after.npz"))
	if errOne != nil || errThree != nil || !bytes.Equal(one, three) {
		t.Errorf("the reconstructions differ (%v, %v)", errOne, errThree)
	}
}
