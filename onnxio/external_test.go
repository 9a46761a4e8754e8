//go:build unix

package onnxio

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// externalModel writes sample with its weight outside, and the files beside it, into a folder of their own.
func externalModel(t *testing.T, files map[string][]byte, entries ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	for name, data := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.onnx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, sample(flaw{weight: external(entries...)}), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExternalData(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string][]byte
		entries []string
		want    float32 // the first element
	}{
		"whole file":       {map[string][]byte{"w": six(1)}, []string{"location", "w"}, 1},
		"folder":           {map[string][]byte{"a/b/w": six(2)}, []string{"location", "a/b/w"}, 2},
		"unaligned offset": {map[string][]byte{"w": append([]byte("abc"), six(3)...)}, []string{"location", "w", "offset", "3"}, 3},
		"offset and length": {map[string][]byte{"w": append(append(six(9), six(4)...), six(9)...)},
			[]string{"location", "w", "offset", "24", "length", "24"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := ReadFile(t.Context(), externalModel(t, c.files, c.entries...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Initializers[0].Float32s; got[0] != c.want || got[5] != c.want+5 {
				t.Errorf("read %v, want %g and on", got, c.want)
			}
			location := c.entries[1]
			if len(m.External) != 1 || m.External[0].Location != location || m.External[0].Size != int64(len(c.files[location])) {
				t.Errorf("External is %+v", m.External)
			}
			sum, err := digest(strings.NewReader(string(c.files[location])))
			if err != nil || m.External[0].SHA256 != sum {
				t.Errorf("SHA256 is %s, want %s", m.External[0].SHA256, sum)
			}
		})
	}
}

func TestExternalDataRefused(t *testing.T) {
	const unclean = "must be a clean path"
	whole := map[string][]byte{"w": six(1), "a/w": six(1)}
	for name, c := range map[string]struct {
		entries []string
		want    string
	}{
		"absolute":         {[]string{"location", "/etc/passwd"}, unclean},
		"parent":           {[]string{"location", "../model/w"}, unclean},
		"parent inside":    {[]string{"location", "a/../w"}, unclean},
		"unclean":          {[]string{"location", "a/./w"}, unclean},
		"double slash":     {[]string{"location", "a//w"}, unclean},
		"backslash":        {[]string{"location", `..\w`}, unclean},
		"NUL":              {[]string{"location", "w\x00"}, unclean},
		"folder":           {[]string{"location", "a"}, "not a regular file"},
		"missing":          {[]string{"location", "gone.bin"}, "keep the external data beside the model"},
		"too short":        {[]string{"location", "w", "offset", "4"}, "has 20 bytes for it, but float32 of shape [2 3] needs 24"},
		"length too short": {[]string{"location", "w", "length", "20"}, "has 20 bytes for it"},
		"length too long":  {[]string{"location", "w", "length", "28"}, "has 24 bytes from offset 0, but the length is 28"},
		"offset at 2^63":   {[]string{"location", "w", "offset", "9223372036854775808"}, "is not a number of bytes"},
		"offset beyond":    {[]string{"location", "w", "offset", "9223372036854775807"}, "has 24 bytes, but the offset is 9223372036854775807"},
		"length beyond":    {[]string{"location", "w", "length", "9223372036854775807"}, "but the length is 9223372036854775807"},
		"hexadecimal":      {[]string{"location", "w", "offset", "0x0"}, "is not a number of bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFile(t.Context(), externalModel(t, whole, c.entries...), Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `initializer "W"`) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestExternalDataStaysInFolder(t *testing.T) {
	path := externalModel(t, nil, "location", "link")
	dir := filepath.Dir(path)
	outside := filepath.Join(filepath.Dir(dir), "outside")
	if err := os.WriteFile(outside, six(1), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	if _, err := ReadFile(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "link") {
		t.Errorf("got %v, want a refusal of the link that leaves the folder", err)
	}
}

func TestPipesAreNotOpened(t *testing.T) {
	path := externalModel(t, nil, "location", "pipe")
	pipe := filepath.Join(filepath.Dir(path), "pipe")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{path, pipe} {
		if _, err := ReadFile(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("got %v, want a refusal of the pipe", err)
		}
	}
}

// TestSharedExternalData bounds what a small file can claim: tensors that share their data cost memory each.
func TestSharedExternalData(t *testing.T) {
	const size, tensors = 1 << 20, 200
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "w"), make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	data := sample(flaw{graph: func(e *message) {
		for i := range tensors {
			e.sub(graphInitializer, func(e *message) {
				e.string(tensorName, "copy"+string(rune('a'+i)))
				e.varint(tensorDims, size/4)
				e.varint(tensorDataType, int64(Float32))
				external("location", "w")(e)
			})
		}
	}})
	if _, err := Decode(t.Context(), data, Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "Options.MaxTensorBytes") {
		t.Errorf("got %v, want a refusal of %d MB from 1 MB", err, tensors*size>>20)
	}
	if _, err := Decode(t.Context(), data, Options{Dir: dir, MaxTensorBytes: 1 << 30}); err != nil {
		t.Error(err)
	}
}

func TestChangedWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unchanged(before, before); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, []byte("three"), 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if unchanged(before, after) == nil {
		t.Error("a file of another size passes as unchanged")
	}
}
