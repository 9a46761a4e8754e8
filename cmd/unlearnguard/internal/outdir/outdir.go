// Package outdir gives a command the folder that it writes its results to.
//
// [Open] finds out whether the folder can be written to before any work is done. While the work lasts, the folder may hold
// its checkpoints, in [Dir.Checkpoints], and nothing else is touched. [Place] then puts all results in their places at
// once: a command that fails or is killed leaves the files of an earlier run as they were, or, if it is killed in the
// instant of the change, without the one that stands for the whole.
package outdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"unlearnguard/onnxio/file"
)

// checkpoints is the name of the folder for them: one that is nobody else's, since it is deleted.
const checkpoints = "unlearnguard-checkpoint"

// claim is the file in it that says that a process is at work.
const claim = ".claim"

// Dir is a folder that results are going to be written to.
type Dir struct {
	Path string
	made bool
	// release ends the claim on the checkpoints; nil where there is none.
	release func()
}

// Open makes the folder at path, unless it is there, and makes sure that files can be written to it. Its parent must be
// there: a misspelt path is better refused than made.
func Open(path string) (*Dir, error) {
	if path == "" {
		return nil, errors.New("no folder is named")
	}
	d := &Dir{Path: path}
	err := os.Mkdir(path, 0o755)
	switch {
	case err == nil:
		d.made = true
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder %s does not exist: make it first, or name another", filepath.Dir(filepath.Clean(path)))
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("%s is inside a file: name another folder", path)
	case !errors.Is(err, fs.ErrExist):
		return nil, err
	}
	if err := Writable(path); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Writable reports why files cannot be written to the folder dir.
func Writable(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the folder %s does not exist: make it first, or name another", dir)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is a file: name a folder", dir)
	}
	defer file.Share(dir)()
	probe, err := os.MkdirTemp(dir, file.Unfinished)
	if err != nil {
		return fmt.Errorf("%s cannot be written to: %w", dir, errors.Unwrap(err))
	}
	return os.Remove(probe)
}

// Checkpoints makes the folder for checkpoints and returns its path. Where resume is false, those of an earlier run are
// deleted. While another process works with them there is an error: both would write the same files.
func (d *Dir) Checkpoints(resume bool) (string, error) {
	path := filepath.Join(d.Path, checkpoints)
	if err := d.claim(path); err != nil {
		return "", err
	}
	file.Alone(path)() // deletes what was not finished
	if resume {
		return path, nil
	}
	kept, err := os.ReadDir(path)
	for _, e := range kept {
		if e.Name() != claim {
			err = errors.Join(err, os.RemoveAll(filepath.Join(path, e.Name())))
		}
	}
	return path, err
}

// claim makes the folder for checkpoints and claims it.
func (d *Dir) claim(path string) error {
	for {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		var err error
		d.release, err = file.Claim(filepath.Join(path, claim))
		switch {
		case errors.Is(err, fs.ErrNotExist): // the process that had it came to its end in between
			continue
		case errors.Is(err, file.ErrClaimed):
			return fmt.Errorf("another process is writing to %s: wait for it, or name another folder", d.Path)
		}
		return err
	}
}

// Kept reports whether a run that did not come to its end left a checkpoint in the folder at path.
func Kept(path string) bool {
	entries, err := os.ReadDir(filepath.Join(path, checkpoints))
	return err == nil && slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name()[0] != '.' })
}

// Finish puts the files that fill makes in their places, as [Place] does, and deletes the checkpoints.
func (d *Dir) Finish(fill func(stage string) error, vouchers ...string) error {
	if err := Place(d.Path, fill, vouchers...); err != nil {
		return err
	}
	d.made = false
	return os.RemoveAll(filepath.Join(d.Path, checkpoints))
}

// Close removes what a failed run would leave behind: an empty folder for checkpoints, and the folder itself if it is
// empty and was made by Open. After Finish it does nothing.
func (d *Dir) Close() {
	if d.release != nil {
		d.release()
		d.release = nil
	}
	// Remove fails for a folder that is not empty, and that is the intention.
	_ = os.Remove(filepath.Join(d.Path, checkpoints))
	if d.made {
		_ = os.Remove(d.Path)
	}
}
