package stationarity_test

import (
	"fmt"
	"log"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/stationarity"
)

// A network f(x) = 3 relu(2 x1 + x2) whose parameters are the gradient of its margin at one sample, (4/3, 2/3): the residual of the
// first layer vanishes there with the multiplier 1/2, and not at another sample.
func Example() {
	net := &chain.Dense{Layers: []chain.Affine{
		{W: mat.NewDense(1, 2, []float64{2, 1})}, {W: mat.NewDense(1, 1, []float64{3})}}}
	loss, err := stationarity.New[float64](net.Convolutional(), []int{1}, stationarity.Options{Weights: []float64{1, 0}})
	if err != nil {
		log.Fatal(err)
	}
	loss.Multipliers()[0] = 0.5
	for _, x := range [][]float64{{4. / 3, 2. / 3}, {0, 1}} {
		copy(loss.X(), x)
		residual, err := loss.Step()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.2f\n", residual)
	}
	// Output:
	// 0.00
	// 4.25
}
