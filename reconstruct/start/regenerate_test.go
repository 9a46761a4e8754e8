package start_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/graph"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start"
)

// The start of a trained network is regenerated from its seed, bit for bit, in whatever way the file has its weights: as
// linear layers, as products with a transposed weight, behind a layer that was frozen.
func TestRegenerate(t *testing.T) {
	first, err := fixtures.NewModel(fixtures.VGGSmall, []int{1, 8, 8}, fixtures.ArchitectureOptions{Hidden: []int{20}, Width: 4, Seed: 11, Torch: true})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*onnxio.Model){
		"as it is": func(*onnxio.Model) {},
		"products": asProducts,
		"frozen":   func(m *onnxio.Model) { slices.Reverse(tensor(m, "conv.0.weight").Float32s) },
	} {
		m := clone(first)
		change(m)
		values, err := start.Regenerate(m, 11, start.Torch)
		if name == "frozen" { // the modules that were drawn after another one come out otherwise
			if !errors.Is(err, start.ErrOtherStart) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, p := range m.Initializers {
			if got := values[p.Name]; got != nil && !slices.Equal(got, p.Float32s) {
				t.Errorf("%s: %s is drawn otherwise", name, p.Name)
			}
		}
		if len(values) != 8 {
			t.Errorf("%s: %d parameters", name, len(values))
		}
	}
	if _, err := start.Regenerate(first, 12, start.Torch); !errors.Is(err, start.ErrOtherStart) {
		t.Errorf("another seed: %v", err)
	}
}

// A head whose seed was set before it alone is found behind layers that are frozen.
func TestRegenerateHead(t *testing.T) {
	m, err := fixtures.NewModel(fixtures.MLP, []int{30}, fixtures.ArchitectureOptions{Hidden: []int{40, 20}, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	head, err := fixtures.NewModel(fixtures.MLP, []int{40}, fixtures.ArchitectureOptions{Hidden: []int{20}, Seed: 6, Torch: true})
	if err != nil {
		t.Fatal(err)
	}
	for k := range 4 {
		m.Initializers[2+k].Float32s = head.Initializers[k].Float32s
	}
	values, err := start.Regenerate(m, 6, start.Torch)
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != 4 || !slices.Equal(values[m.Initializers[2].Name], head.Initializers[0].Float32s) {
		t.Errorf("%d parameters", len(values))
	}
}

func tensor(m *onnxio.Model, name string) *onnxio.Tensor {
	for _, t := range m.Initializers {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func clone(m *onnxio.Model) *onnxio.Model {
	out := *m
	out.Nodes, out.Initializers = slices.Clone(m.Nodes), nil
	for _, t := range m.Initializers {
		c := *t
		c.Float32s = slices.Clone(t.Float32s)
		out.Initializers = append(out.Initializers, &c)
	}
	return &out
}

// asProducts writes linear layers as MatMul with a transposed weight and Add.
func asProducts(m *onnxio.Model) {
	var nodes []onnxio.Node
	for _, n := range m.Nodes {
		if n.Op != "Gemm" {
			nodes = append(nodes, n)
			continue
		}
		w := tensor(m, n.Inputs[1])
		h, d := w.Shape[0], w.Shape[1]
		turned := make([]float32, len(w.Float32s))
		for i, v := range w.Float32s {
			turned[i%d*h+i/d] = v
		}
		w.Float32s, w.Shape = turned, []int{d, h}
		nodes = append(nodes,
			onnxio.Node{Name: n.Name, Op: "MatMul", Inputs: n.Inputs[:2], Outputs: []string{n.Name + ".product"}},
			onnxio.Node{Name: n.Name + ".add", Op: "Add", Inputs: []string{n.Inputs[2], n.Name + ".product"}, Outputs: n.Outputs})
	}
	m.Nodes = nodes
}

// Find sees which images moved a network that was trained on digits, from its start and from a checkpoint, behind a frozen layer
// as well; and says what keeps it from it.
func TestFind(t *testing.T) {
	first, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{120, 60}, Seed: 3, Torch: true})
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{12}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	on, others := digits.Draw(40, 1), digits.Draw(200, 2)
	fit := func(from *onnxio.Model, o fixtures.FitOptions) *onnxio.Model {
		t.Helper()
		o.Batch = 8
		m, _, err := fixtures.Fit(context.Background(), from, on.Pixels, on.Labels, o)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	sgd := fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Epochs: 6}
	decay := sgd
	decay.WeightDecay = 0.01
	early := fit(first, sgd)
	for _, c := range []struct {
		name        string
		from, after *onnxio.Model
		found       bool
	}{
		{"start", first, early, true},
		{"checkpoint", early, fit(early, sgd), true},
		{"weight decay", first, fit(first, decay), true},
		{"more samples than neurons", narrow, fit(narrow, sgd), false},
		{"itself", early, early, false},
	} {
		net, from := compiled(t, c.after), compiled(t, c.from)
		values, err := start.ValuesOf(net, from)
		if err != nil {
			t.Fatal(err)
		}
		known := start.Known{}
		for i := range 20 {
			known.Trained = append(known.Trained, 20+i)
		}
		for i := range others.Len() {
			known.Never = append(known.Never, on.Len()+i)
		}
		f, err := start.Find(context.Background(), net, []start.Values{values}, append(slices.Clone(on.Pixels), others.Pixels...), known)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if why := f.Powerless(); (why == "") != c.found {
			t.Errorf("%s: powerless: %q", c.name, why)
		}
		if !c.found {
			continue
		}
		far := slices.Min(f.Distances[on.Len():])
		if near := slices.Max(f.Distances[:on.Len()]); near > far/3 {
			t.Errorf("%s: training samples up to %.2g, others from %.2g", c.name, near, far)
		}
	}
}

func compiled(t *testing.T, m *onnxio.Model) *graph.Network {
	t.Helper()
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}
