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
// descends from several random starts on the stationarity residual of the first layer's block, moves the
// candidates to the floor of the pixel range where the images of this model have one, and gathers what several
// restarts found. Nothing but the parameters and the input's normalisation is used; a [Result] says in
// Converged whether it may be relied on when it does not contain something.
//
// [RunPublished] is the published method, to compare with: it needs five hyper-parameters, which [SweepPublished] draws.
package reconstruct
