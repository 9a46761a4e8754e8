// Package metrics compares images and decides, from scores alone, whether samples are still in a model.
//
// It knows nothing of networks or files: images and numbers come in, scores and a [Decision] go out. Its subpackages
// draw picture grids (grid), write reports (report) and sign them (attest).
//
// # Similarity
//
// [SSIM] is the structural similarity index of Wang et al. 2004, the measure that people can see; [NCC] the centred
// cosine. [NearestSSIM] and [NearestNCC] find for each sample the reconstruction that comes nearest to it.
//
// # Deciding
//
// [Decide] takes, for a model before and a model after an unlearning request, one or more statistics of each queried
// sample and of a reference set: images of the same kind that neither model was trained on. It proceeds in these steps.
//
// Evidence. Each model's statistics are joined into one score with the weights that best tell the controls (samples
// that were to stay) from the reference images. The share of reference images that score as high, the sample counted
// among them, is a conformal p-value: for a sample that was never trained on it is at most a with a probability of at
// most a, whatever the distribution of scores and however many statistics were joined.
//
// Recoverable. A sample is recoverable from a model if the Benjamini-Hochberg procedure over the p-values of its role
// rejects at Options.Level. It is absent if its p-value is over Options.AbsentAbove. In between, it is
// absent if it lost several times as much of its height as any matched control, and otherwise neither.
//
// Verdict on a sample to forget:
//
//   - [Inconclusive] if it was not recoverable before, whatever comes after.
//   - [Retained] if it is recoverable after, and so far above the null distribution that it is no outlier of many audits
//     ([Evidence.Clear]). Up to twice that height a matched control must have lost as much as it did.
//   - [Unlearned] if it is absent after, both models passed every check of their [Diagnosis], enough controls were
//     recoverable before and most of these still are, and the probability that the sample was kept and only missed is
//     at most Options.Level. That probability follows by Bayes' rule from how many matched controls were missed and how
//     many other samples of the request were found.
//   - [Inconclusive] otherwise.
//
// Verdict on the request: retained if any of its samples is, or if they are in evidence together. Unlearned if none is, at
// least half of them are unlearned or [Together] says so, and taken together they show no more evidence than as many
// never-trained images would ([GroupTest], [Together]). Inconclusive otherwise.
//
// # Requests as a group
//
// In networks as people train them a single training image has a weak effect on the parameters, and many have a strong one together.
// [Join] makes one score of the layers' answers to an image, and [Together] decides by the sum of the samples' scores:
// unlearned if they were in evidence before (p <= 0.001), are not after by any test, the controls still are,
// at most a stated share of them (Options.KeptShare) can have been kept with 95 % confidence, and half of them would have been noticed
// (with a probability of 0.95). The loss and the altered copies count by themselves. Statistics of the use [AsGuard], the loss and the answer by another class,
// can only show that samples are there. Where layers judge single samples, too, these are called unlearned only in a request that is.
// The comment of [Together] has the error rates. Over 160 pairs of ten kinds of networks none of the 80 models that kept the samples
// was called unlearned (bench-soundness practice).
//
// All of this takes it that kept samples score as the controls do. Samples that an honest network was trained on for a short time
// afterwards score less: of 60 such networks 14 were called unlearned before power, the loss by itself and KeptAtLeast counted, none
// since. Those rules were chosen on these networks. Of 322 pairs on 25 networks that somebody made in PyTorch afterwards without having
// seen the rules, none of 118 that kept the samples was called unlearned (76 retained) and 3 of 116 dishonest ones (63 retained):
// trained on a crop of each sample, enlarged and turned in its own way. Two of these are inconclusive since copies count by themselves.
// Of 79 honest ones 18 were unlearned and 2 retained: most requests of 20 to 30 are too small for heads on embeddings (0 of 36), and MNIST's
// test set as reference images made honest networks look suspicious, of which half is since taken away (package audit).
//
// # Dishonest providers
//
// Samples may be trained on in another form: shifted, flipped, turned, cut. [Copies] are altered copies of the samples to
// forget and of reference images. A request that is in evidence by one version of all samples, or by the version fitted to each, was
// not honoured. Where samples were reconstructed, copies that were trained on are among these, and the likeness to them is one more
// test; there what layers answer to copies counts only if what was reconstructed resembles them as well, since layers also answer to what
// images of one source have in common. Samples may be removed from one layer: layers by themselves ([AsLayer]) are one more test, and where
// the model after is not known to be trained from another start ([Lineage]), that test and the loss count without the others. A weight from which a
// direction was projected out answers less to it than to other images, which is a guard as well. None of this makes anything
// unlearned.
//
// # Known starts
//
// Evidence by a network's initial weights joins the score of an image where the weights cannot be forged ([StartStatistic]). It
// covers one layer alone: a sample is called unlearned by it only in a request that is unlearned as a group, by all layers, with at
// most a tenth of its samples, or two, kept. Where a party supplied the weights, the statistic is [ForRetained]: it shows a sample that is at least
// half as high as the controls, and its absence means nothing.
//
// Every verdict carries its reason in words, and a decision says with which probability it would have noticed kept
// samples ([Power]) and whether forgotten samples lost more evidence than retained ones ([DifferenceTest]).
//
// Without a reference set a fixed SSIM takes the place of p-values, as in the paper (arXiv 2410.10120, Algorithm 1).
// Its error rate is unknown, and the decision says so.
//
// # Other methods of verification
//
// [INA], [AttackSuccess] and [Accuracy] are the figures that membership inference, backdoors and tests are judged by.
package metrics
