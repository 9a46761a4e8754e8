package audit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/metrics"
	"unlearnguard/metrics/report"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct"
)

// opened writes a network for the drawn digits to a file and opens it as a stranger's.
func opened(t *testing.T, net *chain.Dense) *Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := onnxio.WriteFile(path, fixtures.Export(net, 1, digits.Side, digits.Side)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), path, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// trained is a network on a set about its mean.
func trained(t *testing.T, set *images.Set, seed uint64) (*chain.Dense, images.Normalisation) {
	t.Helper()
	labels := make([]int, set.Len())
	for i, class := range set.Labels {
		labels[i] = fixtures.OddEven.Label(class)
	}
	norm := images.Normalisation{Mean: images.Mean(set)}
	x, err := norm.Apply(set)
	if err != nil {
		t.Fatal(err)
	}
	net, _, err := fixtures.Train(context.Background(), x, labels, fixtures.Options{Hidden: []int{100}, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return net, norm
}

// untrained is a network that holds no trace of any sample.
func untrained(scale float64) *chain.Dense {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = scale * rng.NormFloat64()
		}
		return v
	}
	d := digits.Side * digits.Side
	return &chain.Dense{Outputs: 1, Layers: []chain.Affine{
		{W: mat.NewDense(50, d, draw(50*d)), B: draw(50)}, {W: mat.NewDense(1, 50, draw(50))}}}
}

// ask is a request about digits: the first two to forget, the others as controls.
func ask(t *testing.T, before, after *Model, norm images.Normalisation, set, reference *images.Set) *Request {
	t.Helper()
	r := &Request{Before: before, After: after, NormBefore: norm, NormAfter: norm, Reference: reference,
		Reconstruct: reconstruct.Options{Restarts: 2}}
	for _, part := range []struct {
		from, to int
		role     metrics.Role
	}{{0, 2, metrics.Forget}, {2, set.Len(), metrics.Retain}} {
		if err := r.Add(set.Range(part.from, part.to), part.role); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// A network with nothing in it gives nothing up, which is no evidence that anything was forgotten. Descents on some of
// these overflow.
func TestUntrainedModelIsNoEvidenceOfForgetting(t *testing.T) {
	set, reference := digits.Draw(12, 1), digits.Draw(60, 2)
	net, norm := trained(t, set, 1)
	before := opened(t, net)
	for _, scale := range []float64{1, 1e-2, 1e-6, 0} {
		out, err := Run(context.Background(), ask(t, before, opened(t, untrained(scale)), norm, set, reference))
		if err != nil {
			t.Fatalf("weights of scale %g: %v", scale, err)
		}
		if out.After.Result.Converged || out.After.Result.Reason == "" || !out.Before.Result.Converged {
			t.Errorf("weights of scale %g: converged: %v (%s), and before: %v", scale, out.After.Result.Converged,
				out.After.Result.Reason, out.Before.Result.Converged)
		}
		for _, s := range out.Decision.Samples {
			if s.Verdict == metrics.Unlearned {
				t.Errorf("weights of scale %g: %s is unlearned: %s", scale, s.Source, s.Reason)
			}
		}
		encoded(t, out.Report(ask(t, before, out.After.Model, norm, set, reference)))
	}
}

// An interruption during the second reconstruction does not cost the first.
func TestInterruptionKeepsTheFirstModel(t *testing.T) {
	set, reference := digits.Draw(12, 1), digits.Draw(60, 2)
	net, norm := trained(t, set, 1)
	other, _ := trained(t, set, 2)
	r := ask(t, opened(t, net), opened(t, other), norm, set, reference)
	want, err := Run(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	r.Checkpoints, r.Reconstruct.Resume = t.TempDir(), true
	ctx, cancel := context.WithCancel(context.Background())
	r.Progress = func(model string, _ reconstruct.Progress) {
		if model == "after" {
			cancel()
		}
	}
	if _, err := Run(ctx, r); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want a cancellation", err)
	}
	r.Progress = func(model string, _ reconstruct.Progress) {
		if model == "before" {
			t.Error("the first model was reconstructed again")
		}
	}
	got, err := Run(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if encoded(t, got.Report(r)) != encoded(t, want.Report(r)) || !reflect.DeepEqual(got.Before.Result, want.Before.Result) {
		t.Error("the resumed audit differs from an undisturbed one")
	}
}

func TestDecideAgain(t *testing.T) {
	set, reference := digits.Draw(12, 1), digits.Draw(60, 2)
	net, norm := trained(t, set, 1)
	m := opened(t, net)
	r := ask(t, m, m, norm, set, reference)
	out, err := Run(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := out.Report(r)
	got, err := Decide(want, want.Decision.Parameters)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("the same options give another report")
	}
	strict, err := Decide(want, metrics.Options{MinControls: 11})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := encoded(t, strict), encoded(t, want); a == b || strict.Decision.Parameters.MinControls != 11 {
		t.Error("other options give the same report")
	}
}

func encoded(t *testing.T, r report.Report) string {
	t.Helper()
	text, err := report.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A model that normalises its input itself is the same reconstruction problem as one that is fed what the other makes
// of it.
func TestProblemFoldsTheModelsOwnNormalisation(t *testing.T) {
	d := digits.Side * digits.Side
	rng := rand.New(rand.NewPCG(1, 2))
	scale, shift, mean := make([]float64, d), make([]float64, d), make(images.Values, d)
	for i := range d {
		scale[i], shift[i], mean[i] = 0.5+rng.Float64(), rng.NormFloat64(), rng.Float64()
	}
	net := untrained(1)
	net.Input = &chain.InputNormalization{Scale: scale, Shift: shift}
	norm := images.Normalisation{Mean: mean, Std: images.Values{0.3}}
	m := &Model{Path: "m.onnx", Net: net}
	p, err := m.Problem(1, digits.Side, digits.Side, norm)
	if err != nil {
		t.Fatal(err)
	}
	set := digits.Draw(1, 1)
	fed, err := norm.Apply(set)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range set.Image(0) {
		want := scale[i]*fed.At(0, i) + shift[i]
		if got := (float64(v) - p.Mean[i]) / p.Std[i]; math.Abs(got-want) > 1e-9 {
			t.Fatalf("input %d of the first layer is %v, want %v", i, got, want)
		}
	}
	net.Input.Scale[7] = -1
	if _, err := m.Problem(1, digits.Side, digits.Side, norm); err == nil || !strings.Contains(err.Error(), "m.onnx: the method does not apply") {
		t.Errorf("a negative scale: error %v", err)
	}
}

func TestValidate(t *testing.T) {
	set := digits.Draw(6, 1)
	m := &Model{Path: "m.onnx", Net: untrained(1)}
	m.Net.InputShape = []int{1, digits.Side, digits.Side}
	reference := digits.Draw(5, 2)
	for _, c := range []struct {
		what   string
		change func(*Request)
		want   string
	}{
		{"nothing", func(r *Request) {}, ""},
		{"a copy under another name", func(r *Request) {
			r.Reference = set.Subset([]int{4})
			r.Reference.Names = []string{"copy"}
		}, "the reference image copy is the same as drawn:1#4, to retain"},
		{"an image twice", func(r *Request) { _ = r.Add(set.Subset([]int{1}), metrics.Retain) }, "drawn:1#1, to retain, is the same image as drawn:1#1, to forget"},
		{"a reference image twice", func(r *Request) { r.Reference = reference.Subset([]int{0, 1, 0}) }, "drawn:2#0 is named twice"},
		{"a pixel beyond 1", func(r *Request) { r.Queried.Pixels[digits.Side*digits.Side+3] = 255 }, "drawn:1#1 has a pixel of value 255"},
		{"a pixel that is no number", func(r *Request) { r.Reference.Pixels[0] = float32(math.NaN()) }, "the reference image drawn:2#0 has a pixel of value NaN"},
		{"a mean of another size", func(r *Request) { r.NormAfter.Mean = images.Values{1, 2} }, "m.onnx: mean: 2 values do not fit"},
		{"images smaller than a window", func(r *Request) { r.SSIM.Size = 29 }, "drawn:1#0 has 28x28 pixels, too few for an SSIM window of 29x29"},
		{"another model", func(r *Request) {
			net := *m.Net
			net.InputShape = []int{1, 8, 98}
			r.After = &Model{Path: "other.onnx", Net: &net}
		}, "other.onnx: drawn:1#0 is 1x28x28"},
		{"no images", func(r *Request) { r.Queried = nil }, "no image to ask about"},
	} {
		r := ask(t, m, m, images.Normalisation{}, set, reference.Range(0, 5))
		c.change(r)
		err := r.Validate()
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.what, err, c.want)
		}
	}
}

func TestInput(t *testing.T) {
	for _, c := range []struct{ file, want []int }{
		{[]int{1, 28, 28}, []int{1, 28, 28}},
		{[]int{28, 28}, []int{1, 28, 28}},
		{[]int{28, 28, 1}, []int{1, 28, 28}},
		{[]int{3, 32, 32}, []int{3, 32, 32}},
		{[]int{784}, []int{784}},
		{[]int{1, 784}, []int{784}},
	} {
		m := &Model{Net: &chain.Dense{InputShape: c.file}}
		if got := m.Input(); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.file, got, c.want)
		}
	}
}
