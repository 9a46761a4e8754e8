package onnxio

import (
	"os"
	"path/filepath"
	"testing"
)

// corpus returns the ONNX files of a folder of the shared test material, or skips the test where there is none.
func corpus(tb testing.TB, folder string) []string {
	tb.Helper()
	root := os.Getenv("UNLEARNGUARD_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	paths, err := filepath.Glob(filepath.Join(root, "onnx", folder, "*.onnx"))
	if err != nil {
		tb.Fatal(err)
	}
	if len(paths) == 0 {
		tb.Skipf("no ONNX files in %s: set UNLEARNGUARD_SHARED to the folder of the shared test material", filepath.Join(root, "onnx", folder))
	}
	return paths
}

// goodCorpus returns all files that must load.
func goodCorpus(tb testing.TB) []string {
	return append(append(corpus(tb, "torch"), corpus(tb, "third-party")...), corpus(tb, "hostile/load")...)
}
