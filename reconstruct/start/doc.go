// Package start asks whether images were trained on, of a network whose initial weights or whose earlier checkpoints are known.
//
// # The idea
//
// Gradient descent moves a fully connected layer's weight W by sums of outer products of back-propagated signals and the
// layer's inputs. Plain SGD, with or without momentum and weight decay, does nothing else, whatever comes behind the layer: so
// for the weight S that the layer had at any earlier time,
//
//	W - c S = sum_i u_i x_i'
//
// exactly, over all samples x_i that were trained on in between, where weight decay alone makes c differ from 1. No small loss,
// no stationarity and no homogeneity is needed. While there are fewer samples than the layer has inputs and outputs, the inputs
// of the training samples lie in the span of the rows of W - c S, and other images do not. [New] finds c and the span, and
// [Span.Distances] how far inputs are from it.
//
// # What it finds
//
// With PyTorch's start, 1,000 never-trained images and SGD with momentum: all training samples at no false alarm while the samples are
// fewer than the layer's inputs and outputs, with weight decay, rounded to half precision, from checkpoints, behind a frozen network
// (`.ci/bench-evidence initial`). A checkpoint tells of the samples that still moved the weight by more than float32's rounding
// since: little after the loss has vanished. Several checkpoints may be stacked where one difference is too thin. Adam and AdamW
// scale each element by itself, which leaves no span: [Finding.Powerless] says so. Convolutions have none, as patches of any image
// span all filters.
//
// # What a start is worth
//
// A start may be forged: with a sample's contribution added to it, the sample is missing from the difference. So one that a
// party supplies shows at most that samples were trained on. One that is regenerated from a seed (package torch) cannot be
// made up; of one that was committed to before the request, [Genuine] tests whether it is an initialisation at all. Either speaks of
// one layer: later ones may have been trained on samples that it was not.
package start
