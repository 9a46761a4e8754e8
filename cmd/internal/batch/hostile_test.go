package batch

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Manifests that are small and ask for much are refused soon, in few errors that name the file and a line.
func TestHostileManifests(t *testing.T) {
	list := "[" + strings.Repeat("a,", 50000) + "a]"
	for name, text := range map[string]string{
		"aliases of a long list": "defaults: {before: x, forget: &l " + list + "}\naudits:\n" + entries(20000, "forget: *l"),
		"aliases of aliases": "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\n" +
			"audits: [{name: n, before: x, forget: *d}]",
		"an alias of itself": "audits: &a [*a, *a]",
		"a cycle":            "audits: [{name: &n [*n], before: x, forget: y}]",
		"errors":             "audits:\n" + entries(25000, "wrong: 1"),
		"length":             strings.Repeat("#\n", MaxBytes),
		"nesting":            "audits: " + strings.Repeat("[", 200000),
		"mapping":            "audits: " + strings.Repeat("{a: ", 100000),
		"merge":              "audits: [{<<: {name: n}, before: x, forget: y}]",
		"two documents":      "---\n---\n",
		"anchors":            strings.Repeat("&a ", 100000),
	} {
		begun := time.Now()
		_, err := Parse("audits.yaml", []byte(text), testKeys)
		var several Errors
		if !errors.As(err, &several) || len(several) == 0 || len(several) > maxErrors+1 || !strings.HasPrefix(several[0].Error(), "audits.yaml:") {
			t.Errorf("%s: %d errors: %.200v", name, len(several), err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

func entries(n int, more string) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "- {name: n%d, before: x, %s}\n", i, more)
	}
	return out.String()
}

// FuzzParse checks that no text makes Parse panic, and that what it accepts has what an audit needs.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"defaults: {before: x.onnx, level: 0.10}\naudits:\n  - &one {name: one, forget: [a, \"b\"]}\n  - name: two\n    before: y.onnx\n    forget: c\n",
		"audits: [{name: a, before: b, forget: *x}]", "audits: &a [*a]", "- {", "a: &a [*a]\naudits: [{<<: *a}]", "\x00", "audits: !!binary x",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Parse("fuzz.yaml", text, testKeys)
		if err != nil {
			if several := (Errors)(nil); !errors.As(err, &several) || len(several) == 0 {
				t.Fatalf("an error without a line: %v", err)
			}
			return
		}
		for _, e := range m.Audits {
			if checkName(e.Name) != nil || len(e.Flags["before"]) == 0 || e.Flags["forget"] == nil {
				t.Fatalf("accepted: %+v", e)
			}
		}
	})
}
