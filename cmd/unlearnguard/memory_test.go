package main

import (
	"bytes"
	"context"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// An audit that cannot fit the memory is refused with the number before it begins, by verify and by audit, and leaves nothing.
func TestMemoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	session := func(args ...string) (int, string) {
		var said bytes.Buffer
		return run(context.Background(), args, &said, &said), said.String()
	}
	for _, args := range [][]string{
		{"fixture", "digits", "-n", "30", "-o", path("digits")},
		{"fixture", "train", "--data", path("digits"), "--samples", "8", "--hidden", "20", "--steps", "5", "-o", path("model.onnx")},
	} {
		if code, said := session(args...); code != exitDone {
			t.Fatalf("%v: exit code %d: %s", args, code, said)
		}
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(50_000_000))
	code, said := session("verify", "--before", path("model.onnx"), "--after", path("model.onnx"), "--mean", path("model.mean.npy"),
		"--forget", "idx:"+path("digits")+"#0", "--reference", "idx:"+path("digits")+"#1-29", "--restarts", "1", "-o", path("report"))
	if code != exitError || !strings.Contains(said, "this takes about ") || !strings.Contains(said, " MB of memory, and there are 50 MB\n") {
		t.Errorf("exit code %d: %s", code, said)
	}
	debug.SetMemoryLimit(20_000_000)
	if code, said := session("reconstruct", path("model.onnx"), "-o", path("report")); code != exitError || !strings.Contains(said, "and there are 20 MB\n") {
		t.Errorf("reconstruct: exit code %d: %s", code, said)
	}
	if left, err := filepath.Glob(path("report*")); err != nil || len(left) > 0 {
		t.Errorf("%v was left, %v", left, err)
	}
}
