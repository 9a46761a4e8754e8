package batch

import (
	"bytes"
	"cmp"
	_ "embed"
	"html/template"
	"path/filepath"
	"slices"

	"unlearnguard/onnxio/file"
)

// IndexSchema names the layout of index.json.
const IndexSchema = "unlearnguard/audits/v1"

// Index lists audits: those that failed first, then by verdict (retained, inconclusive, unlearned), then those that wait, and by
// their order in the manifest where these are the same.
type Index struct {
	Schema string         `json:"schema"`
	Counts map[string]int `json:"counts"`
	Audits []Record       `json:"audits"`
}

//go:embed index.html.tmpl
var indexText string

var indexTemplate = template.Must(template.New("index.html").Parse(indexText))

// order is the place of a state or a verdict in the index.
var order = []string{Failed, "retained", "inconclusive", "unlearned", Waiting}

// Outcome is the verdict of a record, or its state where it has none.
func (r Record) Outcome() string {
	if r.State == Done {
		return r.Verdict
	}
	return r.State
}

// Rank is the place of the record's outcome in the index.
func (r Record) Rank() int { return slices.Index(order, r.Outcome()) }

func newIndex(records []Record) Index {
	x := Index{Schema: IndexSchema, Counts: map[string]int{}, Audits: slices.Clone(records)}
	for _, r := range records {
		x.Counts[r.Outcome()]++
	}
	slices.SortStableFunc(x.Audits, func(a, b Record) int { return cmp.Compare(a.Rank(), b.Rank()) })
	return x
}

// WriteIndex writes index.html and index.json over the audits of these names in folder, and reports whether none of them waits or
// failed. Where processes write it at the same time, the last one to write has seen what the others did: each looks again
// after it has written, and writes again if something is new.
func WriteIndex(folder string, names []string) (finished bool, err error) {
	s := store{folder}
	state := func() []Record {
		var out []Record
		for _, name := range names {
			out = append(out, s.read(name))
		}
		return out
	}
	for records := state(); ; {
		x := newIndex(records)
		if err := writeIndex(folder, x); err != nil {
			return false, err
		}
		now := state()
		if slices.Equal(now, records) {
			return x.Counts[Failed]+x.Counts[Waiting] == 0, nil
		}
		records = now
	}
}

func writeIndex(folder string, x Index) error {
	var page bytes.Buffer
	if err := indexTemplate.Execute(&page, x); err != nil {
		return err
	}
	if err := file.Replace(filepath.Join(folder, "index.html"), page.Bytes(), 0o644); err != nil {
		return err
	}
	return writeJSON(filepath.Join(folder, "index.json"), x)
}
