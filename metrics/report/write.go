package report

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes the folder dir, or adds to it, with the files that the package comment lists. All of them are complete
// before the first is put in its place: when Write fails or is interrupted while it works, a new folder does not appear,
// and the files of an earlier report stay as they were. Other files in the folder are left alone.
func Write(ctx context.Context, dir string, r Report) error {
	files, err := render(ctx, r)
	if err != nil {
		return err
	}
	exists, err := isFolder(dir)
	if err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if exists {
		parent = dir // a rename must not leave the file system that the folder is on
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(parent, ".report-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := fill(stage, files); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !exists {
		return os.Rename(stage, dir)
	}
	return move(stage, dir, files)
}

// render makes every file in memory.
func render(ctx context.Context, r Report) (map[string][]byte, error) {
	if r.Schema != SchemaV3 {
		return nil, fmt.Errorf("a report of schema %q cannot be written: start from New", r.Schema)
	}
	if n := len(r.Pictures); n != 0 && n != len(r.Samples) {
		return nil, fmt.Errorf("%d sets of pictures for %d samples", n, len(r.Samples))
	}
	files, err := r.grids()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	files["verify-v3.schema.json"] = Schema()
	if files["report.html"], err = HTML(r); err != nil {
		return nil, err
	}
	if files["report.json"], err = Encode(r); err != nil {
		return nil, err
	}
	return files, ctx.Err()
}

func isFolder(dir string) (bool, error) {
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.IsDir() {
		return false, fmt.Errorf("%s is a file: name a folder for the report", dir)
	}
	return true, nil
}

func fill(stage string, files map[string][]byte) error {
	if err := os.Chmod(stage, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(stage, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// move puts the files in their places, report.json last: where it is new, all is new.
func move(stage, dir string, files map[string][]byte) error {
	const last = "report.json"
	for name := range files {
		if name == last {
			continue
		}
		if err := rename(stage, dir, name); err != nil {
			return err
		}
	}
	return rename(stage, dir, last)
}

func rename(stage, dir, name string) error {
	to := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Rename(filepath.Join(stage, filepath.FromSlash(name)), to)
}
