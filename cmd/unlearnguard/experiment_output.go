package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"unlearnguard/cmd/internal/experiment"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/grid"
)

// experimentSchema names the layout of experiment.json.
const experimentSchema = "unlearnguard/experiment/v1"

// experimentJSON is the file that stands for a run of experiments.
const experimentJSON = "experiment.json"

// experimented is the content of experiment.json.
type experimented struct {
	Schema  string               `json:"schema"`
	Command string               `json:"command"`
	Scale   string               `json:"scale"`
	Seed    uint64               `json:"seed"`
	Data    []images.File        `json:"data"` // empty for drawn digits
	Results []*experiment.Result `json:"experiments"`
}

// write makes the files of all experiments.
func (d *experimented) write(dir string) error {
	for _, r := range d.Results {
		path := func(suffix string) string { return filepath.Join(dir, r.Name+suffix) }
		figure, err := r.Figure.PNG()
		if err != nil {
			return fmt.Errorf("%s.png: %w", r.Name, err)
		}
		err = errors.Join(
			create(path(".csv"), func(f *os.File) error { return r.Networks.WriteCSV(f) }),
			create(path("-samples.csv"), func(f *os.File) error { return r.Samples.WriteCSV(f) }),
			os.WriteFile(path(".png"), figure, 0o644))
		if err != nil {
			return err
		}
		for _, p := range r.Pictures {
			if err := grid.Write(path("-"+p.Name+".png"), p.Table); err != nil {
				return err
			}
		}
	}
	return createJSON(filepath.Join(dir, experimentJSON), d)
}

// print prints the tables for people.
func (d *experimented) print(w io.Writer) error {
	for i, r := range d.Results {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s%s\n\n", r.Name, r.Title, figuresOf(r))
		if err := r.Summary.WriteText(w); err != nil {
			return err
		}
	}
	return nil
}

// figuresOf names the paper's figures that an experiment reproduces, if any.
func figuresOf(r *experiment.Result) string {
	if len(r.Figures) == 0 {
		return ""
	}
	return fmt.Sprintf(" (figures %s)", strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Figures), " ", ", "), "[]"))
}
