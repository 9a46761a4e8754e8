package file

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file is replaced whole, nothing is left beside it, and what is longer than it may be is not read.
func TestReplaceReadDigest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, text := range []string{"first", "abc"} {
		if err := Replace(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := Read(path, int64(len(text))); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := Read(path, 2); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("three bytes where two may be: %v", err)
	}
	// The digest of "abc" is an example of FIPS 180-2.
	if got, err := Digest(path); err != nil || got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%s, %v", got, err)
	}
	none := filepath.Join(dir, "none", "a")
	if err := Replace(none, nil, 0o644); err == nil || !strings.Contains(err.Error(), none+":") {
		t.Errorf("a file in a folder that is not there: %v", err)
	}
	broken := errors.New("broken")
	if err := Write(path, 0o644, func(*os.File) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("what cannot be written: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}
