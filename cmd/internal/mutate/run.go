package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// run tests the package of a mutant, and reports whether a test failed.
func (m mutant) run(ctx context.Context, timeout time.Duration) (noticed bool, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	overlay, err := m.overlay(dir)
	if err != nil {
		return false, err
	}
	binary := filepath.Join(dir, "tests")
	folder := "./" + path.Dir(m.file)
	build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, folder)
	if out, err := build.CombinedOutput(); err != nil {
		return false, fmt.Errorf("%s: it does not build: %s", m, out)
	}
	// What does not end is noticed by whoever waits for it.
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	test := exec.CommandContext(limited, binary, "-test.failfast", "-test.count=1")
	test.Dir = path.Dir(m.file)
	err = test.Run()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return false, err
	}
	return err != nil, nil
}

// overlay writes the changed file and the go command's description of it.
func (m mutant) overlay(dir string) (string, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "changed.go")
	text := string(source[:m.from]) + m.is + string(source[m.to:])
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return "", err
	}
	real, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	description, err := json.Marshal(map[string]map[string]string{"Replace": {real: changed}})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, description, 0o600)
}

// results is the file of earlier results, if one is named.
type results struct {
	file    *os.File
	noticed map[string]bool
}

const noticedPrefix, survivedPrefix = "noticed     ", "SURVIVED    "

func openLog(name string) (*results, error) {
	r := &results{noticed: map[string]bool{}}
	if name == "" {
		return r, nil
	}
	var err error
	if r.file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(r.file)
	for lines.Scan() {
		if m, ok := strings.CutPrefix(lines.Text(), noticedPrefix); ok {
			r.noticed[m] = true
		}
	}
	return r, lines.Err()
}

func (r *results) write(m mutant, noticed bool) {
	prefix := survivedPrefix
	if noticed {
		prefix = noticedPrefix
	}
	if !noticed || r.file == nil {
		fmt.Println(prefix + m.String())
	}
	if r.file != nil {
		fmt.Fprintln(r.file, prefix+m.String())
	}
}

func (r *results) close() {
	if r.file != nil {
		r.file.Close()
	}
}
