package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tests are those of one package, with all comparisons in one binary.
type tests struct {
	package_, dir string // the package's folder, and one for what is built
	binary        string
	timeout       time.Duration
	longest       time.Duration // of a test, 0 for any
	all           []test        // the quickest first
	reach         map[int]map[string]bool
	comparisons   map[string]int // the number by which a comparison calls, by its place
}

type test struct {
	name string
	took time.Duration
}

// quick is the time up to which tests are run together, before others.
const quick = 500 * time.Millisecond

// prepare builds the instrumented tests and runs each once, to see how long it takes and which comparisons it comes to.
func prepare(ctx context.Context, dir string, mutants []mutant, o options) (*tests, error) {
	t := &tests{package_: dir, timeout: o.timeout, longest: o.longest, reach: map[int]map[string]bool{}, comparisons: map[string]int{}}
	var err error
	if t.dir, err = os.MkdirTemp("", "mutate"); err != nil {
		return nil, err
	}
	byFile := map[string][]mutant{}
	for _, m := range mutants {
		byFile[m.file] = append(byFile[m.file], m)
		if place := fmt.Sprint(m.file, m.from); t.comparisons[place] == 0 {
			t.comparisons[place] = m.id
		}
	}
	name, err := packageName(ctx, dir)
	if err != nil {
		return nil, err
	}
	changed := map[string]string{filepath.Join(dir, "mutants_in_force.go"): runtimeFile(name, mutants)}
	for file, of := range byFile {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		changed[file] = instrumented(string(source), of)
	}
	if t.binary, err = t.build(ctx, "all", changed); err != nil {
		return nil, err
	}
	return t, t.observe(ctx)
}

func (t *tests) close() { os.RemoveAll(t.dir) }

func packageName(ctx context.Context, dir string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Name}}", "./"+filepath.ToSlash(dir)).Output()
	return strings.TrimSpace(string(out)), err
}

// build builds the package's tests with some files changed.
func (t *tests) build(ctx context.Context, name string, changed map[string]string) (string, error) {
	replace := map[string]string{}
	for file, text := range changed {
		real, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[real] = filepath.Join(t.dir, name+"-"+filepath.Base(file))
		if err := os.WriteFile(replace[real], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	description, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay, binary := filepath.Join(t.dir, name+".json"), filepath.Join(t.dir, name+".test")
	if err := os.WriteFile(overlay, description, 0o600); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./"+filepath.ToSlash(t.package_)).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("it does not build: %s", out)
	}
	return binary, nil
}

// observe runs every test by itself.
func (t *tests) observe(ctx context.Context) error {
	list := exec.CommandContext(ctx, t.binary, "-test.list", ".")
	list.Dir = t.package_
	names, err := list.Output()
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(names)) {
		if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Example") {
			continue
		}
		log, start := filepath.Join(t.dir, "reached"), time.Now()
		failed, err := t.run(ctx, time.Hour, t.binary, []string{name}, "REACHED="+log)
		if err != nil {
			return err
		}
		if failed {
			return fmt.Errorf("%s fails without any change", name)
		}
		if took := time.Since(start); t.longest == 0 || took <= t.longest {
			t.all = append(t.all, test{name, took})
		}
		t.note(name, log)
	}
	slices.SortStableFunc(t.all, func(a, b test) int { return cmp.Compare(a.took, b.took) })
	return nil
}

// note takes the comparisons that a test came to.
func (t *tests) note(name, log string) {
	text, _ := os.ReadFile(log) // absent where it came to none
	for line := range strings.Lines(string(text)) {
		var id int
		fmt.Sscan(line, &id)
		if t.reach[id] == nil {
			t.reach[id] = map[string]bool{}
		}
		t.reach[id][name] = true
	}
	os.Remove(log)
}

// notice reports whether a test fails with a mutant.
func (t *tests) notice(ctx context.Context, m mutant) (bool, error) {
	binary := t.binary
	reached := func(string) bool { return true }
	if m.comparison() {
		by := t.reach[t.comparisons[fmt.Sprint(m.file, m.from)]]
		reached = func(name string) bool { return by[name] }
	} else {
		source, err := os.ReadFile(m.file)
		if err != nil {
			return false, err
		}
		text := string(source[:m.from]) + m.is + string(source[m.to:])
		if binary, err = t.build(ctx, "one", map[string]string{m.file: text}); err != nil {
			return false, err
		}
	}
	var together []string
	for _, x := range t.all {
		if reached(x.name) && x.took < quick {
			together = append(together, x.name)
		}
	}
	groups := [][]string{together}
	for _, x := range t.all {
		if reached(x.name) && x.took >= quick {
			groups = append(groups, []string{x.name})
		}
	}
	for _, names := range groups {
		if len(names) == 0 {
			continue
		}
		if failed, err := t.run(ctx, t.timeout, binary, names, fmt.Sprint("MUTANT=", m.id)); failed || err != nil {
			return failed, err
		}
	}
	return false, nil
}

// run runs some tests and reports whether one fails. What does not end is noticed by whoever waits for it.
func (t *tests) run(ctx context.Context, limit time.Duration, binary string, names []string, environment string) (failed bool, err error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	run := exec.CommandContext(limited, binary, "-test.failfast", "-test.run", "^("+strings.Join(names, "|")+")$")
	run.Dir, run.Env = t.package_, append(os.Environ(), environment)
	err = run.Run()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, err
	}
	return err != nil, nil
}
