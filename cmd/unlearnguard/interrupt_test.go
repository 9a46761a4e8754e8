package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Long work that is interrupted ends at once, with its own exit code, and leaves nothing behind.
func TestInterruptedWorkLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	session := func(ctx context.Context, args ...string) (int, string) {
		var stderr bytes.Buffer
		return run(ctx, args, &stderr, &stderr), stderr.String()
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, args := range [][]string{
		{"fixture", "digits", "-n", "40", "-o", path("digits")},
		{"fixture", "train", "--data", path("digits"), "--samples", "8", "--hidden", "30", "-o", path("model.onnx")},
	} {
		if code, said := session(context.Background(), args...); code != exitDone {
			t.Fatalf("%v: exit code %d: %s", args, code, said)
		}
	}
	listed := func() string {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	before := listed()
	for _, args := range [][]string{
		// Each would go on for hours.
		{"fixture", "train", "--data", path("digits"), "--samples", "20", "--margin", "1e6", "--steps", "1000000000", "-o", path("new.onnx")},
		{"fixture", "fine-tune", path("model.onnx"), "--data", path("digits"), "--steps", "1000000000", "-o", path("new.onnx")},
		{"reconstruct", path("model.onnx"), "--restarts", "1000000", "-o", path("recovered")},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(200*time.Millisecond, cancel)
		code, said := session(ctx, args...)
		if code != exitInterrupted || !strings.Contains(said, "unlearnguard: interrupted\n") {
			t.Errorf("%v: exit code %d: %s", args, code, said)
		}
		if err := os.RemoveAll(path("recovered/unlearnguard-checkpoint")); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path("recovered")) // empty but for the checkpoint
		if after := listed(); after != before {
			t.Errorf("%v: the folder holds %s, before %s", args, after, before)
		}
	}
}
