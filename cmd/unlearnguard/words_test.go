package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"unlearnguard/metrics/audit"
	"unlearnguard/metrics/report"
)

func TestSpecs(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"idx:d#3 idx:d#1 idx:d#2 idx:d#9", "idx:d#1-3,9"},
		{"idx:d#3 idx:d[test]#3 idx:e#4 idx:d#5", "idx:d#3,5 idx:d[test]#3 idx:e#4"},
		{"png:f/a.png png:f/b.png", "png:f/a.png png:f/b.png"},
		{"png:f/a.png idx:d#0 png:f/c.png idx:d#1", "png:f/a.png idx:d#0-1 png:f/c.png"},
	} {
		if got := strings.Join(specs(strings.Fields(c.names)), " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.names, got, c.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for arg, want := range map[string]string{
		"idx:mnist#5,17-20":   "idx:mnist#5,17-20",
		"idx:mnist[test]#0-3": "'idx:mnist[test]#0-3'",
		"#5":                  "'#5'",
		"it's":                `'it'\''s'`,
		"":                    "''",
		"a b":                 "'a b'",
		"$HOME":               "'$HOME'",
	} {
		if got := quoted(arg); got != want {
			t.Errorf("%q: %s, want %s", arg, got, want)
		}
	}
}

func TestPositions(t *testing.T) {
	got, err := positions("0,3-5", 6)
	if want := map[int]bool{0: true, 3: true, 4: true, 5: true}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, text := range []string{"6", "5-6", "-1", "3-2", "x", "1,", "1-2-3"} {
		if got, err := positions(text, 6); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

func TestImageShape(t *testing.T) {
	for _, c := range []struct {
		flag  string
		input []int
		want  [3]int
	}{
		{"", []int{3, 32, 32}, [3]int{3, 32, 32}},
		{"", []int{784}, [3]int{1, 28, 28}},
		{"", []int{3072}, [3]int{3, 32, 32}},
		{"3x4x5", []int{60}, [3]int{3, 4, 5}},
	} {
		if got, err := imageShape(c.flag, c.input); err != nil || got != c.want {
			t.Errorf("%q %v: %v, %v; want %v", c.flag, c.input, got, err, c.want)
		}
	}
	for _, c := range []struct {
		flag  string
		input []int
	}{{"", []int{60}}, {"3x4", []int{12}}, {"3x4x5x1", []int{60}}, {"3x4x6", []int{60}}, {"0x4x5", []int{0}}, {"-3x-4x5", []int{60}}} {
		if got, err := imageShape(c.flag, c.input); err == nil {
			t.Errorf("%q %v: %v, want an error", c.flag, c.input, got)
		}
	}
}

func TestExitCodes(t *testing.T) {
	scope := &audit.ScopeError{Path: "m.onnx", Err: errors.New("reason")}
	for _, c := range []struct {
		err  error
		code int
		hint string
	}{
		{nil, exitDone, ""},
		{errors.New("anything"), exitError, ""},
		{fmt.Errorf("--forget: %w", &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}), exitError, "spelling"},
		{fmt.Errorf("wrapped: %w", scope), exitOutOfScope, "unlearnguard inspect m.onnx"},
		{fmt.Errorf("m.onnx: %w", context.Canceled), exitInterrupted, ""},
		{&verdictError{code: exitRetained}, exitRetained, ""},
		{&hinted{context.Canceled, "go on"}, exitInterrupted, "go on"},
	} {
		if got := exitCode(c.err); got != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.code)
		}
		if got := hint(c.err); !strings.Contains(got, c.hint) || (got == "") != (c.hint == "") {
			t.Errorf("%v: hint %q, want %q", c.err, got, c.hint)
		}
	}
}

// The page for programs names every document, code and file that there is.
func TestScriptingPageIsComplete(t *testing.T) {
	for _, word := range []string{inspectSchema, report.SchemaV3, reconstructSchema, fixtureSchema, attestationSchema,
		experimentSchema, experimentJSON, reportFile, attestationFile, bomFile, picturesFile, samplesJSON, samplesNPZ, samplesPNG} {
		if !strings.Contains(scriptingText, word) {
			t.Errorf("%s is missing", word)
		}
	}
	for _, code := range []int{exitDone, exitError, exitRetained, exitInconclusive, exitOutOfScope, exitInterrupted} {
		if !strings.Contains(scriptingText, fmt.Sprintf("\n  %-4d", code)) || !strings.Contains(exitHelp, fmt.Sprintf("\n  %-4d", code)) {
			t.Errorf("exit code %d is missing", code)
		}
	}
}

// Every JSON document that the program writes is described in help scripting, by the name of its layout.
func TestScriptingNamesEverySchema(t *testing.T) {
	name := regexp.MustCompile(`"(unlearnguard/[a-z]+/v[0-9]+)"`)
	found := map[string]bool{}
	for _, pattern := range []string{"*.go", "../internal/*/*.go", "../../metrics/report/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range name.FindAllStringSubmatch(string(source), -1) {
				found[m[1]] = true
			}
		}
	}
	if len(found) < 8 {
		t.Fatalf("only %d layouts were found in the source", len(found))
	}
	for schema := range found {
		version := schema[strings.LastIndex(schema, "/")+1:]
		if !strings.Contains(scriptingText, schema) && !strings.Contains(scriptingText, " "+version+",") && !strings.Contains(scriptingText, "and "+version) {
			t.Errorf("help scripting does not name %s", schema)
		}
	}
}

// Manual pages are what man(1) reads: one a command, with its flags.
func TestManualPages(t *testing.T) {
	var stdout, stderr strings.Builder
	folder := t.TempDir()
	if code := run(context.Background(), []string{"man", folder}, &stdout, &stderr); code != 0 {
		t.Fatal(stderr.String())
	}
	page, err := os.ReadFile(filepath.Join(folder, "unlearnguard-attest-verify.1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`.TH "UNLEARNGUARD-ATTEST-VERIFY" 1`, ".SH NAME\nunlearnguard\\-attest\\-verify \\- Check", ".B \\-\\-key KEY\n", ".SH EXIT STATUS", "unlearnguard\\-attest(1)"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not have %q:\n%s", want, page)
		}
	}
	if got, want := roff(".x -y \\"), `\&.x \-y \e`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
