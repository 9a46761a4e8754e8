package audit

import (
	"context"
	"path/filepath"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/onnxio"
	"unlearnguard/reconstruct"
)

// convolved trains a network with two convolutions on the images at the given positions, about the mean of all, and opens
// its file.
func convolved(t *testing.T, set *images.Set, positions []int, norm images.Normalisation, o fixtures.Options) *Model {
	t.Helper()
	o.Convolutions = []fixtures.Convolution{{Channels: 16, Size: 3, Stride: 2}, {Channels: 96, Size: 5, Stride: 2}}
	set = set.Subset(positions)
	x, err := norm.Apply(set)
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]int, set.Len())
	for i, class := range set.Labels {
		labels[i] = fixtures.OddEven.Label(class)
	}
	net, _, err := fixtures.TrainConvolutional(context.Background(), x, labels, [3]int{1, set.H, set.W}, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := onnxio.WriteFile(path, fixtures.ExportConvolutional(net, o.Convolutions)); err != nil {
		t.Fatal(err)
	}
	m, err := Open(context.Background(), path, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestConvolutions audits networks with convolutions: what was kept must not be called unlearned, whether it can be found in
// the model after or not, and what was forgotten must not be called retained.
func TestConvolutions(t *testing.T) {
	set, reference := digits.Draw(10, 3), digits.Draw(100, 2)
	norm := images.Normalisation{Mean: images.Mean(set)}
	all := images.Positions(0, set.Len())
	models := map[string]*Model{
		"before":                convolved(t, set, all, norm, fixtures.Options{Margin: 30}),
		"trained again on all":  convolved(t, set, all, norm, fixtures.Options{Margin: 30, Seed: 1}),
		"trained on the others": convolved(t, set, all[2:], norm, fixtures.Options{Margin: 30, Seed: 1}),
		"of few directions":     convolved(t, set, all, norm, fixtures.Options{Scales: []float64{0.1, 0.1, 0.1}, Margin: 5}),
	}
	results := map[string]*reconstruct.Result{}
	for name, m := range models {
		r, err := Recover(context.Background(), m, set.C, set.H, set.W, norm, reconstruct.Options{Restarts: 2, Steps: 250})
		if err != nil {
			t.Fatal(err)
		}
		results[name] = r
	}
	for name, m := range models {
		r := ask(t, models["before"], m, norm, set, reference)
		out, err := Judge(context.Background(), r, results["before"], results[name])
		if err != nil {
			t.Fatal(err)
		}
		verdicts := map[metrics.Verdict]int{}
		for _, s := range out.Decision.Samples[:2] {
			verdicts[s.Verdict]++
		}
		t.Logf("%s: %v, %v %s", name, verdicts, out.After.Result.Converged, out.Decision.Summary.Reason)
		switch kept := name != "trained on the others"; {
		case kept && verdicts[metrics.Unlearned] > 0:
			t.Errorf("%s: a sample that was kept is called unlearned", name)
		case !kept && verdicts[metrics.Retained] > 0:
			t.Errorf("%s: a sample that was left out is called retained", name)
		case name == "before" && verdicts[metrics.Retained] == 0:
			t.Error("the model before is not found out as the model after")
		}
		encoded(t, out.Report(r))
	}
}
