package audit_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/metrics"
	"unlearnguard/metrics/audit"
	"unlearnguard/onnxio"
)

// Audits a pair of models: was the request to forget the first eight of forty digits honoured? Here the model after is the model
// before.
func Example() {
	ctx, samples := context.Background(), digits.Draw(40, 1)
	file := train(samples)
	defer os.RemoveAll(filepath.Dir(file))

	model, err := audit.Import(ctx, file, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	r := &audit.Request{Before: model, After: model, Reference: digits.Draw(80, 2)}
	if err := r.Add(samples.Range(0, 8), metrics.Forget); err != nil {
		log.Fatal(err)
	}
	if err := r.Add(samples.Range(8, 40), metrics.Retain); err != nil {
		log.Fatal(err)
	}
	outcome, err := audit.Run(ctx, r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(outcome.Decision.Summary.Verdict)
	// Output: retained
}

// train leaves a network that was trained on images in a file.
func train(on *images.Set) string {
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{32}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	m, _, err = fixtures.Fit(context.Background(), m, on.Pixels, on.Labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 20})
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(folder, "model.onnx")
	if err := onnxio.WriteFile(file, m); err != nil {
		log.Fatal(err)
	}
	return file
}
