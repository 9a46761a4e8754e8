//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"unlearnguard/cmd/internal/untimed"
)

// files are the contents, without times, of all files under final names, by their paths in a folder.
type files map[string]string

// The folders that the program keeps its own state in, and how the names of unfinished files begin.
var (
	states     = []string{"unlearnguard-checkpoint", "unlearnguard-audits"}
	unfinished = ".unlearnguard-"
)

func (f files) has(name, text string) bool {
	got, ok := f[name]
	return ok && got == text
}

// read reads the files under final names.
func read(dir string) (files, error) {
	out := files{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // taken away while we look
			return nil
		case err != nil:
			return err
		case slices.Contains(states, d.Name()), d.IsDir() && strings.HasPrefix(d.Name(), unfinished):
			return fs.SkipDir
		case d.IsDir(), strings.HasPrefix(d.Name(), unfinished):
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		text, err := untimed.Read(path)
		out[name] = string(text)
		return err
	})
	return out, err
}

// left lists what is unfinished in and below a folder, the program's state with it.
func left(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && (strings.HasPrefix(d.Name(), unfinished) || strings.HasSuffix(d.Name(), ".claim")) {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

// start makes a folder for one run of a work.
func (b *bench) start(w *work) (string, error) {
	dir, err := b.folder(strings.ReplaceAll(w.name, " ", "-"))
	if err != nil {
		return "", err
	}
	return dir, os.CopyFS(dir, os.DirFS(w.from))
}

// mine is a file of the user's beside a unit's.
func (b *bench) mine(dir string, u unit) string {
	if u.atOnce { // a folder that belongs to the audit alone
		return filepath.Join(dir, "notes.txt")
	}
	return filepath.Join(dir, filepath.Dir(u.voucher), "notes.txt")
}

// whole requires that no file under a final name is anything but what was there before or what an undisturbed run makes, and that all of
// a unit are of one run where its voucher is.
func (w *work) whole(dir string) error {
	now, err := read(dir)
	if err != nil {
		return err
	}
	for name, text := range now {
		if name == "audits/index.json" && strings.HasSuffix(text, "}\n") || name == "audits/index.html" && strings.HasSuffix(text, "</html>\n") {
			continue // they list what was done so far
		}
		if !w.old.has(name, text) && !w.want.has(name, text) {
			return fmt.Errorf("%s is neither the old file nor the new one", name)
		}
	}
	for _, u := range w.units {
		if err := w.wholeUnit(u, now); err != nil {
			return err
		}
	}
	for name := range w.old { // the user's own
		if filepath.Base(name) == "notes.txt" && now[name] != w.old[name] {
			return fmt.Errorf("%s was overwritten", name)
		}
	}
	return nil
}

func (w *work) wholeUnit(u unit, now files) error {
	voucher, vouched := now[u.voucher]
	of := files{}
	maps.Copy(of, now)
	maps.DeleteFunc(of, func(name, _ string) bool { return !strings.HasPrefix(name, u.prefix) })
	if !vouched {
		if u.atOnce && len(of) > 0 {
			return fmt.Errorf("%s holds a part of a report", u.prefix)
		}
		return nil
	}
	run := w.want
	if voucher == w.old[u.voucher] && w.old[u.voucher] != w.want[u.voucher] {
		run = w.old
	}
	for name, text := range run {
		if strings.HasPrefix(name, u.prefix) && of[name] != text {
			return fmt.Errorf("%s is not of the run of %s", name, u.voucher)
		}
	}
	return nil
}

// finished requires that a folder holds what an undisturbed run leaves, and nothing unfinished.
func (w *work) finished(dir string) error {
	now, err := read(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(w.want)) {
		if text, ok := now[name]; !ok {
			return fmt.Errorf("%s is missing", name)
		} else if text != w.want[name] {
			return fmt.Errorf("%s differs from that of an undisturbed run %s", name, difference(text, w.want[name]))
		}
	}
	if len(now) != len(w.want) {
		return fmt.Errorf("there are %d files, and %d after an undisturbed run", len(now), len(w.want))
	}
	kept, err := filepath.Glob(filepath.Join(dir, "*", "unlearnguard-checkpoint"))
	if err == nil && len(kept) > 0 {
		err = fmt.Errorf("%s was left behind", kept[0])
	}
	return errors.Join(err, clean(dir))
}

// clean requires that a process that came to its end left nothing unfinished. What it can go on from is not.
func clean(dir string) error {
	names, err := left(dir)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("%s was left behind", names[0])
	}
	return err
}

// difference shows where two texts part.
func difference(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	show := func(s string) []byte {
		return bytes.ToValidUTF8([]byte(s[max(0, n-20):min(len(s), n+40)]), []byte("?"))
	}
	return fmt.Sprintf("(byte %d: %q, %q)", n, show(a), show(b))
}
