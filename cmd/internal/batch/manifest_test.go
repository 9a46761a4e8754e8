package batch

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// testKeys are flags of which level must not be 2.
var testKeys = map[string]Key{
	"before": {Required: true, Check: fine},
	"forget": {Required: true, Repeatable: true, Check: fine},
	"level": {Check: func(values []string) error {
		if slices.Contains(values, "2") {
			return errors.New("too large")
		}
		return nil
	}},
}

func fine([]string) error { return nil }

func TestParse(t *testing.T) {
	m, err := Parse("dir/audits.yaml", []byte(`
defaults: {before: x.onnx, level: 0.10}
audits:
  - &one {name: one, forget: [a, "b"]}
  - name: two
    before: y.onnx
    forget: c
`), testKeys)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", m.Audits)
	want := "[{Name:one Line:4 Flags:map[before:[x.onnx] forget:[a b] level:[0.10]]} {Name:two Line:5 Flags:map[before:[y.onnx] forget:[c] level:[0.10]]}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if at := m.Locate("x.onnx"); at != filepath.Join("dir", "x.onnx") {
		t.Errorf("x.onnx lies at %s", at)
	}
	if abs, _ := filepath.Abs("x"); m.Locate(abs) != abs {
		t.Errorf("%s lies at %s", abs, m.Locate(abs))
	}
}

// Every error is reported, each with its line.
func TestParseReportsAllErrors(t *testing.T) {
	_, err := Parse("m.yaml", []byte(`more: 1
defaults: {level: 2}
audits:
- {name: ../../etc, before: x, forget: y}
- name: A
  befor: x
- name: a
  before: [x]
  forget: {y: z}
  forget: y
- just text
- {before: x, forget: null}
- {name: LPT1.txt, before: x, forget: y}
- {name: index.json, before: x, forget: y}
`), testKeys)
	var several Errors
	if !errors.As(err, &several) {
		t.Fatalf("error %v", err)
	}
	want := []string{
		`m.yaml:1: "more" is not known here`,
		`m.yaml:2: defaults: too large`,
		`m.yaml:4: the name "../../etc": give letters`,
		`m.yaml:5: audit "A": before is missing`,
		`m.yaml:5: audit "A": forget is missing`,
		`m.yaml:6: audit "A": "befor" is no flag of verify that a manifest may hold (is before meant?)`,
		`m.yaml:7: the name "a" is that of the audit in line 5`,
		`m.yaml:8: audit "a": before: give one value, not a list`,
		`m.yaml:9: audit "a": forget: give text or a number`,
		`m.yaml:10: an audit: "forget" was given in line 9 already`,
		`m.yaml:11: an audit: give keys with values`,
		`m.yaml:12: an audit without a name`,
		`m.yaml:12: audit "": forget: give text or a number`,
		`m.yaml:13: the name "LPT1.txt" is reserved`,
		`m.yaml:14: the name "index.json" is reserved`,
	}
	got := strings.Split(err.Error(), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("error %d of\n%v\nis not as in\n%s", i+1, err, strings.Join(want, "\n"))
		}
	}
}

func TestParseRefusesWhatIsNoManifest(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "m.yaml:1: it is empty",
		"audits: []":            "m.yaml:1: there are no audits",
		"[]":                    "m.yaml:1: the manifest: give keys",
		"a: b\nc: [\nd: e: f\n": "m.yaml:",
		// Aliases of aliases would be a million audits if they were copied.
		"a: &a [x,x]\nb: &b [*a,*a]\naudits: [*b]": "m.yaml:1: \"a\" is not known",
	} {
		if _, err := Parse("m.yaml", []byte(text), testKeys); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

// The shards of any number are disjoint and complete.
func TestShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "shards")
		for position := range rapid.IntRange(0, 200).Draw(t, "audits") {
			holders := 0
			for i := range n {
				s, err := ParseShard(fmt.Sprintf("%d/%d", i, n))
				if err != nil {
					t.Fatal(err)
				}
				if s.Has(position) {
					holders++
				}
			}
			if holders != 1 {
				t.Fatalf("audit %d is in %d of %d shards", position, holders, n)
			}
		}
	})
	for _, text := range []string{"1", "4/4", "-1/4", "0/0", "a/b", "1/2/3", "/"} {
		if _, err := ParseShard(text); err == nil {
			t.Errorf("%q is taken for a shard", text)
		}
	}
}

// No name leads out of the folder, and what is the same file is the same path.
func TestPortable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune(`./\:aB`)), 1, 20, -1).Draw(t, "name")
		if p := Portable(name); !filepath.IsLocal(p) {
			t.Fatalf("%q leads to %q", name, p)
		}
	})
	for name, want := range map[string]string{
		"a/../b.onnx": "b.onnx", "./b.onnx": "b.onnx", "../b.onnx": "__up__/b.onnx", "/d/b.onnx": "__root__/d/b.onnx",
		`C:\d\b.onnx`: "C__/d/b.onnx",
	} {
		if got := filepath.ToSlash(Portable(name)); got != want {
			t.Errorf("%q leads to %q, want %q", name, got, want)
		}
	}
}

func TestKeyIsOfEverythingButTheName(t *testing.T) {
	job := Job{Name: "a", Tool: "v1", Flags: map[string][]string{"level": {"0.1"}}, Files: []File{{"x", "00", 1}}}
	other := job
	other.Name = "b"
	if job.Key() != other.Key() {
		t.Error("the name counts")
	}
	for _, change := range []func(*Job){
		func(j *Job) { j.Tool = "v2" },
		func(j *Job) { j.Flags = map[string][]string{"level": {"0.2"}} },
		func(j *Job) { j.Files = []File{{"x", "01", 1}} },
		func(j *Job) { j.Files = []File{{"y", "00", 1}} },
	} {
		changed := job
		change(&changed)
		if changed.Key() == job.Key() {
			t.Errorf("%+v has the key of %+v", changed, job)
		}
	}
}
