package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// Files that are broken or made to do harm end in one line that names them.
func TestHostileFilesAreNamed(t *testing.T) {
	for _, folder := range []string{"refuse", "panics"} {
		paths, err := filepath.Glob(filepath.Join(shared(t, "onnx/hostile/"+folder), "*.onnx"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files: %v", err)
		}
		for _, path := range paths {
			for _, args := range [][]string{
				{"inspect", path},
				{"verify", "--before", path, "--after", path, "--forget", "x.png", "--out", t.TempDir()},
			} {
				var stdout, stderr bytes.Buffer
				code := run(context.Background(), args, &stdout, &stderr)
				said := strings.TrimSuffix(stderr.String(), "\n")
				// Some of those that make a decoder panic are sound, or only out of scope: then verify goes on to its images.
				sound := folder == "panics" && (code == exitDone || code == exitOutOfScope || strings.Contains(said, "x.png"))
				if !sound && (code != exitError || strings.Contains(said, "\n") || !strings.HasPrefix(said, "unlearnguard: "+path+": ")) {
					t.Errorf("%v: exit code %d, or not one line that names the file: %s", args, code, said)
				}
			}
		}
	}
}
