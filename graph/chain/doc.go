// Package chain reads a network as one chain of fully connected and convolutional layers with (leaky) ReLUs between them. It is
// what the reconstruction of training samples works with: weights as matrices, and nothing of how an exporter wrote them.
//
// # Where to start
//
// [DenseOf] gives the fully connected network that a model amounts to: Gemm, MatMul, Add, BatchNormalization, reshaping and
// permuting are folded into weights, biases and the order of columns. [ConvolutionalOf] does the same where there are
// convolutions: a [Layer] applies its weight to patches of its input, which padding and pooling are folded into.
// [Dense.Convolutional] is the first as a case of the second. Either says which node does not belong in such a network.
//
// [NoiseRank] tells how much of a weight is more than noise, [NoiseSpan] in which directions, and [Convolutional.Informative] which layer's weight determines most
// about the samples. [Inspect] is [graph.Inspect] with an [Applicability]: whether samples can be reconstructed from the model,
// and how hard that is.
//
// # Limits
//
// A network that branches, joins branches or shares weights is no chain. All activations have the same slope. Convolutions have
// one group, maxima are taken of activations only, at most one before a layer, and a layer reads at most 2^20 values a sample,
// patch by patch. What normalises the input stands apart, as an [InputNormalization]: the layers' input is the sample after it.
package chain
