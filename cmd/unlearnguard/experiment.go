package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"unlearnguard/cmd/internal/experiment"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/grid"
)

// experimentSchema names the layout of experiment.json.
const experimentSchema = "unlearnguard/experiment/v1"

// experimentJSON is the file that stands for a run of experiments.
const experimentJSON = "experiment.json"

// allExperiments stands for every experiment.
const allExperiments = "all"

// experimented is the content of experiment.json.
type experimented struct {
	Schema  string               `json:"schema"`
	Command string               `json:"command"`
	Scale   string               `json:"scale"`
	Seed    uint64               `json:"seed"`
	Data    []images.File        `json:"data"` // empty for drawn digits
	Results []*experiment.Result `json:"experiments"`
}

// experimentOptions are the flags of experiment.
type experimentOptions struct {
	name               string
	data               []string
	scale, out, format string
	seed               uint64
	threads            int
	resume             bool
	again              repetition
}

var scales = []experiment.Scale{experiment.Quick, experiment.Paper}

func (a *app) experiment() *cobra.Command {
	var o experimentOptions
	names := append(experiment.Names(), allExperiments)
	c := &cobra.Command{
		Use:   "experiment NAME",
		Short: "Reproduce the figures that the method was published with",
		Long: fmt.Sprintf(`Experiment trains networks, does to them what may be done upon a request to forget, and compares what this tool says of
them with what other methods of verification say. NAME is one of

%s
  %-14s all of them

which reproduce the figures of section V of arXiv 2410.10120, at a scale that two cores reach in minutes. It prints a table
of means over the networks and writes to the folder named by --out, for each experiment, NAME.csv (the same for each network),
NAME-samples.csv (each sample), NAME.png (the figure) and NAME-pictures.png (samples and what was recovered of them).

Without --data the images are digits that the program draws. --scale paper has networks and training sets of the published
size, and takes hours.
%s

What was finished of an experiment is kept in that folder while the work lasts. After an interruption (Ctrl-C, or a kill) the
same command with --resume goes on with the next network, to the same bytes; without --resume it starts again.`,
			listed(), allExperiments, imagesHelp),
		Example:   "  unlearnguard experiment relabel --data idx:mnist -o relabel\n  unlearnguard experiment all --data cifar10:cifar10 --scale quick -o figures",
		ValidArgs: names,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(names, args[0]) {
				return &hinted{fmt.Errorf("experiment %s: there is no such one", strings.Join(args, " ")), "give one of " + strings.Join(names, ", ")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.name, o.again = args[0], repetitionOf(c, args)
			return resumable(a.runExperiment(c.Context(), o), o.out)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringArrayVar(&o.data, "data", nil, "`IMAGES` to draw samples from, with labels (default digits drawn by the program)")
	f.StringVar(&o.scale, "scale", experiment.Quick.Name, "`size` of networks and training sets: quick or paper")
	f.Uint64Var(&o.seed, "seed", 0, "`seed` of everything that is drawn")
	f.StringVarP(&o.out, "out", "o", "experiment", "`FOLDER` to write to")
	f.StringVar(&o.format, "format", "text", "`format` of what is printed: text, or json for "+experimentJSON)
	addThreads(c, &o.threads)
	f.BoolVar(&o.resume, "resume", false, "go on with what an interrupted run has not finished")
	return c
}

// listed are the experiments with what they show.
func listed() string {
	var lines []string
	for _, name := range experiment.Names() {
		lines = append(lines, fmt.Sprintf("  %-14s %s", name, experiment.Title(name)))
	}
	return strings.Join(lines, "\n")
}

func (a *app) runExperiment(ctx context.Context, o experimentOptions) error {
	options, err := o.read(ctx)
	if err != nil {
		return err
	}
	dir, err := openOut(o.out)
	if err != nil {
		return err
	}
	defer dir.Close()
	if options.Cases, err = a.checkpoints(dir, o.resume); err != nil {
		return err
	}
	options.Progress = a.works()
	doc := experimented{Schema: experimentSchema, Command: o.again.command, Scale: o.scale, Seed: o.seed, Data: []images.File{}}
	if len(o.data) > 0 {
		doc.Data = options.Images.Files
	}
	names := []string{o.name}
	if o.name == allExperiments {
		names = experiment.Names()
	}
	for _, name := range names {
		result, err := experiment.Run(ctx, name, options)
		if err != nil {
			return err
		}
		doc.Results = append(doc.Results, result)
	}
	if err := dir.Finish(func(stage string) error { return doc.write(stage) }, experimentJSON); err != nil {
		return err
	}
	a.term.say("tables and figures are in %s", o.out)
	if o.format == "json" {
		return a.print(filepath.Join(o.out, experimentJSON))
	}
	return doc.print(a)
}

// read checks the flags and reads or draws the images.
func (o *experimentOptions) read(ctx context.Context) (experiment.Options, error) {
	var e experiment.Options
	if err := errors.Join(chosen("format", o.format, "text", "json"), chosen("scale", o.scale, scales[0].Name, scales[1].Name),
		within("threads", o.threads, 0, 1<<16)); err != nil {
		return e, err
	}
	at := slices.IndexFunc(scales, func(s experiment.Scale) bool { return s.Name == o.scale })
	e = experiment.Options{Scale: scales[at], Seed: o.seed, Threads: o.threads}
	if len(o.data) == 0 {
		e.Images = digits.Draw(e.Scale.Images(), o.seed)
		return e, nil
	}
	var err error
	if e.Images, err = loadImages(ctx, "data", o.data, images.Options{}); err != nil {
		return e, err
	}
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("--data: %w", err)
	}
	return e, nil
}

// works returns a progress function for several pieces of work, one after the other.
func (a *app) works() func(work string, share float64) {
	var current string
	var stage func(share float64, detail string)
	return func(work string, share float64) {
		if work != current {
			current, stage = work, a.term.stage(work)
		}
		stage(share, "")
	}
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
			os.WriteFile(path(".png"), figure, 0o644),
			grid.Write(path("-pictures.png"), r.Pictures))
		if err != nil {
			return err
		}
	}
	return createJSON(filepath.Join(dir, experimentJSON), d)
}

// print prints the tables for people.
func (d *experimented) print(a *app) error {
	for i, r := range d.Results {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintf(a.out, "%s: %s (figures %s)\n\n", r.Name, r.Title, strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Figures), " ", ", "), "[]"))
		if err := r.Summary.WriteText(a.out); err != nil {
			return err
		}
	}
	return nil
}
