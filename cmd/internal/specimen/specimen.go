// Package specimen makes networks whose training samples are known, and takes them the way that a stranger's come: out to an
// ONNX file and in again. The experiments and the benchmarks audit them.
package specimen

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
)

// Network is a trained network.
type Network struct {
	Net  *chain.Dense
	Info fixtures.Info // the end of its training
	// Mean is the image that its inputs are centred by.
	Mean images.Values
	Task fixtures.Task
}

// Train trains a network on the images of a set about their mean, by the labels that the task makes of their classes.
func Train(ctx context.Context, set *images.Set, task fixtures.Task, o fixtures.Options) (*Network, error) {
	n := &Network{Mean: images.Mean(set), Task: task}
	x, err := n.Input(set)
	if err != nil {
		return nil, err
	}
	n.Net, n.Info, err = fixtures.Train(ctx, x, Labels(set, task), o)
	return n, err
}

// FineTune goes on training on the images of a set with other labels than theirs, or with theirs where labels is nil. The
// mean stays.
func (n *Network) FineTune(ctx context.Context, set *images.Set, labels []int, o fixtures.Options) (*Network, error) {
	if labels == nil {
		labels = Labels(set, n.Task)
	}
	x, err := n.Input(set)
	if err != nil {
		return nil, err
	}
	tuned := *n
	tuned.Net, tuned.Info, err = fixtures.FineTune(ctx, n.Net, x, labels, o)
	return &tuned, err
}

// With is the network with other parameters.
func (n *Network) With(net *chain.Dense) *Network {
	changed := *n
	changed.Net = net
	return &changed
}

// Input is what the network is fed for the images of a set: one a row.
func (n *Network) Input(set *images.Set) (*mat.Dense, error) { return n.Normalisation().Apply(set) }

// Normalisation is what its inputs go through.
func (n *Network) Normalisation() images.Normalisation { return images.Normalisation{Mean: n.Mean} }

// Logits are what the network gives the images of a set: one row an image.
func (n *Network) Logits(set *images.Set) (*mat.Dense, error) {
	x, err := n.Input(set)
	if err != nil {
		return nil, err
	}
	return fixtures.Logits(n.Net, x)
}

// Predict returns the labels that the network gives the images of a set.
func (n *Network) Predict(set *images.Set) ([]int, error) {
	logits, err := n.Logits(set)
	if err != nil {
		return nil, err
	}
	return fixtures.Predict(logits), nil
}

// Open exports the network, for images of the size of those in like, to a file in dir and imports it again. A file of that
// name is replaced.
func (n *Network) Open(ctx context.Context, dir, name string, like *images.Set) (*audit.Model, error) {
	path := filepath.Join(dir, name+".onnx")
	if err := onnxio.WriteFile(path, fixtures.Export(n.Net, like.C, like.H, like.W)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return audit.Open(ctx, path, graph.Options{})
}

// DataSets is the folder of the data sets that benchmarks train on, which are no part of the project: data in
// $UNLEARNGUARD_SHARED or, without it, in ../shared.
func DataSets() string {
	return filepath.Join(cmp.Or(os.Getenv("UNLEARNGUARD_SHARED"), filepath.Join("..", "shared")), "data")
}

// Labels are those that a task gives the images of a set.
func Labels(set *images.Set, task fixtures.Task) []int {
	labels := make([]int, set.Len())
	for i, class := range set.Labels {
		labels[i] = task.Label(class)
	}
	return labels
}
