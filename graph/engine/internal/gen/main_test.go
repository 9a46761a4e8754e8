package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The committed kernels are what this generator writes.
func TestKernelsAreGenerated(t *testing.T) {
	for name, want := range files() {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes; run go generate in graph/engine", name)
		}
	}
}
