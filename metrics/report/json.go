package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"

	"unlearnguard/onnxio/file"
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

// Read reads a report.json. It fails when the file is of another schema, or larger than any report is.
func Read(path string) (Report, error) {
	text, err := file.Read(path, MaxBytes)
	if err != nil {
		return Report{}, err
	}
	r, err := Parse(text)
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	r.Schema = SchemaV3
	return r, nil
}

// MaxBytes bounds the length of a report.json: one of 4,000 samples and 10,000 reference images is a tenth of it.
const MaxBytes = 64 << 20

const (
	// maxObjects and maxValues bound what a report.json holds, since it is far larger in memory than in the file: an object of two
	// bytes becomes a sample of half a kilobyte.
	maxObjects = 1 << 18
	maxValues  = 1 << 22
)

// Parse reads the text of a report.json as it is, of any schema that this version reads.
func Parse(text []byte) (Report, error) {
	var r Report
	if objects, values := bytes.Count(text, []byte("{")), bytes.Count(text, []byte(",")); objects > maxObjects || values > maxValues {
		return r, fmt.Errorf("holds %d objects and %d values, and at most %d and %d are read: it is no report of this tool", objects, values, maxObjects, maxValues)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("it is no report, or is cut short: %w", err)
	}
	if !readable(r.Schema) {
		return r, fmt.Errorf("schema %q is not %q: it was written by another version of the tool", r.Schema, SchemaV3)
	}
	return r, nil
}
