package graph

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"unlearnguard/onnxio"
)

// branched is a network with everything that shares or overwrites memory: a branch, normalisation, pooling, a
// concatenation, a product of two activations, and a weight that two layers share.
func branched(rng *rand.Rand) *onnxio.Model {
	random := func(name string, shape ...int) *onnxio.Tensor {
		return floats(name, shape, converted[float32](normal(rng, shape...).data)...)
	}
	variance := random("var", 3)
	for i, v := range variance.Float32s {
		variance.Float32s[i] = 0.5 + v*v
	}
	w := []*onnxio.Tensor{
		random("w", 3, 2, 3, 3), random("scale", 3), random("bias", 3), random("mean", 3), variance, random("w2", 3, 3, 1, 1),
		random("w3", 4, 12), ints("flat", 0, -1), random("tied", 4, 4), random("b", 4), random("square", 4, 4),
	}
	return model([]int64{2, 4, 4}, w,
		node("Conv", "c", in("x", "w"), intsAttr("pads", 1, 1, 1, 1)),
		node("BatchNormalization", "n", in("c", "scale", "bias", "mean", "var")),
		node("Relu", "r", in("n")),
		node("Conv", "c2", in("r", "w2")),
		node("Add", "s", in("c2", "n")),
		node("MaxPool", "p", in("s"), intsAttr("kernel_shape", 2, 2), intsAttr("strides", 2, 2)),
		node("Reshape", "f", in("p", "flat")),
		node("Gemm", "g", in("f", "w3", "b"), intAttr("transB", 1)),
		node("Tanh", "t", in("g")),
		node("MatMul", "m", in("t", "tied")),
		node("MatMul", "m2", in("m", "tied")),
		node("Softmax", "a", in("m2"), intAttr("axis", 1)),
		node("Mul", "q", in("a", "m")),
		node("Sub", "y", in("q", "t")),
	)
}

// The gradients by samples and by parameters are those of the outputs, in any direction, for batches that are cut into
// parts and on any number of threads.
func TestGradients(t *testing.T) {
	for seed := range uint64(5) {
		net, err := Compile(branched(rand.New(rand.NewPCG(seed, 1))), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, opts := range []RunOptions{{}, {Batch: 2, Threads: 2}, {Batch: 5, Threads: 1, Training: true}} {
			if e := directional(t, net, opts, seed, 5); !(e < 1e-7) {
				t.Errorf("seed %d, %+v: relative error %v", seed, opts, e)
			}
		}
	}
}

// directional is the relative error of the gradients' product with a random direction against differences.
func directional(t *testing.T, net *Network, opts RunOptions, seed uint64, samples int) float64 {
	t.Helper()
	opts.Input, opts.Parameters, opts.Output = true, true, true
	train := opts.Training
	r, err := NewRunner[float64](net, opts)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	x := normal(rng, samples*volume(net.InputShape)).data
	weights := normal(rng, samples*volume(r.ResultShape())).data
	var inner float64
	dx := normal(rng, len(x)).data
	weigh := func(first, n int, _, w []float64) { copy(w, weights[first*len(w)/n:]) }
	err = r.Run(context.Background(), x, weigh, func(p Pass[float64]) error {
		at := p.First * volume(net.InputShape)
		for i, g := range p.Input {
			inner += g * dx[at+i]
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The parameters' part; a runner that does not train reads the file's tensors, which are replaced by moved ones.
	directions := map[string][]float64{}
	for _, p := range r.Parameters() {
		if p.Gradient == nil {
			continue
		}
		d := normal(rng, len(p.Value)).data
		for i, g := range p.Gradient {
			inner += g * d[i]
		}
		directions[p.Name] = d
	}
	value := func(h float64) float64 {
		moved, err := NewRunner[float64](net, RunOptions{Output: true, Batch: opts.Batch, Training: true})
		if err != nil {
			t.Fatal(err)
		}
		moved.opts.Training = train
		for _, e := range moved.streams[0].graphs {
			for _, i := range e.program.steps {
				i.site.training = train
			}
		}
		for _, p := range moved.Parameters() {
			for i, d := range directions[p.Name] {
				p.Value[i] += h * d
			}
		}
		moved.Changed()
		at := slices.Clone(x)
		for i, d := range dx {
			at[i] += h * d
		}
		y, err := moved.Outputs(context.Background(), at)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range y {
			sum += v * weights[i]
		}
		return sum
	}
	const h = 1e-6
	want := (value(h) - value(-h)) / (2 * h)
	return math.Abs(inner-want) / max(1, math.Abs(want))
}

func TestGradientsOfTheCorpus(t *testing.T) {
	for i, path := range corpus(t, "torch") {
		m, err := onnxio.ReadFile(context.Background(), path, onnxio.Options{})
		if err != nil {
			t.Fatal(err)
		}
		net, err := Compile(m, Options{})
		if err != nil || volume(net.InputShape) > 1000 {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			if e := directional(t, net, RunOptions{}, uint64(i), 1); !(e < 1e-4) {
				t.Errorf("relative error %v", e)
			}
		})
	}
}

// A runner's results are the same to the last bit for any number of threads.
func TestRunnerThreads(t *testing.T) {
	net, err := Compile(branched(rand.New(rand.NewPCG(3, 1))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var first []float32
	for _, threads := range []int{1, 2, 4} {
		r, err := NewRunner[float32](net, RunOptions{Input: true, Parameters: true, Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 3))
		x := converted[float32](normal(rng, 200*volume(net.InputShape)).data)
		var all []float32
		err = r.Run(context.Background(), x, func(_, _ int, y, w []float32) { copy(w, y) }, func(p Pass[float32]) error {
			all = append(append(all, p.Output...), p.Input...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Parameters() {
			all = append(all, p.Gradient...)
		}
		if first == nil {
			first = all
		}
		if !slices.Equal(first, all) {
			t.Errorf("%d threads give other results", threads)
		}
	}
}
