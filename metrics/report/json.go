package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

//go:embed verify-v3.schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of report.json.
func Schema() []byte { return bytes.Clone(schema) }

// Encode returns the report as indented JSON. Lists of numbers stand on one line.
func Encode(r Report) ([]byte, error) {
	out, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report.json: %w", err)
	}
	return append(inline(out), '\n'), nil
}

// numbers matches a list of numbers that is spread over lines. It cannot match within a string, which has no line ends.
var numbers = regexp.MustCompile(`\[\n[-+0-9.eE,\s]+\]`)

func inline(text []byte) []byte {
	return numbers.ReplaceAllFunc(text, func(list []byte) []byte {
		fields := bytes.Fields(list[1 : len(list)-1])
		return append(append([]byte{'['}, bytes.Join(fields, []byte{' '})...), ']')
	})
}

// Read reads a report.json. It fails when the file is of another schema.
func Read(path string) (Report, error) {
	var r Report
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if !Readable(r.Schema) {
		return r, fmt.Errorf("%s: schema %q is not %q: it was written by another version of the tool", path, r.Schema, SchemaV3)
	}
	r.Schema = SchemaV3
	return r, nil
}
