package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What is far larger in memory than in the file is refused before it is decoded.
func TestParseRefusesBombs(t *testing.T) {
	for name, text := range map[string]string{
		"samples":  `{"samples": [` + strings.Repeat("{},", 1<<20) + `{}]}`,
		"numbers":  `{"samples": [], "reference": {"labels": [` + strings.Repeat("0,", 5<<20) + `0]}}`,
		"nesting":  `{"decision": {"notes": ` + strings.Repeat("[", 1<<20),
		"negative": `{"schema": "` + SchemaV3 + `", "samples": -1}`,
		"list":     `[]`,
		"nothing":  ``,
	} {
		path := filepath.Join(t.TempDir(), name+".json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 128<<20 {
			t.Errorf("%s: %d bytes are allocated", name, spent)
		}
	}
	path := filepath.Join(t.TempDir(), "long.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, MaxBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long file: %v", err)
	}
}

func TestParseRefusesWhatIsCutShort(t *testing.T) {
	text, err := Encode(example(t, 1, 1, 3))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.TrimSpace(text)
	for n := range len(text) {
		if n > 200 && n%37 != 0 && n < len(text)-200 {
			continue
		}
		if _, err := Parse(text[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are a report", n, len(text))
		}
	}
}

// FuzzParse checks that no text makes Parse or what compare does with a report panic, and that what was read can be written.
func FuzzParse(f *testing.F) {
	for _, r := range examples(f) {
		text, err := Encode(r)
		if err != nil {
			f.Fatal(err)
		}
		if len(text) < 1<<16 {
			f.Add(text)
		}
	}
	f.Add([]byte(`{"schema": "` + SchemaV3 + `", "samples": [{"label": null, "before": {"nearest": -9}}]}`))
	f.Add([]byte(`{"schema": "` + SchemaV3 + `", "decision": {"statistics": [{"name": "ssim"}]}, "reference": {"before": {"scores": {"ssim": [1e308]}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		r.Evidence()
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
	})
}
