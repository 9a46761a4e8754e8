package reconstruct_test

import (
	"context"
	"fmt"
	"log"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/digits"
	"unlearnguard/fixtures/images"
	"unlearnguard/reconstruct"
)

// Recovers the four samples that a network was trained on, from its parameters.
func Example() {
	ctx, samples := context.Background(), digits.Draw(4, 1)
	norm := images.Normalisation{Mean: images.Mean(digits.Draw(100, 2))}
	x, err := norm.Apply(samples)
	if err != nil {
		log.Fatal(err)
	}
	net, _, err := fixtures.Train(ctx, x, []int{0, 1, 0, 1}, fixtures.Options{Hidden: []int{50}})
	if err != nil {
		log.Fatal(err)
	}
	found, err := reconstruct.Run(ctx, reconstruct.Problem{Net: net, Channels: 1, Height: digits.Side, Width: digits.Side, Mean: norm.Mean},
		reconstruct.Options{Restarts: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("converged:", found.Converged, "samples:", found.Rank)
	// Output: converged: true samples: 4
}
