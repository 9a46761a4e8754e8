// Package imprint scores known images by the parameters of a network: how strongly do its layers answer to what is particular to
// each? It takes any classifier that imports, trained as usual: PyTorch's start, mini-batches, SGD or Adam, batch
// normalisation, convolutions, residual blocks, attention, inputs that are not images.
//
// Start with [Examine], which scores images by every layer beside reference images that were never trained on:
//
//	result, err := imprint.Examine(ctx, network, queried, references, imprint.Options{})
//	null, scores := imprint.Rows(result.Own()) // one row an image, for metrics.Join
//
// # The idea
//
// Gradient descent adds to a layer's weight a sum, over training samples, of the back-propagated signal times the input
// activation. So a network answers to what is particular to a training sample: the gradient of its margin by the layer's input
// points along its activation. For never-trained images of the same kind it does not.
//
// # The scores
//
// For the activation a of a layer's input and the gradient g of the margin m(x) = M_y(x) - sum_j p_j M_j(x) by it, p the softmax
// of the competing logits at a temperature taken from the reference images, [Matched] is the cosine in the metric that
// suppresses what all images share,
//
//	s = g'N^-1 d / sqrt(g'N^-1 g  d'N^-1 d),   d = a - mean,   N = sum of d d' over the reference images + ridge
//
// At the input it depends only on what the network computes: no rewriting of neurons changes it. [Whitened] takes the
// gradient whitened by the reference images' gradients. [Local] subtracts the score of the image's neighbours, shifted by a
// pixel. [Joint] is the residual when a score is predicted from those of all other given images. [Span] is the share of the
// activation in the span of a fully connected layer's weight, the strongest score after a small start. [Answer] and [Plain] are the size of
// the layer's answer along the image: about 0 where that direction was projected out of a weight.
//
// [Examination.Versions] scores altered copies in the same way (package copies makes them), and package lineage says whether one
// network was made from another.
//
// A reference image is scored in the metric without itself, so that its score is one of an image that was not used. [Examine]
// gives all scores of all layers; metrics.Join makes one of them with weights from controls. Where labels are not known, the
// class that the network gives counts.
//
// # What it finds
//
// Share of training samples above 99 % of never-trained images; in brackets, how often the mean of 20 of them is above 99 % of
// such means (`.ci/bench-evidence`, beside the loss, which finds 0 to 0.2). Batches of 16 or 32, PyTorch's start:
//
//	MNIST 784-256-256-10, SGD, n = 200       0.49 (1.00)
//	MNIST 784-512-256-10, Adam, n = 500      0.26 (1.00)
//
// `unlearnguard help measured` has all rows. The spread of the null distribution comes from the other training samples' part in
// the weight, far more than from the initial values: give [Examine] all samples that are known to be in, so that the joint fit
// removes their part. A sample that was relabelled scores far below others by its own label, and above them by another.
//
// # Limits
//
// A score is no verdict: package metrics decides, mostly on groups of samples. Reference images must be of the same kind
// as the queried ones, [FewestReferences] at least and several hundred for power. Layers that do not fit Options.Memory are left out.
//
// # What was tried without gain
//
// Weighting by leverage or by the gradient's norm, integrated gradients, smoothing over inputs, centring by class, regressing the
// score on margin, norms and class (which costs power), whitening the whole gradient instead of the activations.
//
// Difficulty calibration (Watson et al. 2021): the scores of one or of three networks that were trained on 200 other images are
// regressed out. Scores of never-trained images correlate by 0.1 to 0.4 between networks (the answer along an image by 0.5 to
// 0.8), and 0.52 and 0.49 in the place of 0.45 are found of MNIST n = 200, 0.25 and 0.27 in the place of 0.23 of n = 500, Adam, two seeds
// each, at two to four times the cost.
package imprint
