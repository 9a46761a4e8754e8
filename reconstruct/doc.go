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
// descends from several random starts on the stationarity residual of the first layer's block, moves every
// candidate to the point of the span nearby that is most like an image, and gathers what several restarts found. Nothing
// but the parameters and the input's normalisation is used; a [Result] says in Converged whether it may be relied on when
// it does not contain something, and in Confidence how much of the samples it is likely to show.
//
// [RunPublished] is the published method, to compare with: it needs five hyper-parameters, which [SweepPublished] draws.
//
// # Limits
//
// What becomes of recovery beyond thin networks with a small start: mean over the training samples of the highest SSIM,
// beside that of 400 images never trained on, for one network each of 784-300-1 on 20 MNIST digits, odd against even, but
// for what is said (.ci/bench-recover limits). "Flagged" means that Converged is false.
//
//	as it is                               0.98 against 0.47
//	ten classes, one lambda a rival class  0.98 (0.49); n = 50: 0.94 (0.53)
//	two and three hidden layers            0.99 (0.47), 0.99 (0.46)
//	biases in all layers                   0.97 (0.47), two hidden layers 0.97 (0.47)
//	leaky ReLU, slope 0.01 and 0.1         0.98 (0.47), 0.91 (0.46)
//	weight decay 1e-4 and 1e-3             0.98 (0.46), 0.97 (0.47)
//	first layer started at 1e-5, 1e-3      0.98 (0.47), 0.89 (0.42): the noise of the start hides weak samples
//	    at 3e-3, 1e-2                      0.76 (0.34), 0.63 (0.28), with a confidence of half as much
//	    as PyTorch does by default         0.49 (0.24), flagged: 9 directions of 20 stand above the noise
//	n = 20, 35, 50, 100, 200 at d = 196    0.94 (0.57), 0.62 (0.50), 0.64 (0.53), 0.51 (0.46), 0.53 (0.50); flagged from 35 on
//	n = 20, 50, 100, 150 at d = 100        0.90 (0.53), 0.53 (0.46), 0.48 (0.42), 0.53 (0.48); flagged from 50 on
//	rounded to fp16, to int8               0.98 (0.47), 0.97 (0.47)
//	20 % of each layer pruned              smallest 0.97 (0.46), at random 0.97 (0.47); two hidden layers 0.98 and 0.99
//
// So n may be about a sixth of d at this width. Pruned weights of the first layer are filled in, and the noise of a coarse grid is
// known; see Pruning and [unlearnguard/graph.RoundingNoise].
package reconstruct
