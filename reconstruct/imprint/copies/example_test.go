package copies_test

import (
	"fmt"

	"unlearnguard/reconstruct/imprint/copies"
)

// An image of 3 x 3 pixels is shifted by one to the right.
func Example() {
	right := copies.Version{Right: 1}
	fmt.Println(right)
	fmt.Println(right.Of([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, 3, 3))
	// Output:
	// shifted by (0, 1) pixels
	// [1 1 2 4 4 5 7 7 8]
}
