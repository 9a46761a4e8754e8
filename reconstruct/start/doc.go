// Package start scores known images by a network whose initial weights or earlier checkpoints are known: were they trained on?
//
// Start with [Find]. [Regenerate] draws PyTorch's initial weights again from their seed, [ValuesOf] takes them from a file:
//
//	values, err := start.Regenerate(model, seed, start.Torch)
//	found, err := start.Find(ctx, network, []start.Values{values}, pixels, known)
//	if found.Powerless() == "" { ... found.Distances ... } // near 0: trained on
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
// since: little after the loss has vanished. Several checkpoints may be stacked where the difference from one has too few directions: MNIST n = 400 with
// 200 neurons, 0.22 by the start alone, 1.00 with two checkpoints. Adam and AdamW scale each element by itself, which leaves no span:
// [Finding.Powerless] says so. Convolutions have none, as patches of any image span all filters.
//
// # What was tried without gain
//
// The matched filter of package imprint on W - S in place of W, for convolutions and for layers behind the first: at 1 % false
// alarms 0.16 against 0.32 (second layer of an MLP, SGD, n = 200), 0.07 against 0.08 (Adam, n = 500), 0.73 against 0.81 and 0.96
// against 0.94 (convolution and dense layer of a VGG, SGD, n = 200), 0.38 against 0.37 and 0.55 against 0.60 (the same, Adam,
// n = 1000); two seeds each. The spread of the scores comes from the other samples' part in the weight, not from the start. The span of the
// difference of a second layer finds 0.02 to 0.09: its inputs moved while it was trained.
//
// That layers were trained together, by the conservation law of gradient flow (Du et al. 2018): |w|^2 of a ReLU's weights and bias,
// less c^2 times that of their start, is the same before and behind it. The slope between the two is 0.87 to 1.00 of honest networks
// with a small rate, and 0.65 to 1.05 with larger ones; 0.80 to 1.38 of networks whose later layers were trained alone afterwards,
// and no other than before where that was short.
//
// # Limits
//
// A start may be forged: with a sample's contribution added to it, the sample is missing from the difference. So a start that a
// party supplies can show presence and not absence. One that is regenerated from a seed (package torch) cannot be forged; for one
// that was committed to before the request, [Genuine] tests whether it is an initialisation. All of this covers one layer: later ones
// may have been trained on samples that it was not.
package start
