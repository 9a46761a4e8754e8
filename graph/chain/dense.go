package chain

import "gonum.org/v1/gonum/mat"

// Dense is a fully connected (leaky) ReLU network x -> W_L s(... s(W_1 x + b_1) ...) + b_L, without an activation after
// the last layer. It is what remains of an imported model once its constants are folded and its shape plumbing removed.
type Dense struct {
	Layers []Affine
	// Slope is the activation's slope for negative arguments: 0 for ReLU.
	Slope float64
	// Input is what the model does to a sample before its first layer, nil for nothing. The layers' input, and so
	// whatever is reconstructed from them, is the sample after it.
	Input *InputNormalization
	// InputShape is the shape of one sample, without the batch: [1 28 28] or [784]. Its elements in row-major order are
	// the columns of the first W.
	InputShape []int
	// Outputs is the number of logits: 1 for a binary classifier.
	Outputs int
	// Notes say in words what was removed from the model or folded to come here.
	Notes []string
}

// InputNormalization is the map x -> Scale*x + Shift, element by element, with one number each for every element of a
// sample.
type InputNormalization struct {
	Scale, Shift []float64
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
