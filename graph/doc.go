// Package graph reads an imported ONNX model as a network: what it computes, forward and in reverse, and how its output
// scales with its parameters.
//
// # Where to start
//
// [Compile] turns an [unlearnguard/onnxio.Model] into a [Network]. It folds what exporters leave of shape arithmetic,
// infers every shape with the batch size left open, decodes quantised weights, and lowers more than eighty ONNX
// operators, with the semantics of the opset that the file imports, to a dozen primitives. Whatever it cannot read it reports at
// once, as one [UnsupportedError] with a [Finding] a node.
//
// [Network.Links] walks a network without branches from its input to its logits, step by step: what package
// [unlearnguard/graph/chain] makes layers of, as matrices.
//
// [NewRunner] runs a network forward and in reverse, in float32 or float64: a gorgonia graph of one operation whose adjoint is
// the reverse pass. One pass gives the gradient of any weighted sum of the outputs by the samples and by every parameter, and
// for each layer with a weight what it reads, the gradient by that and the gradient by its result. Memory is planned before the
// first run; results are the same for any number of threads. [Network.Evaluator] is the same forward, in float64 for the
// caller; [Network.Check] and [Network.CheckGradients] compare with what another runtime computed.
//
// [Network.Homogeneity] solves for the exponents with which the parameters scale the logits, and
// [Network.MeasureHomogeneity] tries them out. [Inspect] puts all of it into one [Report]; whether samples
// can be reconstructed from the model is told by [unlearnguard/graph/chain.Inspect].
//
// # Adding an operator
//
// One family of operators is one file: the primitive with its shape rule, how it keeps the samples of a batch apart, how it
// scales, its kernels (value and adjoint), and how ONNX operators are lowered to it. kernel.go says what a primitive must and may
// know of itself. A row of the table in operators.go names the lowering; adjoint_test.go tries the adjoint.
//
// # Conventions
//
// The first dimension of the model's input is the batch. An exporter that fixed it (1, mostly) and wrote it into its
// Reshape targets is understood, and such a network still takes any number of samples where every step is proven to keep
// them apart (see rows.go) and two samples together give what each gives alone. Without that proof, a network is run at the
// batch size of its file, or refused where the file leaves that open and samples are mixed whatever it is. Per-sample shapes
// leave the batch out. Activations are row-major, one row a sample.
//
// A softmax, log-softmax or sigmoid at the end is the head: it belongs to the model's output, but the network's
// margin, and so everything about homogeneity and stationarity, is a matter of the logits before it.
//
// Integers and conditions that are known before the network runs keep their element type: they wrap and are cut as that
// does. A ReLU, and a head, are recognised however they are written, by the structure of the graph alone.
//
// Where a function has a kink its derivative is PyTorch's; that of a rounding is one, of a clipped value zero: the gradient goes
// straight through.
//
// Dropout is left out and BatchNormalization uses its running statistics, as at inference. Numbers of 16 bits are
// computed with 32, so that results are closer to the weights' than to those of a runtime that rounds at every step.
//
// A floating-point tensor of the file is a parameter, with two exceptions: a single number, and what is combined with
// the input element by element before any weight, which normalises it. Those are constants of the architecture.
package graph
