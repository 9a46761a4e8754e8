package engine_test

import (
	"fmt"
	"log"

	"unlearnguard/graph/engine"
)

// The product of a 2 x 3 matrix with the transposed of another.
func Example() {
	e, err := engine.New[float32](engine.Options{})
	if err != nil {
		log.Fatal(err)
	}
	a, b, c := []float32{1, 2, 3, 4, 5, 6}, []float32{1, 0, 1, 0, 1, 0}, make([]float32, 4)
	e.Gemm(false, true, 2, 2, 3, 1, a, 3, b, 3, 0, c, 2)
	fmt.Println(c)
	// Output: [4 2 10 5]
}
