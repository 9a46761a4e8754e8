// Package stationarity holds the KKT residual of a chain of layers and its gradients, as gorgonia operations: how far the
// parameters are from a sum of gradients at candidate samples (Haim et al., arXiv 2206.07758, eq. 5; Buzaglo et al., arXiv
// 2307.01827, eq. 6). To minimise it over samples and multipliers is to reconstruct training samples.
//
// # Where to start
//
// [New] takes a [chain.Convolutional] (of a fully connected network: [chain.Dense.Convolutional]) and a label for each candidate.
// Write [Loss.X] and [Loss.Multipliers], call [Loss.Step], and read [Loss.GradX] and [Loss.GradMultipliers]. [Options] weigh
// the layers' blocks and keep candidates within bounds by a [Hinge]. [Intake] is how a layer reads its input, for others who run
// a chain on many samples.
//
// # Limits
//
// Only the chains of package chain are known. The derivative of the activation is a smooth surrogate, without which the loss would
// have no useful gradient by the samples. A Loss owns its memory, a few rows for each patch of each candidate in every layer, and
// serves one goroutine at a time; the engine's threads work within a step.
package stationarity
