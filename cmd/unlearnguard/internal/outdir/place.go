package outdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"unlearnguard/onnxio/file"
)

// Place calls fill with an empty folder and then moves the files that it finds there, and in its subfolders, to the folder
// dir. When fill fails nothing in dir changes.
//
// The vouchers are files that say something of the others. They are deleted before the first file is replaced and come
// last, in their order: where a voucher is, what it vouches for is its own. A voucher that fill does not make is gone
// afterwards. Other files in dir are left alone, but for what a killed process did not finish. Processes that place files in one
// folder do so one after the other.
func Place(dir string, fill func(stage string) error, vouchers ...string) error {
	defer file.Alone(dir)()
	stage, err := os.MkdirTemp(dir, file.Unfinished)
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := fill(stage); err != nil {
		return err
	}
	names, err := files(stage)
	if err != nil {
		return err
	}
	for _, name := range vouchers {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return slices.Index(vouchers, a) - slices.Index(vouchers, b) })
	for _, name := range names {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(stage, name), to); err != nil {
			return err
		}
	}
	return nil
}

// files lists the files in and below a folder, by their paths within it.
func files(root string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		names = append(names, name)
		return err
	})
	return names, err
}
