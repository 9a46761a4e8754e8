// Package file reads, replaces and identifies whole files, and keeps processes from working on the same ones.
package file

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Read reads a file of at most so many bytes. No more are read of a longer one, which is refused.
func Read(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s is longer than the %d bytes that are read: check that it is the file that was meant", path, most)
	}
	return text, nil
}

// Replace writes a file in one step, so that a kill leaves the old one or the new one.
func Replace(path string, text []byte, mode fs.FileMode) error {
	return Write(path, mode, func(f *os.File) error {
		_, err := f.Write(text)
		return err
	})
}

// Write is Replace for what write writes. Where it fails nothing has changed, and errors of the operating system name path.
func Write(path string, mode fs.FileMode, write func(*os.File) error) error {
	defer Share(filepath.Dir(path))()
	f, err := os.CreateTemp(filepath.Dir(path), Unfinished)
	if err == nil {
		err = errors.Join(write(f), f.Chmod(mode), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			os.Remove(f.Name())
		}
	}
	var of *fs.PathError
	if errors.As(err, &of) {
		of.Path = path
	}
	return err
}

// Digest is the SHA-256 of a file's bytes in hexadecimal.
func Digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
