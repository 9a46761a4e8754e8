// Package whitebox has what other methods say of whether a network was trained on images: the baselines of the evidence for
// known images (package reconstruct/imprint). Start with [Observe].
//
// Share of the training samples above 99 % of never-trained images, and AUC, of the networks mlp200 (package practice: MNIST,
// 784-256-256-10, SGD, 200 samples), means of three (experiment baselines --data idx:mnist):
//
//	evidence, joined by 30 controls           0.44  0.89
//	loss                                      0.02  0.73
//	margin                                    0.02  0.73
//	margin's residual, weights of all layers  0.12  0.73
//	margin's residual, first layer's weight   0.14  0.74
//	inverse Hessian attack, last layer        0.02  0.73
//
// The baselines are
//
//   - the loss, [Observations.Losses]: Yeom, Giacomelli, Fredrikson and Jha, "Privacy risk in machine learning: analyzing the
//     connection to overfitting", CSF 2018, arXiv 1709.01604;
//   - the margin, which does not saturate as the loss does: Carlini et al., "Membership inference attacks from first
//     principles", IEEE S&P 2022, arXiv 2112.03570, take the logarithm of the odds; package imprint gives its own margin;
//   - the residual of the margin, [Observations.Residuals]: how far the margin is above what the margins of all other images
//     predict of it under the kernel of its gradients by the weights, which is the tangent kernel of Jacot, Gabriel and Hongler,
//     "Neural tangent kernel", NeurIPS 2018, arXiv 1806.07572;
//   - the inverse Hessian attack, [Observations.InverseHessian]: Suri, Zhang and Evans, "Do parameters reveal more than loss for
//     membership inference?", TMLR 2024, arXiv 2406.11544, by the last layer's weight.
//
// # Where the attack differs from the published one
//
// It was published for the Hessian of the training loss by all parameters, and an adversary who knows all training samples but
// the one in question. An auditor has neither: the Hessian is that of the last layer, where it has a closed form, and of the
// reference images; the gradient of the other training samples is that of the controls. The learning rate and the number of
// training samples are told. The score is that of the authors' code, in which the loss counts with a plus.
//
// # Layers
//
// Layers count that are products and read one vector an image. Convolutions do not: the gradient by their weight is a sum over
// positions, and its inner products do not factor.
package whitebox
