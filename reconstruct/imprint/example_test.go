package imprint_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/graph"
	"unlearnguard/reconstruct/imprint"
)

// How many of twenty training samples score above 95 % of images that the network was not trained on?
func Example() {
	ctx, trained, never := context.Background(), digits.Draw(20, 1), digits.Draw(200, 2)
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, digits.Side, digits.Side}, fixtures.ArchitectureOptions{Hidden: []int{64}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	m, _, err = fixtures.Fit(ctx, m, trained.Pixels, trained.Labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 20})
	if err != nil {
		log.Fatal(err)
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	result, err := imprint.Examine(ctx, net, imprint.Images{X: trained.Pixels, Labels: trained.Labels},
		imprint.Images{X: never.Pixels, Labels: never.Labels}, imprint.Options{})
	if err != nil {
		log.Fatal(err)
	}
	score := result.Own()[0]
	null := slices.Sorted(slices.Values(score.References))
	above := 0
	for _, s := range score.Queried {
		if s > null[len(null)*95/100] {
			above++
		}
	}
	fmt.Println(score.Kind, above)
	// Output: matched 20
}
