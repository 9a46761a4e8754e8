// Package experiment reproduces the figures of section V of arXiv 2410.10120 at a scale that a small machine reaches: what
// the method says of networks that honoured a request to forget and of networks that did not, beside what membership
// inference, backdoors, model inversion and accuracies say of them. One more experiment, on networks trained as people train
// them, compares the evidence for known images with other methods.
//
// Every experiment is repeated over a few networks, which are trained on images of the set it is given, exported, and
// imported and audited as a stranger's. The outcome is a [Result]: tables, a figure and pictures.
//
//	scale := experiment.Quick
//	set := digits.Draw(experiment.Images("relabel", scale), 0)
//	result, err := experiment.Run(ctx, "relabel", experiment.Options{Images: set, Scale: scale})
package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics/grid"
)

// Options say what to run an experiment on.
type Options struct {
	// Images are what samples are drawn from, with labels: at least as many as the function Images says.
	Images *images.Set
	Scale  Scale
	// Seed determines everything that is drawn: the same seed gives the same result, whatever Threads is.
	Seed uint64
	// Threads is the number of threads; 0 stands for all.
	Threads int
	// Cases, if not empty, is a folder that the outcome of each network is kept in. What is found there is not done
	// again; it must be of a run with the same options, or the error wraps [ErrCases].
	Cases string
	// Progress, if not nil, is called with a piece of work and the share of it that is done.
	Progress func(work string, share float64)
}

// Result is the outcome of an experiment.
type Result struct {
	Name string `json:"name"`
	// Figures are the numbers of the paper's figures that it reproduces, if any.
	Figures []int  `json:"figures"`
	Title   string `json:"title"`
	// Summary has the means over the networks, Networks the same numbers for each of them, and Samples a row for each
	// training sample.
	Summary  Table     `json:"summary"`
	Networks Table     `json:"-"`
	Samples  Table     `json:"-"`
	Figure   Figure    `json:"-"`
	Pictures []Picture `json:"-"`
}

// Picture is a grid of pictures with a name.
type Picture struct {
	Name string
	grid.Table
}

// experiment is one of them.
type experiment struct {
	name    string
	figures []int
	title   string
	run     func(context.Context, *runner) (*Result, error)
}

var experiments = []experiment{
	{"sample-level", []int{3, 4, 5}, "Samples forgotten by training again without them", sampleLevel},
	{"class-level", []int{6, 7, 8}, "A class forgotten by training again without it", classLevel},
	{"robustness", []int{9, 10}, "Verification after pruning and fine-tuning", robustness},
	{"range", []int{11, 12}, "How many training samples can be verified", verifiableRange},
	{"relabel", []int{13, 14}, "Samples given other labels instead of being forgotten", relabel},
	{"baselines", []int{}, "Training samples found by the evidence and by other methods", baselines},
}

// Names are the experiments there are.
func Names() []string {
	var names []string
	for _, e := range experiments {
		names = append(names, e.name)
	}
	return names
}

// Title is what the experiment of a name shows, empty where there is none.
func Title(name string) string {
	e, _ := lookup(name)
	return e.title
}

func lookup(name string) (experiment, bool) {
	at := slices.IndexFunc(experiments, func(e experiment) bool { return e.name == name })
	if at < 0 {
		return experiment{}, false
	}
	return experiments[at], true
}

// Images is how many labelled images the experiment of a name needs to draw from.
func Images(name string, s Scale) int {
	if name == "baselines" {
		return s.Practice.images()
	}
	return s.images()
}

// Run runs the experiment of a name.
func Run(ctx context.Context, name string, o Options) (*Result, error) {
	e, ok := lookup(name)
	if !ok {
		return nil, fmt.Errorf("no experiment %q: there are %v", name, Names())
	}
	if err := o.Validate(name); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "unlearnguard-experiment-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &runner{Options: o, name: e.name, dir: dir, store: store{folder: o.Cases, run: o.fingerprint()}}
	result, err := e.run(ctx, r)
	if err != nil {
		return nil, err
	}
	result.Name, result.Figures, result.Title = e.name, e.figures, e.title
	return result, nil
}

// Validate reports what makes the options unusable for the experiment of a name.
func (o *Options) Validate(name string) error {
	switch n := Images(name, o.Scale); {
	case o.Images == nil || o.Images.Labels == nil:
		return errors.New("an experiment needs images with labels")
	case o.Images.Len() < n:
		return fmt.Errorf("%d images, %d are needed", o.Images.Len(), n)
	}
	return o.everyClass()
}

// everyClass reports a class that would have no training samples.
func (o *Options) everyClass() error {
	count := make([]int, slices.Max(o.Images.Labels)+1)
	for _, class := range o.Images.Labels {
		count[class]++
	}
	if len(count) > o.Scale.Samples {
		return fmt.Errorf("%d classes are too many for %d training samples", len(count), o.Scale.Samples)
	}
	for class, n := range count {
		if n == 0 {
			return fmt.Errorf("there is no image of class %d; classes go from 0 to %d", class, len(count)-1)
		}
	}
	return nil
}

// fingerprint stands for everything that outcomes depend on.
func (o *Options) fingerprint() string {
	h := sha256.New()
	fmt.Fprintf(h, "%+v %d %d %d %d %v ", o.Scale, o.Seed, o.Images.C, o.Images.H, o.Images.W, o.Images.Labels)
	_ = binary.Write(h, binary.LittleEndian, o.Images.Pixels) // a hash takes everything
	return fmt.Sprintf("%x", h.Sum(nil))
}

// runner is a running experiment.
type runner struct {
	Options
	name  string
	dir   string // for models on their way from one side to the other
	store store
}

// step returns a progress function for a piece of the work on a network.
func (r *runner) step(network int, what string) func(share float64) {
	work := fmt.Sprintf("%s, network %d of %d: %s", r.name, network+1, r.Scale.Networks, what)
	return func(share float64) {
		if r.Progress != nil {
			r.Progress(work, share)
		}
	}
}

// each runs trials, one a network, and returns their outcomes.
func each[T any](ctx context.Context, r *runner, do func(context.Context, *trial) (T, error)) ([]T, error) {
	return repeat(ctx, r, func(ctx context.Context, k int) (T, error) {
		t, err := newTrial(r, k)
		if err != nil {
			var none T
			return none, err
		}
		return do(ctx, t)
	})
}

// repeat does the same for the number of each network, and returns the outcomes.
func repeat[T any](ctx context.Context, r *runner, do func(ctx context.Context, number int) (T, error)) ([]T, error) {
	var all []T
	for k := range r.Scale.Networks {
		outcome, err := once(ctx, r.store, fmt.Sprintf("%s-%d", r.name, k), func() (T, error) { return do(ctx, k) })
		if err != nil {
			return nil, err
		}
		all = append(all, outcome)
	}
	return all, nil
}
