package graph

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

// broad is a small network on large samples, so that a few of these fill a core's cache.
func broad(rng *rand.Rand) *onnxio.Model {
	random := func(name string, shape ...int) *onnxio.Tensor {
		return floats(name, shape, converted[float32](normal(rng, shape...).data)...)
	}
	return model([]int64{2, 64, 64}, []*onnxio.Tensor{random("w", 8, 2, 3, 3), random("w2", 4, 8, 3, 3), random("w3", 3, 4)},
		node("Conv", "c", in("x", "w"), intsAttr("pads", 1, 1, 1, 1)),
		node("Relu", "r", in("c")),
		node("Conv", "c2", in("r", "w2"), intsAttr("pads", 1, 1, 1, 1)),
		node("Relu", "r2", in("c2")),
		node("GlobalAveragePool", "p", in("r2")),
		node("Flatten", "f", in("p")),
		node("Gemm", "y", in("f", "w3"), intAttr("transB", 1)),
	)
}

// seen is everything that a runner shows of samples, in order.
type seen struct {
	outputs, inputs, activations, signals []float32
	gradients                             map[string][]float32
	weighed, visited                      []int
}

func watch(t *testing.T, r *Runner[float32], x []float32) seen {
	t.Helper()
	var s seen
	err := r.Run(context.Background(), x, func(first, n int, y, w []float32) {
		s.weighed = append(s.weighed, first)
		copy(w, y)
	}, func(p Pass[float32]) error {
		s.visited = append(s.visited, p.First)
		s.outputs, s.inputs = append(s.outputs, p.Output...), append(s.inputs, p.Input...)
		for _, l := range p.Layers[1:2] {
			s.activations, s.signals = append(s.activations, l.Activations...), append(s.signals, l.Signals...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.gradients = map[string][]float32{}
	for _, p := range r.Parameters() {
		s.gradients[p.Name] = slices.Clone(p.Gradient)
	}
	return s
}

func broadRunner(t *testing.T, threads int, parameters bool) (*Runner[float32], []float32) {
	t.Helper()
	net, err := Compile(broad(rand.New(rand.NewPCG(1, 2))), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewRunner[float32](net, RunOptions{Layers: true, Parameters: parameters, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	if !r.separate || r.batch < 4 || r.batch > 32 || len(r.streams) != threads {
		t.Fatalf("batches of %d on %d streams: the test is for several", r.batch, len(r.streams))
	}
	const samples = 90
	return r, converted[float32](normal(rand.New(rand.NewPCG(3, 4)), samples*volume(net.InputShape)).data)
}

// Streams give the same to the last bit whatever their number, in the samples' order.
func TestStreams(t *testing.T) {
	for _, parameters := range []bool{false, true} {
		var one seen
		for _, threads := range []int{1, 2, 3, 5} {
			r, x := broadRunner(t, threads, parameters)
			s := watch(t, r, x)
			if !slices.IsSorted(s.weighed) || !slices.Equal(s.weighed, s.visited) || len(s.visited) < 4 {
				t.Errorf("%d threads: batches from %v on are weighed, from %v on visited", threads, s.weighed, s.visited)
			}
			if threads == 1 {
				one = s
				continue
			}
			for _, c := range [][2][]float32{{one.outputs, s.outputs}, {one.inputs, s.inputs}, {one.activations, s.activations}, {one.signals, s.signals},
				{one.gradients["w"], s.gradients["w"]}, {one.gradients["w2"], s.gradients["w2"]}, {one.gradients["w3"], s.gradients["w3"]}} {
				if !slices.Equal(c[0], c[1]) {
					t.Errorf("%d threads give other numbers, parameters %v", threads, parameters)
				}
			}
		}
	}
}

// The gradients by parameters add up over batches and runs, and begin anew when they are told to.
func TestStreamsAddGradientsUp(t *testing.T) {
	r, x := broadRunner(t, 2, true)
	whole := watch(t, r, x).gradients["w2"]
	half := len(x) / 2
	r.ZeroGradients()
	watch(t, r, x[:half])
	parts := watch(t, r, x[half:]).gradients["w2"]
	twice := watch(t, r, x).gradients["w2"]
	top := float64(slices.Max(whole))
	for i, w := range whole {
		if d := float64(parts[i] - w); d > 1e-4*top || d < -1e-4*top {
			t.Fatalf("two halves give %v, all %v", parts[i], w)
		}
		if d := float64(twice[i] - 2*w); d > 1e-4*top || d < -1e-4*top {
			t.Fatalf("twice all gives %v, once %v", twice[i], w)
		}
	}
}

// A stream that fails lets the others take their turn.
func TestStreamsFail(t *testing.T) {
	r, x := broadRunner(t, 3, false)
	if err := r.Run(context.Background(), x, nil, nil); err == nil || !strings.Contains(err.Error(), "no weight of the outputs") {
		t.Errorf("without weights: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("the panic of a callback is lost")
		}
	}()
	_ = r.Run(context.Background(), x, func(int, int, []float32, []float32) { panic("of the caller") }, nil)
}
