package specimen

import (
	"context"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
)

// What is imported computes what was trained, and further training keeps to the first mean.
func TestNetworksComeBackAsTheyWere(t *testing.T) {
	ctx, set := context.Background(), digits.Draw(10, 1)
	n, err := Train(ctx, set, fixtures.OddEven, fixtures.Options{Hidden: []int{30}})
	if err != nil {
		t.Fatal(err)
	}
	labels := Labels(set, fixtures.OddEven)
	if got, err := n.Predict(set); err != nil || !slices.Equal(got, labels) {
		t.Errorf("the training samples are taken for %v, %v; want %v", got, err, labels)
	}
	model, err := n.Open(ctx, t.TempDir(), "model", set)
	if err != nil {
		t.Fatal(err)
	}
	x, err := n.Input(set)
	if err != nil {
		t.Fatal(err)
	}
	want, err := fixtures.Logits(n.Net, x)
	if err != nil {
		t.Fatal(err)
	}
	got, err := fixtures.Logits(model.Net, x)
	if err != nil || !mat.EqualApprox(got, want, 1e-4) {
		t.Errorf("the imported model's logits are\n%v, %v; want\n%v", mat.Formatted(got), err, mat.Formatted(want))
	}

	for i := range labels {
		labels[i] = 1 - labels[i]
	}
	tuned, err := n.FineTune(ctx, set, labels, fixtures.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tuned.Predict(set); err != nil || !slices.Equal(got, labels) {
		t.Errorf("with other labels they are taken for %v, %v; want %v", got, err, labels)
	}
	if &tuned.Mean[0] != &n.Mean[0] {
		t.Error("the mean changed")
	}
}
