package lineage

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/onnxio"
)

const size = 12 * 12

// sampled draws images of some structure and their classes.
func sampled(rng *rand.Rand, n int) (x []float32, labels []int) {
	fixed := rand.New(rand.NewPCG(99, 1))
	patterns := make([]float64, 4*size)
	for i := range patterns {
		patterns[i] = fixed.NormFloat64()
	}
	for range n {
		label := rng.IntN(4)
		for i := range size {
			x = append(x, float32(patterns[label*size+i]/2+rng.NormFloat64()/2))
		}
		labels = append(labels, label)
	}
	return x, labels
}

// model is a network that was trained on the same images, from the start of a seed.
func model(t *testing.T, arch fixtures.Architecture, seed uint64) *onnxio.Model {
	t.Helper()
	m, err := fixtures.NewModel(arch, []int{1, 12, 12}, fixtures.ArchitectureOptions{Hidden: []int{48}, Width: 8, Classes: 4, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	x, labels := sampled(rand.New(rand.NewPCG(1, 1)), 60)
	m, _, err = fixtures.Fit(context.Background(), m, x, labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 12, Epochs: 6, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func compiled(t *testing.T, m *onnxio.Model) *graph.Network {
	t.Helper()
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// small is a network whose first layer started small and learnt all that it does.
func small(t *testing.T, seed uint64) *chain.Dense {
	t.Helper()
	x, labels := sampled(rand.New(rand.NewPCG(1, 1)), 24)
	m := mat.NewDense(24, size, nil)
	m.Apply(func(i, j int, _ float64) float64 { return float64(x[i*size+j]) }, m)
	net, _, err := fixtures.Train(context.Background(), m, labels, fixtures.Options{Hidden: []int{64}, Classes: 4, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func exported(t *testing.T, d *chain.Dense) *graph.Network {
	return compiled(t, fixtures.Export(d, 1, 12, 12))
}

// compared checks the relation.
func compared(t *testing.T, what string, before, after *graph.Network, want Relation) *Result {
	t.Helper()
	x, _ := sampled(rand.New(rand.NewPCG(8, 8)), 20)
	r, err := Compare(context.Background(), before, after, Options{References: x})
	if err != nil {
		t.Fatal(what, err)
	}
	if r.Relation != want {
		t.Errorf("%s: %s (%s), want %s; layers %+v", what, r.Relation, r.Reason, want, r.Layers)
	}
	return r
}

func TestUsualNetworks(t *testing.T) {
	for _, arch := range []fixtures.Architecture{fixtures.MLP, fixtures.VGGSmall, fixtures.VGGBN, fixtures.ResNet8} {
		m := model(t, arch, 1)
		before := compiled(t, m)
		name := string(arch)
		compared(t, name+" same", before, compiled(t, m), Same)
		compared(t, name+" of another seed", before, compiled(t, model(t, arch, 2)), Independent)
		compared(t, name+" noised", before, compiled(t, fixtures.NoiseModel(m, 0.5, 1)), Derived)
		pruned, err := fixtures.PruneModel(m, 0.5, fixtures.Magnitude, 1)
		if err != nil {
			t.Fatal(err)
		}
		compared(t, name+" pruned", before, compiled(t, pruned), Derived)
		x, labels := sampled(rand.New(rand.NewPCG(3, 3)), 60)
		tuned, _, err := fixtures.Fit(context.Background(), m, x, labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 12, Epochs: 6})
		if err != nil {
			t.Fatal(err)
		}
		compared(t, name+" fine-tuned", before, compiled(t, tuned), Derived)
	}
}

func TestSmallStart(t *testing.T) {
	d := small(t, 1)
	before := exported(t, d)
	compared(t, "another seed", before, exported(t, small(t, 2)), Independent)
	pruned, err := fixtures.Prune(d, 0.2, fixtures.Magnitude, 1)
	if err != nil {
		t.Fatal(err)
	}
	// What pruning leaves of the initial values is less than what it changes, and neurons are too much alike for more.
	compared(t, "pruned", before, exported(t, pruned), Unknown)
	rescaled, err := fixtures.RescaleNeurons(d, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := compared(t, "permuted and rescaled", before, exported(t, fixtures.PermuteNeurons(rescaled, 1)), Derived)
	if *r.Gradients < 0.9999 || !r.Layers[0].Permuted || !r.Layers[0].Scaled {
		t.Errorf("gradients %v, %+v", *r.Gradients, r.Layers[0])
	}
	// As large as this, noise hides where a network came from that is nothing but what it learnt.
	compared(t, "noised", before, exported(t, fixtures.AddNoise(d, 1, 1)), Unknown)
}

// dense is a network of default initial values.
func dense(t *testing.T, seed uint64) *chain.Dense {
	t.Helper()
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, 12, 12}, fixtures.ArchitectureOptions{Hidden: []int{64, 32}, Classes: 4, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	d, err := chain.DenseOf(compiled(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A change of rank 5 is found, and said, after neurons were permuted and rescaled.
func TestPlantedChange(t *testing.T) {
	d := dense(t, 1)
	before := exported(t, d)
	changed := *d
	changed.Layers = slices.Clone(d.Layers)
	rng := rand.New(rand.NewPCG(5, 5))
	var low mat.Dense
	low.Mul(normal(rng, 64, 5, 0.1), normal(rng, 5, size, 0.1))
	low.Add(d.Layers[0].W, &low)
	changed.Layers[0].W = &low
	rescaled, err := fixtures.RescaleNeurons(&changed, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := compared(t, "rank 5", before, exported(t, fixtures.PermuteNeurons(rescaled, 1)), Derived)
	l := r.Layers[0]
	if l.Rank != 5 || l.RankEnergy < 0.999 || !l.Permuted || !l.Scaled || !strings.Contains(r.Reason, "rank 5 in layer layers.0.weight") {
		t.Errorf("%s: %+v", r.Reason, l)
	}
	var change mat.Dense
	change.Sub(&low, d.Layers[0].W)
	if want := mat.Norm(&change, 2) / mat.Norm(d.Layers[0].W, 2); math.Abs(l.Change-want) > 0.01*want {
		t.Errorf("a change of %v of the norm, want %v", l.Change, want)
	}
	if second := r.Layers[1]; second.Weights.Cosine < 0.999 || second.Change > 0.01 {
		t.Errorf("the next layer was not aligned: %+v", second)
	}
}

func normal(rng *rand.Rand, rows, columns int, deviation float64) *mat.Dense {
	m := mat.NewDense(rows, columns, nil)
	m.Apply(func(int, int, float64) float64 { return deviation * rng.NormFloat64() }, m)
	return m
}

// Neurons that are split in two, and dead ones with large weights, change the layer's size but not what is found.
func TestSplitAndDead(t *testing.T) {
	d := dense(t, 1)
	before := exported(t, d)
	split := exported(t, widened(d, 20, func(i int, in, out []float64) (bias float64) {
		for j := range in {
			in[j] = 3 * d.Layers[0].W.At(i, j)
		}
		for j := range out {
			out[j] = d.Layers[1].W.At(j, i) / 6
		}
		return 3 * d.Layers[0].B[i]
	}, 0.5))
	r := compared(t, "split", before, split, Derived)
	if *r.Gradients < 0.9999 || r.Layers[0].Change > 1e-5 || r.Layers[1].Weights.Cosine < 0.9999 || r.Layers[0].RowsAfter != 84 {
		t.Errorf("gradients %v, %+v", *r.Gradients, r.Layers)
	}
	rng := rand.New(rand.NewPCG(6, 6))
	dead := exported(t, widened(d, 200, func(_ int, in, out []float64) (bias float64) {
		for j := range in {
			in[j] = 10 * rng.NormFloat64()
		}
		for j := range out {
			out[j] = rng.NormFloat64()
		}
		return -1e6
	}, 1))
	r = compared(t, "dead", before, dead, Derived)
	if r.Layers[0].Change > 1e-5 || r.Layers[1].Change > 1e-5 {
		t.Errorf("%+v", r.Layers)
	}
}

// widened is d with more neurons in its first layer, which fill sets: neuron 64+i by the weights in and out and the bias. The
// weights out of neuron i are multiplied by keep.
func widened(d *chain.Dense, more int, fill func(i int, in, out []float64) (bias float64), keep float64) *chain.Dense {
	out := *d
	out.Layers = slices.Clone(d.Layers)
	first, second := d.Layers[0], d.Layers[1]
	rows, width := first.W.Dims()
	next, _ := second.W.Dims()
	w1, w2 := mat.NewDense(rows+more, width, nil), mat.NewDense(next, rows+more, nil)
	w1.Copy(first.W)
	w2.Copy(second.W)
	out.Layers[0].B = slices.Clone(first.B)
	for i := range more {
		column := make([]float64, next)
		out.Layers[0].B = append(out.Layers[0].B, fill(i, w1.RawRowView(rows+i), column))
		w2.SetCol(rows+i, column)
		for j := 0; j < next && i < rows; j++ {
			w2.Set(j, i, keep*w2.At(j, i))
		}
	}
	out.Layers[0].W, out.Layers[1].W = w1, w2
	return &out
}

// Filters in another order are found, with the columns of the next layer, where the network is a chain and where it branches.
func TestPermutedFilters(t *testing.T) {
	m := model(t, fixtures.VGGSmall, 1)
	order := rand.New(rand.NewPCG(2, 2)).Perm(8)
	permuted := *m
	permuted.Initializers = slices.Clone(m.Initializers)
	for k, p := range permuted.Initializers[:3] { // filters and biases of the first convolution, channels of the second
		q := *p
		q.Float32s = slices.Clone(p.Float32s)
		outer := 1
		if k == 2 {
			outer = p.Shape[0]
		}
		block := len(p.Float32s) / outer / 8
		for i := range outer * 8 {
			from := i/8*8 + order[i%8]
			copy(q.Float32s[i*block:(i+1)*block], p.Float32s[from*block:(from+1)*block])
		}
		permuted.Initializers[k] = &q
	}
	r := compared(t, "permuted", compiled(t, m), compiled(t, &permuted), Derived)
	if *r.Gradients < 0.9999 || !r.Layers[0].Permuted || r.Layers[1].Permuted || r.Layers[1].Weights.Cosine < 0.9999 {
		t.Errorf("gradients %v, %+v", *r.Gradients, r.Layers)
	}
	b, err := fileLayers(context.Background(), compiled(t, m))
	if err != nil {
		t.Fatal(err)
	}
	a, err := fileLayers(context.Background(), compiled(t, &permuted))
	if err != nil {
		t.Fatal(err)
	}
	c, err := newComparison(context.Background(), compiled(t, m), compiled(t, &permuted), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.before, c.after, c.signs = b, a, true
	layers, err := c.layers(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		if l.Weights.Cosine < 0.9999 || l.Change > 1e-5 {
			t.Errorf("without the chain: %+v", l)
		}
	}
}

// Results depend on the seed alone, and models of other tasks are an error.
func TestCompareRepeats(t *testing.T) {
	before, after := exported(t, dense(t, 1)), exported(t, dense(t, 2))
	a := compared(t, "first", before, after, Independent)
	b, err := Compare(context.Background(), before, after, Options{References: make([]float32, size), Threads: 1})
	if err != nil || a.Reason != b.Reason || a.Layers[0].Weights != b.Layers[0].Weights {
		t.Errorf("%v: %s, then %s", err, a.Reason, b.Reason)
	}
	empty := *dense(t, 1)
	for i := range empty.Layers {
		empty.Layers[i].W.Zero()
	}
	r := compared(t, "zeros", exported(t, &empty), after, Unknown)
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	broken := model(t, fixtures.ResNet8, 1)
	broken.Initializers[0].Float32s[0] = float32(math.NaN())
	net := compiled(t, broken)
	if _, err := Compare(context.Background(), net, net, Options{}); err == nil || !strings.Contains(err.Error(), "conv.0.weight") {
		t.Errorf("weights that are no numbers: %v", err)
	}
	other, err := fixtures.NewModel(fixtures.MLP, []int{10}, fixtures.ArchitectureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(context.Background(), before, compiled(t, other), Options{}); err == nil {
		t.Error("models of different inputs were compared")
	}
}
