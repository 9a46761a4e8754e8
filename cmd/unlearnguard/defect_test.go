package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

// broken is a writer whose code has a defect.
type broken struct{}

func (broken) Write([]byte) (int, error) { panic("index out of range") }

// A panic ends a command with exit code 1 and asks for a report, and never with the runtime's 2.
func TestPanicIsADefect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := onnxio.WriteFile(path, small(1)); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if code := run(context.Background(), []string{"inspect", path, "--format", "json"}, broken{}, &stderr); code != exitError {
		t.Errorf("exit code %d", code)
	}
	if got := stderr.String(); !strings.Contains(got, "index out of range: this is a defect, please report it") || strings.Contains(got, "goroutine") {
		t.Errorf("%s", got)
	}
	t.Setenv("UNLEARNGUARD_DEBUG", "1")
	stderr.Reset()
	run(context.Background(), []string{"inspect", path, "--format", "json"}, broken{}, &stderr)
	if !strings.Contains(stderr.String(), "goroutine") {
		t.Errorf("no stack: %s", stderr.String())
	}
}
