// Package graph reads an imported ONNX model as a network: what it computes, how its output scales with its parameters,
// and what of it the reconstruction of training samples can work with.
//
// # Where to start
//
// [Compile] turns an [unlearnguard/onnxio.Model] into a [Network]. It folds what exporters leave of shape arithmetic, infers
// every shape with the batch size left open, and lowers some sixty ONNX operators, with the semantics of the opset that
// the file imports, to a few primitives. Whatever it cannot read it reports at once, as one [UnsupportedError] with a
// [Finding] a node.
//
// [Network.Dense] gives the fully connected (leaky) ReLU network that a chain of Gemm, MatMul, Add, BatchNormalization
// and reshaping amounts to, or says which node is none of that.
//
// # Conventions
//
// The first dimension of the model's input is the batch. An exporter that fixed it (1, mostly) and wrote it into its
// Reshape targets is understood, and such a network still takes any number of samples. Per-sample shapes leave the batch
// out. Activations are row-major, one row a sample; the weight of an [Affine] has one row an output.
//
// A softmax, log-softmax or sigmoid at the end is the head: it belongs to the model's output, but the network's
// margin, and so everything about homogeneity and stationarity, is a matter of the logits before it.
package graph
