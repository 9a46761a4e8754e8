package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
)

// network is one case: what the model before is.
type network struct {
	data    string
	task    fixtures.Task
	samples int
	hidden  []int
}

// The first case is small, for a quick look; the others spread over data sets, tasks, sizes and depths.
var networks = []network{
	{"mnist", fixtures.OddEven, 20, []int{300}},
	{"mnist", fixtures.OddEven, 20, []int{1000}},
	{"mnist", fixtures.OddEven, 50, []int{500, 500}},
	{"mnist", fixtures.Classes, 50, []int{300, 300}},
	{"mnist", fixtures.Classes, 100, []int{500, 500}},
	{"fashion-mnist", fixtures.OddEven, 20, []int{300, 300}},
	{"fashion-mnist", fixtures.OddEven, 50, []int{1000}},
	{"fashion-mnist", fixtures.Classes, 50, []int{300, 300}},
	{"fashion-mnist", fixtures.Classes, 100, []int{1000}},
	{"cifar10", fixtures.Vehicles, 20, []int{300}},
	{"cifar10", fixtures.Vehicles, 50, []int{500, 500}},
	{"cifar10", fixtures.Classes, 50, []int{500, 500}},
}

func (n network) String() string {
	widths := strings.Trim(strings.ReplaceAll(fmt.Sprint(n.hidden), " ", "-"), "[]")
	return fmt.Sprintf("%s/%s/%d/%s", n.data, n.task, n.samples, widths)
}

const (
	// nullImages is the size of the reference set.
	nullImages = 400
	// forgotten is the share of the samples that the request is about.
	forgotten = 0.2
)

// bench is a case being measured.
type bench struct {
	network
	session

	// forget and keep are the two parts of the training samples; never are as many others as are to forget, and other
	// are samples to go on training on.
	forget, keep, never, other *images.Set
	reference                  *images.Set
	// before is the model before the request.
	before *specimen.Network

	outcomes []outcome
}

// load picks the images of the case.
func (b *bench) load(ctx context.Context) error {
	dir := filepath.Join(b.session.data, b.network.data)
	all, err := images.LoadAll(ctx, []string{dir}, images.Options{})
	if err != nil {
		return err
	}
	forget := int(forgotten * float64(b.samples))
	picked, err := fixtures.Select(all.Labels, b.task, 2*b.samples+forget, b.seed)
	if err != nil {
		return err
	}
	take := func(n int) *images.Set {
		out := all.Subset(picked[:n])
		picked = picked[n:]
		return out
	}
	b.forget, b.keep, b.never, b.other = take(forget), take(b.samples-forget), take(forget), take(b.samples)
	b.reference, err = images.LoadAll(ctx, []string{fmt.Sprintf("%s[test]#0-%d", dir, nullImages-1)}, images.Options{})
	return err
}

// trained are the samples of the model before, those to forget first.
func (b *bench) trained() *images.Set { return images.MustJoin(b.forget, b.keep) }

// classes is the number of classes of the task.
func (b *bench) classes() int {
	if b.task.Binary() {
		return 2
	}
	return 10
}

// train trains a network from scratch about the samples' mean.
func (b *bench) train(ctx context.Context, set *images.Set, seed uint64) (*specimen.Network, error) {
	return specimen.Train(ctx, set, b.task, fixtures.Options{Hidden: b.hidden, Classes: b.classes(), Seed: seed})
}
