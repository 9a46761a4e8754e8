// Package reconstruct recovers training samples from the parameters of a network.
//
// # The identity
//
// A homogeneous ReLU network trained to small logistic loss converges in direction to a stationary point of the
// maximum-margin problem (Lyu and Li 2020; Ji and Telgarsky 2020): its parameters are a sum over the training samples,
//
//	theta = sum_i lambda_i y_i grad_theta M(theta; x_i),   lambda_i >= 0,
//
// and with more than two classes over samples and rival classes. Minimising the residual over x and lambda recovers
// samples (Haim et al. 2022; Buzaglo et al. 2023; the verification protocol is that of arXiv 2410.10120).
//
// # The method
//
// [Run] needs no hyper-parameter. It reduces the input space to the span of the first layer above its initial noise,
// descends from several random starts on the stationarity residual of the first layer's block, in which the weak directions
// of the span are given more weight than they have, moves every candidate to the point of the span nearby that is most like
// an image, and gathers what several restarts found. Nothing but the parameters and the input's normalisation is used; a
// [Result] says in Converged whether a sample's absence from it is evidence, and in Confidence how close the recovered samples are
// likely to be.
//
// # Convolutions
//
// A convolution's filters span nearly all patches, so that there is no low-dimensional span to search, and the first layer has
// too few numbers (16 filters of 3 x 3 are 144; a digit has 784 pixels). Samples are held by a later layer that started very small
// and grew while those around it hardly moved. Run searches all inputs, with a prior for images, for what explains the most
// informative layer ([unlearnguard/graph/chain.Convolutional.Informative]).
//
// Measured on MNIST odd/even with conv 3x3/2, conv k x k/2, linear, whose layers start from 10, 0.001 and 30 times PyTorch's
// default (restarts pooled; mean best SSIM of the training samples, and of images never trained on):
//
//	n = 10, 16 and 128 channels, k = 5 (determines 12 samples): 0.72, 0.30; all samples above all others
//	n = 20, 32 and 128 channels, k = 7 (determines 26):         0.67, 0.35; 16 of 20 above all others
//	n = 20, 16 and 128 channels, k = 5:                         0.42, 0.25; 10 of 20, flagged
//
// With other starts, n = 10; the first two as above with k = 5, the others with 64 and 128 channels of 5x5/2 and 3x3/2:
//
//	3, 0.001, 10:                 0.49 from one restart
//	1, 0.001, 1:                  0.32, 0.21; flagged, as determining no more than 3 samples
//	1, 0.01, 1:                   0.35, 0.23; flagged in the same way
//	0.1, 0.1, 1:                  0.30, 0.24; flagged in the same way
//	0.05 in all layers:           0.23, 0.23; flagged in the same way
//	PyTorch's:                    0.34, 0.20; flagged: residual 0.70
//	PyTorch's, weight decay 0.01: 0.28, 0.25; flagged, as determining no more than one sample
//
// Where all layers start small, the stationarity residual of every layer is small at the truth (0.1 to 0.15), but no smaller
// than at unrelated images. Few directions of such a layer carry information, though it has ten times as many parameters as the
// samples have pixels: neither the number of parameters nor the residual shows whether recovery is possible.
//
// [SweepPublished] is the published method, to compare with: it needs five hyper-parameters, which are drawn.
//
// # Limits
//
// Recovery outside the setting of the theory: mean over the training samples of the highest SSIM, and in brackets the same of
// 400 images never trained on, for one network each of 784-300-1 on 20 MNIST digits, odd against even, but
// for what is said (.ci/bench-recover limits). "Flagged" means that Converged is false or Confidence below LowConfidence.
//
//	as it is                               0.98 (0.47)
//	ten classes, one lambda a rival class  0.98 (0.49); n = 50: 0.97 (0.53)
//	two and three hidden layers            0.99 (0.47), 0.99 (0.46)
//	biases in all layers                   0.98 (0.47), two hidden layers 0.98 (0.47)
//	leaky ReLU, slope 0.01 and 0.1         0.98 (0.47), 0.95 (0.46)
//	weight decay 1e-4 and 1e-3             1.00 (0.47), 0.99 (0.47)
//	first layer started at 1e-5, 1e-3      0.99 (0.46), 0.90 (0.42): the noise of the start hides weak samples
//	    at 3e-3, 1e-2                      0.78 (0.35), 0.64 (0.29), the latter flagged
//	    as PyTorch does by default         0.50 (0.25), flagged: 9 directions of 20 stand above the noise
//	mean not subtracted from the inputs    0.26 (0.18), two hidden layers 0.39 (0.28), flagged: all samples of a class activate
//	                                       nearly the same neurons; ten classes, n = 50: 0.88 (0.52)
//	n = 20, 35, 50, 100, 200 at d = 196    0.92 (0.59), 0.73 (0.57), 0.68 (0.58), 0.65 (0.58), 0.65 (0.59); all flagged
//	n = 20, 50, 100, 150 at d = 100        0.81 (0.49), 0.57 (0.49), 0.59 (0.53), 0.59 (0.54); flagged from 50 on
//	rounded to fp16, to int8               0.98 (0.47), 0.98 (0.47); two hidden layers 0.99
//	20 % of each layer pruned              smallest 0.97 (0.47), at random 0.98 (0.47); two hidden layers 0.99
//
// Another network of n = 20 came to 0.64 at d = 196, flagged: recovery is reliable for n up to a tenth of d. Pruned weights of
// the first layer are filled in, and the noise of a coarse grid is known; see [Pruning] and [unlearnguard/graph/chain.RoundingNoise].
//
// # Many samples
//
// Of 500 MNIST digits, odd against even, 784-1000-1000-1 (the published size), a fifth to a quarter score above 95 % of images
// never trained on, and longer descents, more particles or other weights find no more. Gradient descent leaves W1 = G^T X, and
// the rows of G, solved from the true X, have entries of 0.004 for the 50 largest samples (root mean square over their active
// neurons), 0.0016 for the next 100, and 0.0003 for the last 200, of which the initial values alone leave 0.0004 uncertain.
// The residual does not single them out either: descents from the samples themselves end at 0.20 (weighted), from 600 random particles
// at 0.21. A network trained at a constant rate of 0.2, as published, is no different.
package reconstruct
