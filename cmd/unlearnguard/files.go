package main

import (
	"io"
	"os"
	"path/filepath"
)

// writeFile writes a file that is either complete or not there: content goes to a temporary file beside it that is then
// renamed.
func writeFile(path string, content func(w io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".unlearnguard-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := content(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
