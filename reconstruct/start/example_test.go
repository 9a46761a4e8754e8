package start_test

import (
	"context"
	"fmt"
	"log"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/graph"
	"unlearnguard/reconstruct/start"
)

// A network is trained on twenty digits. With its initial weights, all of these are told from digits that it was not trained on.
func Example() {
	ctx, trained, never := context.Background(), digits.Draw(20, 1), digits.Draw(100, 2)
	before, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{64}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	after, _, err := fixtures.Fit(ctx, before, trained.Pixels, trained.Labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 20})
	if err != nil {
		log.Fatal(err)
	}
	initial, err := graph.Compile(before, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	net, err := graph.Compile(after, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	values, err := start.ValuesOf(net, initial)
	if err != nil {
		log.Fatal(err)
	}
	known := start.Known{Trained: images.Positions(10, 20), Never: images.Positions(20, 120)}
	found, err := start.Find(ctx, net, []start.Values{values}, append(trained.Pixels, never.Pixels...), known)
	if err != nil {
		log.Fatal(err)
	}
	in, out := 0.0, 1.0
	for i, d := range found.Distances {
		if i < 20 {
			in = max(in, d)
		} else {
			out = min(out, d)
		}
	}
	fmt.Println(found.Powerless() == "", in < 0.001, out > 0.1)
	// Output: true true true
}
