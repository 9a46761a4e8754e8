package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// row is a kind of network and the targets for it.
type row struct {
	name    string
	data    string // folder of the data set
	samples int
	arch    fixtures.Architecture
	hidden  []int
	fit     fixtures.FitOptions
	// embedded feeds it the features of a frozen network instead of the images.
	embedded         bool
	single, together float64
}

var rows = []row{
	{name: "mlp100", data: "mnist", samples: 100, arch: fixtures.MLP, single: 0.55, together: 1,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 200}},
	{name: "mlp200", data: "mnist", samples: 200, arch: fixtures.MLP, single: 0.45, together: 1,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 200}},
	{name: "adam500", data: "mnist", samples: 500, arch: fixtures.MLP, hidden: []int{512, 256}, single: 0.2, together: 0.99,
		fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 32, Epochs: 100}},
	{name: "sgd1000", data: "mnist", samples: 1000, arch: fixtures.MLP, hidden: []int{512, 256}, single: 0.12, together: 0.9,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 100}},
	{name: "vgg200", data: "cifar10", samples: 200, arch: fixtures.VGGBN, single: 0.8, together: 1,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 16, Epochs: 60}},
	{name: "vgg1000", data: "cifar10", samples: 1000, arch: fixtures.VGGBN, single: 0.5, together: 1,
		fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 32, Epochs: 40}},
	{name: "resnet500", data: "cifar10", samples: 500, arch: fixtures.ResNet8, single: 0.25, together: 0.99,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 32, Epochs: 60, Schedule: fixtures.Cosine}},
	{name: "aug500", data: "cifar10", samples: 500, arch: fixtures.VGGBN, single: 0.1, together: 0.95,
		fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 16, Epochs: 80, Schedule: fixtures.Cosine, Shift: 2, Flip: true}},
	{name: "emb100", data: "cifar10", samples: 100, arch: fixtures.MLP, hidden: []int{256}, embedded: true, single: 0.55, together: 1,
		fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 16, Epochs: 100}},
	{name: "emb300", data: "cifar10", samples: 300, arch: fixtures.MLP, hidden: []int{256}, embedded: true, single: 0.25, together: 0.99,
		fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 16, Epochs: 100}},
}

// Images of each kind: the reference set, and those never trained on that are counted.
const (
	references = 1000
	strangers  = 1500
	controls   = 30
	extracted  = 1000 // images that the frozen network is trained on
)

// part is some samples as a network is fed them.
type part struct {
	x      []float32
	labels []int
}

func (p part) slice(from, to int) part {
	size := len(p.x) / len(p.labels)
	return part{p.x[from*size : to*size], p.labels[from:to]}
}

// load reads a data set in an order by the seed. Pixels are left as they are, in [0,1].
func load(ctx context.Context, dir, name string, seed uint64) (part, []int, error) {
	specs := []string{filepath.Join(dir, name) + "[train]", filepath.Join(dir, name) + "[test]"}
	set, err := images.LoadAll(ctx, specs, images.Options{})
	if err != nil {
		return part{}, nil, fmt.Errorf("%w (give the folder of the data sets with -data or UNLEARNGUARD_SHARED)", err)
	}
	var p part
	for _, i := range rand.New(rand.NewPCG(seed, 17)).Perm(set.Len()) {
		p.x = append(p.x, set.Image(i)...)
		p.labels = append(p.labels, set.Labels[i])
	}
	return p, []int{set.C, set.H, set.W}, nil
}

// features replaces images by what a frozen network makes of them: the 256 activations before the last layer of one that was
// trained on the first images, which are left out.
func features(ctx context.Context, p part, shape []int) (part, []int, error) {
	m, err := fixtures.NewModel(fixtures.VGGBN, shape, fixtures.ArchitectureOptions{Hidden: []int{256}, Seed: 99})
	if err != nil {
		return p, nil, err
	}
	first := p.slice(0, extracted)
	m, _, err = fixtures.Fit(ctx, m, first.x, first.labels, fixtures.FitOptions{Optimizer: fixtures.Adam, Epochs: 15, Seed: 99})
	if err != nil {
		return p, nil, err
	}
	last := m.Nodes[len(m.Nodes)-1]
	m.Outputs = []onnxio.Value{{Name: last.Inputs[0], DType: onnxio.Float32}}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		return p, nil, err
	}
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Output: true})
	if err != nil {
		return p, nil, err
	}
	rest := p.slice(extracted, len(p.labels))
	x, err := r.Outputs(ctx, rest.x)
	return part{x, rest.labels}, []int{256}, err
}
