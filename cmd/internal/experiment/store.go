package experiment

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"unlearnguard/onnxio/file"
)

// ErrCases is wrapped by the error for finished cases that are not those of this run.
var ErrCases = errors.New("not a case of this run: the program, the images or the options have changed; " +
	"delete it or start without resuming")

// store keeps the outcome of finished cases in a folder, none where that is not named. A file is complete or not there.
type store struct {
	folder string
	run    string // the fingerprint of all that outcomes depend on
}

// kept is the content of a case's file.
type kept[T any] struct {
	Run     string
	Outcome T
}

// once returns the outcome of a case, from its file where it was finished before.
func once[T any](ctx context.Context, s store, name string, do func() (T, error)) (T, error) {
	path := filepath.Join(s.folder, name)
	if s.folder != "" {
		if outcome, err := load[T](path, s.run); !errors.Is(err, fs.ErrNotExist) {
			return outcome, err
		}
	}
	outcome, err := do()
	if err == nil {
		err = context.Cause(ctx) // what is cut short is not finished
	}
	if err != nil || s.folder == "" {
		return outcome, err
	}
	return outcome, save(path, kept[T]{s.run, outcome})
}

func load[T any](path, run string) (T, error) {
	var k kept[T]
	f, err := os.Open(path)
	if err != nil {
		return k.Outcome, err
	}
	defer f.Close()
	if err := gob.NewDecoder(f).Decode(&k); err != nil || k.Run != run {
		return k.Outcome, fmt.Errorf("%s: %w", path, ErrCases)
	}
	return k.Outcome, nil
}

func save(path string, content any) error {
	return file.Write(path, 0o600, func(f *os.File) error { return gob.NewEncoder(f).Encode(content) })
}
