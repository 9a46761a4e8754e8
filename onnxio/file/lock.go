package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What is not finished has a name that begins so. Whoever makes such a file or folder holds the folder around it meanwhile, by
// [Share] or [Alone]: so who holds it alone may delete all of these names, since their makers were killed.
const unfinished = ".unlearnguard-"

// Unfinished is the pattern of such names for [os.CreateTemp] and [os.MkdirTemp].
const Unfinished = unfinished + "*"

// ErrClaimed is wrapped by the error of [Claim] for what another process has.
var ErrClaimed = errors.New("another process is working on it")

// Share holds a folder, together with others that share it, until release is called. It waits for a process that holds it alone.
// On file systems without locks it does nothing.
func Share(dir string) (release func()) {
	release, _ = hold(dir, shared)
	return release
}

// Alone holds a folder until release is called, once no other process holds it, and deletes the unfinished files and folders in it.
// On file systems without locks it does nothing.
func Alone(dir string) (release func()) {
	release, held := hold(dir, alone)
	if held {
		sweep(dir)
	}
	return release
}

// hold locks a folder, and says whether it could.
func hold(dir string, how lockKind) (release func(), held bool) {
	f, err := os.Open(dir)
	if err != nil {
		return func() {}, false
	}
	if err := lock(f, how); err != nil {
		f.Close()
		return func() {}, false
	}
	return func() { f.Close() }, true
}

// sweep deletes what killed processes left in a folder that is held alone. What cannot be deleted does no harm.
func sweep(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) {
			_ = os.RemoveAll(filepath.Join(dir, e.Name()))
		}
	}
}

// Claim makes a file at path that stands for work of which one process does all, and that ends with that process or with release.
// What another process that lives has claimed is refused with an error that wraps [ErrClaimed]. On systems without locks it does
// nothing.
func Claim(path string) (release func(), err error) {
	if !locks {
		return func() {}, nil
	}
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		switch err := lock(f, tryAlone); {
		case errors.Is(err, errHeld):
			f.Close()
			return nil, fmt.Errorf("%s: %w", filepath.Dir(path), ErrClaimed)
		case err != nil: // there are no locks here
		case !current(f, path): // it was released, and so deleted, in between
			f.Close()
			continue
		}
		return func() {
			os.Remove(path) // while it is locked: whoever has it open sees that it is gone
			f.Close()
		}, nil
	}
}

// current reports whether an open file is still the one at path.
func current(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(opened, there)
}
