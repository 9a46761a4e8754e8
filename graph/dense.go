package graph

import "gonum.org/v1/gonum/mat"

// Dense is a fully connected (leaky) ReLU network x -> W_L s(... s(W_1 x + b_1) ...) + b_L, without an activation after
// the last layer. It is what remains of an imported model once its constants are folded and its shape plumbing removed.
type Dense struct {
	Layers []Affine
	// Slope is the activation's slope for negative arguments: 0 for ReLU.
	Slope float64
}

// Affine is one layer z = W a + b.
type Affine struct {
	// Name is the ONNX name of the weight, for messages.
	Name string
	// W has one row an output: out x in.
	W *mat.Dense
	// B has length out, or is nil when the layer has no bias.
	B []float64
}
