package torch_test

import (
	"fmt"

	"unlearnguard/reconstruct/start/torch"
)

// What torch.manual_seed(1); torch.nn.Linear(3, 2) gives.
func ExampleInitialise() {
	linear := torch.Initialise(1, []torch.Layer{{Shape: []int{2, 3}, Bias: true}})[0]
	fmt.Printf("%.4f\n%.4f\n", linear.Weight, linear.Bias)
	// Output:
	// [0.2975 -0.2548 -0.1119 0.2710 -0.5435 0.3462]
	// [-0.1188 0.2937]
}
