package batch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"unlearnguard/onnxio/file"
)

// The states of an audit.
const (
	Failed  = "failed"
	Done    = "done"
	Waiting = "waiting"
)

// Record is what became of an audit.
type Record struct {
	Name string `json:"name"`
	// Key is that of the job, empty where its files could not be read.
	Key     string `json:"key,omitempty"`
	State   string `json:"state"`
	Verdict string `json:"verdict,omitempty"`
	// Reason is that of the verdict, or of the failure.
	Reason string `json:"reason,omitempty"`
	// Code is the exit code that verify ends with for it without --fail-on.
	Code    int     `json:"code"`
	Started string  `json:"started,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	// Report is the SHA-256 of report.json.
	Report string `json:"report,omitempty"`
}

const (
	stateFolder = "unlearnguard-audits"
	reportFile  = "report.json"
)

// store is the folder of a batch.
type store struct{ dir string }

func (s store) state(parts ...string) string {
	return filepath.Join(append([]string{s.dir, stateFolder}, parts...)...)
}

func (s store) record(name string) string { return s.state("records", name+".json") }

// open makes what is not there, and deletes what killed runs did not finish.
func (s store) open() error {
	folders := []string{s.state("records"), s.state("reconstructions"), s.state("stage")}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	for _, folder := range append(folders, s.dir) {
		file.Alone(folder)()
	}
	return nil
}

// read returns the record of an audit, or one that says that it waits. What is not a whole record counts for nothing.
func (s store) read(name string) Record {
	waiting := Record{Name: name, State: Waiting}
	text, err := os.ReadFile(s.record(name))
	if err != nil {
		return waiting
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil || r.Name != name || r.State != Done && r.State != Failed {
		return waiting
	}
	return r
}

// done reports whether an audit of this key is on record with a folder that is still as it was.
func (s store) done(r Record, key string) bool {
	if r.State != Done || r.Key != key || key == "" {
		return false
	}
	sum, err := file.Digest(filepath.Join(s.dir, r.Name, reportFile))
	return err == nil && sum == r.Report
}

// keep puts the folder stage in the place of an audit's and its record beside it. An empty stage stands for an audit that failed:
// what an earlier one left is taken away, to the folder away.
func (s store) keep(r Record, stage, away string) error {
	folder := filepath.Join(s.dir, r.Name)
	if err := os.Remove(s.record(r.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeWay(folder, away); err != nil {
		return err
	}
	if stage != "" {
		var err error
		if r.Report, err = file.Digest(filepath.Join(stage, reportFile)); err != nil {
			return err
		}
		if err := os.Rename(stage, folder); err != nil {
			return err
		}
	}
	return writeJSON(s.record(r.Name), r)
}

// forget takes away the record of another job than that of the key.
func (s store) forget(name, key string) error {
	if s.read(name).Key == key {
		return nil
	}
	if err := os.Remove(s.record(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeWay deletes an audit's folder, and nothing that is not one. It moves it away first: a kill leaves it whole or leaves none, since
// half of one would be taken for somebody else's.
func makeWay(folder, away string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(folder, reportFile)); err != nil && len(entries) > 0 {
		return fmt.Errorf("%s is there and is no report: move it away, or give the audit another name", folder)
	}
	if err := os.Rename(folder, away); err != nil {
		return err
	}
	return os.RemoveAll(away)
}

// writeJSON replaces a file in one step.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return file.Replace(path, append(text, '\n'), 0o644)
}
