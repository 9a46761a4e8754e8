// Package practice has the networks that evidence for known images is measured on: trained as people train theirs, on real
// images of which it is known which were trained on. Start with [Rows].
package practice

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// Row is a kind of network and the targets for it.
type Row struct {
	Name string
	// Data is the folder of the data set.
	Data    string
	Samples int
	Arch    fixtures.Architecture
	Hidden  []int
	Fit     fixtures.FitOptions
	// Embedded feeds it the features of a frozen network instead of the images.
	Embedded bool
	// Linear takes the features as they are before the frozen network's ReLU, which leaves many of them 0.
	Linear bool
	// SmallStart trains it to tell odd from even numbers from a small start, on all samples at a time, as the published
	// experiments do (fixtures.Train); Arch and Fit say nothing then.
	SmallStart bool
	// Single and Together are the shares of training samples, one by one and in groups of 20, that must be found: single
	// ones at the rate Alarms of false alarms, which stands for 1 % where it is 0, and groups at 1 %.
	Single, Together, Alarms float64
}

// Rows are the kinds of networks that are measured.
var Rows = []Row{
	{Name: "mlp100", Data: "mnist", Samples: 100, Arch: fixtures.MLP, Single: 0.55, Together: 1,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 200}},
	{Name: "mlp200", Data: "mnist", Samples: 200, Arch: fixtures.MLP, Single: 0.45, Together: 1,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 200}},
	{Name: "adam500", Data: "mnist", Samples: 500, Arch: fixtures.MLP, Hidden: []int{512, 256}, Single: 0.2, Together: 0.99,
		Fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 32, Epochs: 100}},
	{Name: "sgd1000", Data: "mnist", Samples: 1000, Arch: fixtures.MLP, Hidden: []int{512, 256}, Single: 0.12, Together: 0.9,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.05, Batch: 16, Epochs: 100}},
	{Name: "vgg200", Data: "cifar10", Samples: 200, Arch: fixtures.VGGBN, Single: 0.8, Together: 1,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 16, Epochs: 60}},
	{Name: "vgg1000", Data: "cifar10", Samples: 1000, Arch: fixtures.VGGBN, Single: 0.5, Together: 1,
		Fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 32, Epochs: 40}},
	{Name: "resnet500", Data: "cifar10", Samples: 500, Arch: fixtures.ResNet8, Single: 0.25, Together: 0.99,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 32, Epochs: 60, Schedule: fixtures.Cosine}},
	{Name: "aug500", Data: "cifar10", Samples: 500, Arch: fixtures.VGGBN, Single: 0.1, Together: 0.95,
		Fit: fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 16, Epochs: 80, Schedule: fixtures.Cosine, Shift: 2, Flip: true}},
	{Name: "emb100", Data: "cifar10", Samples: 100, Arch: fixtures.MLP, Hidden: []int{256}, Embedded: true, Single: 0.55, Together: 1,
		Fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 16, Epochs: 100}},
	{Name: "emb300", Data: "cifar10", Samples: 300, Arch: fixtures.MLP, Hidden: []int{256}, Embedded: true, Single: 0.25, Together: 0.99,
		Fit: fixtures.FitOptions{Optimizer: fixtures.Adam, Rate: 1e-3, Batch: 16, Epochs: 100}},
	{Name: "small500", Data: "mnist", Samples: 500, Hidden: []int{1000, 1000}, SmallStart: true, Single: 0.5, Together: 1, Alarms: 0.05},
}

// Choose picks rows by name; none stands for all.
func Choose(names []string) ([]Row, error) {
	if len(names) == 0 {
		return Rows, nil
	}
	var out []Row
	for _, name := range names {
		i := slices.IndexFunc(Rows, func(r Row) bool { return r.Name == name })
		if i < 0 {
			var known []string
			for _, r := range Rows {
				known = append(known, r.Name)
			}
			return nil, fmt.Errorf("row %q is not known: choose of %v", name, known)
		}
		out = append(out, Rows[i])
	}
	return out, nil
}

// Load reads what the row's networks are fed, in an order by the seed. Pixels are left as they are, in [0,1].
func (r Row) Load(ctx context.Context, dir string, seed uint64) (*images.Set, error) {
	specs := []string{filepath.Join(dir, r.Data) + "[train]", filepath.Join(dir, r.Data) + "[test]"}
	set, err := images.LoadAll(ctx, specs, images.Options{})
	if err != nil {
		return nil, fmt.Errorf("%w (give the folder of the data sets with -data or UNLEARNGUARD_SHARED)", err)
	}
	set = set.Subset(rand.New(rand.NewPCG(seed, 17)).Perm(set.Len()))
	switch {
	case r.Embedded:
		return features(ctx, set, r.Linear)
	case r.SmallStart:
		return oddEven(set, r.Samples)
	}
	return set, nil
}

// oddEven are the images about the mean of the first n, with labels for odd and even numbers.
func oddEven(set *images.Set, n int) (*images.Set, error) {
	x, err := images.Normalisation{Mean: images.Mean(set.Range(0, n))}.Feed(set)
	out := *set
	out.Pixels, out.Labels = x, specimen.Labels(set, fixtures.OddEven)
	return &out, err
}

// Start is a network of the row as it is before training.
func (r Row) Start(like *images.Set, seed uint64) (*onnxio.Model, error) {
	shape := []int{like.C, like.H, like.W}
	if r.Embedded {
		shape = []int{like.Dim()}
	}
	return fixtures.NewModel(r.Arch, shape, fixtures.ArchitectureOptions{Hidden: r.Hidden, Seed: seed})
}

// Train trains a network of the row.
func (r Row) Train(ctx context.Context, on *images.Set, seed uint64) (*onnxio.Model, fixtures.FitInfo, error) {
	if r.SmallStart {
		return r.trainFromSmallStart(ctx, on, seed)
	}
	start, err := r.Start(on, seed)
	if err != nil {
		return nil, fixtures.FitInfo{}, err
	}
	fit := r.Fit
	fit.Seed = seed
	return fixtures.Fit(ctx, start, on.Pixels, on.Labels, fit)
}

func (r Row) trainFromSmallStart(ctx context.Context, on *images.Set, seed uint64) (*onnxio.Model, fixtures.FitInfo, error) {
	x, err := images.Normalisation{}.Apply(on)
	if err != nil {
		return nil, fixtures.FitInfo{}, err
	}
	net, info, err := fixtures.Train(ctx, x, on.Labels, fixtures.Options{Hidden: r.Hidden, Seed: seed})
	if err != nil {
		return nil, fixtures.FitInfo{}, err
	}
	accuracy := 0.
	if info.Margin > 0 {
		accuracy = 1
	}
	return fixtures.Export(net, on.C, on.H, on.W), fixtures.FitInfo{Accuracy: accuracy}, nil
}

// extracted is the number of images that the frozen network is trained on.
const extracted = 1000

// features replaces images by what a frozen network makes of them: the 256 activations before the last layer of one that was
// trained on the first images, which are left out.
func features(ctx context.Context, set *images.Set, linear bool) (*images.Set, error) {
	m, err := fixtures.NewModel(fixtures.VGGBN, []int{set.C, set.H, set.W}, fixtures.ArchitectureOptions{Hidden: []int{256}, Seed: 99})
	if err != nil {
		return nil, err
	}
	first := set.Range(0, extracted)
	m, _, err = fixtures.Fit(ctx, m, first.Pixels, first.Labels, fixtures.FitOptions{Optimizer: fixtures.Adam, Epochs: 15, Seed: 99})
	if err != nil {
		return nil, err
	}
	last := m.Nodes[len(m.Nodes)-1]
	at := last.Inputs[0]
	if linear {
		at = m.Nodes[len(m.Nodes)-2].Inputs[0]
	}
	m.Outputs = []onnxio.Value{{Name: at, DType: onnxio.Float32}}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		return nil, err
	}
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Output: true})
	if err != nil {
		return nil, err
	}
	rest := set.Range(extracted, set.Len())
	x, err := r.Outputs(ctx, rest.Pixels)
	return &images.Set{C: 1, H: 1, W: 256, Pixels: x, Labels: rest.Labels, Names: rest.Names}, err
}
