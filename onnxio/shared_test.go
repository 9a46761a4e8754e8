package onnxio

import (
	"os"
	"path/filepath"
	"testing"
)

// sharedONNX returns the folder of the shared ONNX files, whether it is there or not.
func sharedONNX() string {
	root := os.Getenv("UNLEARNGUARD_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "shared")
	}
	return filepath.Join(root, "onnx")
}

// corpus returns the ONNX files of a folder of the shared test material, or skips the test where there is none.
func corpus(tb testing.TB, folder string) []string {
	tb.Helper()
	folder = filepath.Join(sharedONNX(), folder)
	paths, err := filepath.Glob(filepath.Join(folder, "*.onnx"))
	if err != nil {
		tb.Fatal(err)
	}
	if len(paths) == 0 {
		tb.Skipf("no ONNX files in %s: set UNLEARNGUARD_SHARED to the folder of the shared test material", folder)
	}
	return paths
}

// goodCorpus returns all files that must load.
func goodCorpus(tb testing.TB) []string {
	return append(append(corpus(tb, "torch"), corpus(tb, "third-party")...), corpus(tb, "hostile/load")...)
}
