package start_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start"
)

// drawn is a network as PyTorch draws it.
func drawn(t *testing.T, arch fixtures.Architecture, input []int, hidden ...int) *onnxio.Model {
	t.Helper()
	m, err := fixtures.NewModel(arch, input, fixtures.ArchitectureOptions{Hidden: hidden, Width: 4, Seed: 3, Torch: true})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A start is genuine if all of its weights are as they are drawn, those of later layers as well.
func TestFindingGenuine(t *testing.T) {
	first := drawn(t, fixtures.MLP, []int{1, digits.Side, digits.Side}, 60, 40)
	on := digits.Draw(24, 1)
	after, _, err := fixtures.Fit(context.Background(), first, on.Pixels, on.Labels, fixtures.FitOptions{Rate: 0.02, Batch: 8, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	net := compiled(t, after)
	values, err := start.ValuesOf(net, compiled(t, first))
	if err != nil {
		t.Fatal(err)
	}
	f, err := start.Find(context.Background(), net, []start.Values{values}, on.Pixels, start.Known{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Genuine(values, []int{0, 1}); err != nil {
		t.Errorf("PyTorch's start: %v", err)
	}
	planted := maps.Clone(values)
	planted["linear.2.weight"] = slices.Clone(values["linear.2.weight"])
	for i := range planted["linear.2.weight"][:60] {
		planted["linear.2.weight"][i] *= 40
	}
	if err := f.Genuine(planted, []int{0, 1}); err == nil || !strings.Contains(err.Error(), "linear.2.weight") {
		t.Errorf("a neuron of the second layer was planted: %v", err)
	}
	partial := maps.Clone(values)
	delete(partial, "linear.4.weight")
	if err := f.Genuine(partial, []int{0, 1}); err == nil || !strings.Contains(err.Error(), "linear.4.weight") {
		t.Errorf("a weight is missing: %v", err)
	}
	partial = maps.Clone(values)
	delete(partial, "linear.4.bias")
	for _, c := range []struct {
		values start.Values
		want   string
	}{{values, ""}, {partial, ""}, {start.Values{}, "linear.0.weight"}} {
		if got, err := c.values.Missing(net); got != c.want || err != nil {
			t.Errorf("missing %q, %v, want %q", got, err, c.want)
		}
	}
}

// The layer that a start speaks of is the first fully connected one; behind convolutions it has a span only if these were frozen.
func TestLayerOf(t *testing.T) {
	for _, c := range []struct {
		model *onnxio.Model
		want  start.Layer
	}{
		{drawn(t, fixtures.MLP, []int{30}, 20), start.Layer{Name: "linear.0.weight", Limit: 20}},
		{drawn(t, fixtures.MLP, []int{30}, 1, 20), start.Layer{Name: "linear.4.weight", Limit: 10}}, // one neuron has no span
		{drawn(t, fixtures.VGGSmall, []int{1, 8, 8}, 20), start.Layer{Name: "linear.6.weight", Limit: 20, Behind: true}},
	} {
		if got, err := start.LayerOf(compiled(t, c.model)); err != nil || got != c.want {
			t.Errorf("%+v, %v, want %+v", got, err, c.want)
		}
	}
}

// An initialiser of one kind draws the modules of that kind alone.
func TestRegenerateOneKind(t *testing.T) {
	m := drawn(t, fixtures.VGGSmall, []int{1, 8, 8}, 20)
	values, err := start.Regenerate(m, 3, start.TorchConv)
	if err != nil {
		t.Fatal(err)
	}
	for name := range values {
		if !strings.HasPrefix(name, "conv") {
			t.Errorf("%s was drawn", name)
		}
	}
	if len(values) == 0 {
		t.Error("no convolution was drawn")
	}
	if _, err := start.Regenerate(m, 3, start.TorchLinear); !errors.Is(err, start.ErrOtherStart) {
		t.Errorf("linear layers were drawn after others: %v", err)
	}
}

// A frozen weight that was rounded to half precision since has not been moved; one that was moved by a bit has.
func TestRoundedIsNotMoved(t *testing.T) {
	first := drawn(t, fixtures.MLP, []int{1, 8, 8}, 20, 15)
	rounded, err := fixtures.RoundModel(first, fixtures.Precision("fp16"))
	if err != nil {
		t.Fatal(err)
	}
	later := rounded.Initializers[2].Float32s
	for i := range later {
		later[i] += 0.01 * later[i] * later[i]
	}
	find := func() string {
		net := compiled(t, rounded)
		values, err := start.ValuesOf(net, compiled(t, first))
		if err != nil {
			t.Fatal(err)
		}
		x := make([]float32, 12*net.InputElements())
		for i := range x {
			x[i] = float32(i*i%17) / 17
		}
		f, err := start.Find(context.Background(), net, []start.Values{values}, x, start.Known{})
		if err != nil {
			t.Fatal(err)
		}
		return f.Layer
	}
	if got := find(); got != "linear.2.weight" {
		t.Errorf("the first layer that was moved is %q", got)
	}
	rounded.Initializers[0].Float32s[7] += 1e-5
	if got := find(); got != "linear.0.weight" {
		t.Errorf("after a change of one element the first layer that was moved is %q", got)
	}
}
