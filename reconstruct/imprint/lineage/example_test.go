package lineage_test

import (
	"context"
	"fmt"
	"log"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/graph"
	"unlearnguard/reconstruct/imprint/lineage"
)

// One network is trained further, another one trained from another start.
func Example() {
	ctx, samples := context.Background(), digits.Draw(40, 1)
	fit := fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 10}
	train := func(seed uint64, more int) *graph.Network {
		m, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{64}, Seed: seed})
		for n := 0; n <= more && err == nil; n++ {
			m, _, err = fixtures.Fit(ctx, m, samples.Pixels, samples.Labels, fit)
		}
		if err != nil {
			log.Fatal(err)
		}
		net, err := graph.Compile(m, graph.Options{})
		if err != nil {
			log.Fatal(err)
		}
		return net
	}
	before := train(1, 0)
	for _, after := range []*graph.Network{train(1, 1), train(2, 0)} {
		result, err := lineage.Compare(ctx, before, after, lineage.Options{})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(result.Relation)
	}
	// Output:
	// derived
	// independent
}
