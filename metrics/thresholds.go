package metrics

import "math"

// All decision thresholds of the package. Each has its meaning, its source, and what it must lie between: "Safe: A to B" says
// that thresholds_test.go fails if the value is A or B, or beyond, and for most values near them; `.ci/mutate` checks A and B.
//
// Sources name the command that repeats the measurement; `unlearnguard help measured` has the results.

// Heights: how far a score lies above the median of the null distribution, in its spreads (see scale).
const (
	// certain is the height from which a sample is clearly in evidence ([Evidence.Clear]), and at which standardised statistics
	// are cut off before weights are computed, so that one outlier does not set the weights. A p-value cannot be smaller than
	// 1/(references + 1), which occurs by chance among many audits; of a normal distribution 3 in 100,000 lie beyond 4.
	// Source: .ci/bench-soundness, 1508 samples never trained on: none retained.
	// Safe: 3.5 to 4.5.
	certain = 4

	// doubtful is the height up to which the controls are consulted about a sample that is clearly in evidence: the null
	// distributions of some reference sets have heavier tails than others, and the spread does not show it.
	// Source: .ci/bench-soundness, 1 of 230 samples left out was called retained, none with this rule.
	// Safe: 7 to 9.
	doubtful = 2 * certain

	// lossBeyond is the factor by which every matched control must have kept more of its height than a sample, for the
	// sample's loss to count as that of a sample that was left out.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 3 to 5.
	lossBeyond = 4

	// alike is the factor by which a control may have been higher than a sample in the model before and still be matched to it.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 1.5 to 3.
	alike = 2

	// shownShare is the share of the controls' median height that a sample must reach to be shown by a supplied start: an image
	// that resembles a training sample stands above others, and far below the controls.
	// Source: .ci/bench-soundness initial, 36 of 36 kept requests retained.
	// Safe: 0.3 to 0.7.
	shownShare = 0.5
)

// P-values.
const (
	// defaultLevel is the largest accepted share of false claims ([Options].Level). Source: the convention of 5 %.
	// Safe: 0.03 to 0.08.
	defaultLevel = 0.05

	// defaultAbsentAbove is the p-value above which a sample looks never trained on ([Options].AbsentAbove). Source: the convention of 5 %.
	// Safe: 0.03 to 0.08.
	defaultAbsentAbove = 0.05

	// guardLevel is the p-value up to which a guard keeps a sample from counting as absent. A guard needs no evidence of its
	// own: it costs one honest sample in a hundred its verdict.
	// Source: .ci/bench-soundness hostile, 55 pairs relabelled and the like: none unlearned.
	// Safe: 0.005 to 0.02.
	guardLevel = 0.01

	// copiesLevel is the p-value, over all tests of altered copies, up to which neither a request nor a sample is called unlearned;
	// provenLevel where a known start judges single samples. It costs one honest request in twenty its verdict.
	// Source: of 13 networks that were trained on a crop of each sample, enlarged and turned in its own way, two came out as
	// unlearned at 0.02 (and one that hardly learnt them, p > 0.9), with 0.036 and 0.046.
	// Safe: 0.03 to 0.07.
	copiesLevel = 0.05

	// unseenAbove is the p-value of the copies' likeness to what was reconstructed above which what layers answer to copies does not keep
	// samples that are judged by what was reconstructed from being unlearned, unless it is within RequestLevel over all tests.
	// Source: .ci/bench-soundness hostile small20, small30: within 0.014 of networks trained on altered copies, but for a quarter of each
	// sample (0.3, and 0.0001 by the layers); .ci/bench-soundness, above 0.11 of honest ones, also where layers answer to copies with
	// 0.0005 as the reference images are of another source (MNIST's test images). What copies owe to the likeness to the controls is not
	// taken away: that was tried, and honest networks came closer to the others.
	// Safe: 0.04 to 0.1.
	unseenAbove = 0.07

	// RequestLevel is the p-value up to which the samples of a request are in evidence as a group. It is smaller than the level
	// for single samples, as one false verdict on a request accuses a provider.
	// Source: .ci/bench-soundness practice, 79 of 80 kept requests retained, 1 of 80 left out and 0 of 20 never trained on.
	// Safe: 0.0005 to 0.002.
	RequestLevel = 0.001

	// provenLevel takes the place of Options.Level for groups whose samples are judged by a known start. There controls stand
	// dozens of spreads above the null distribution, and several tests at 0.05 would cost one honest request in ten.
	// Source: .ci/bench-soundness initial, 23 of 24 honest requests unlearned.
	// Safe: 0.01 to 0.03.
	provenLevel = 0.02

	// trailingTests is the number of tests, a layer by itself and the loss, that count without the others where the model after
	// may be made from the model before (Bonferroni). It is a count, not a choice.
	trailingTests = 2
)

// Shares and probabilities.
const (
	// defaultTau is the SSIM from which a sample counts as recovered without reference images ([Options].Tau).
	// Source: arXiv 2410.10120. Many never-trained images pass it (unlearnguard experiment range), so the report says that its
	// error rate is unknown.
	// Safe: 0.35 to 0.45.
	defaultTau = 0.4

	// defaultControlRate is the share of the controls recoverable before that must still be ([Options].ControlRate).
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 0.7 to 0.9.
	defaultControlRate = 0.8

	// defaultKeptShare is the largest share of a request that can have been kept for the verdict unlearned
	// ([Options].KeptShare).
	// Source: .ci/bench-soundness practice, 68 of 80 requests that were left out are unlearned at it.
	// Safe: 0.25 to 0.4.
	defaultKeptShare = 1. / 3

	// noticedShare is the largest share of a request from which kept samples would be noticed for the verdict unlearned: with
	// less power, samples that were trained on more weakly than the controls go unnoticed.
	// Source: .ci/bench-soundness practice, in honest requests NoticedFrom is 0.25 to 0.37 of the samples; of 60 networks that were trained on the samples for a
	// short time after an honest training, 14 came out as unlearned without this rule and those on KeptAtLeast and the loss, and none
	// with them.
	// Safe: 0.4 to 0.6.
	noticedShare = 0.5

	// startedNoticed takes the place of noticedShare where a known start judges single samples, and fewer of them can have been kept.
	// Source: .ci/bench-soundness initial, in honest requests NoticedFrom is 8 to 11 of 20 samples.
	// Safe: 0.55 to 0.65.
	startedNoticed = 0.6

	// startedShare takes the place of defaultKeptShare where a known start judges single samples: what only later layers were trained
	// on leaves a fraction of a control's score in them and none in the first layer.
	// Source: .ci/bench-soundness initial, at most 2 of 20 and 2 of 10 can have been kept in 24 honest requests, 3 and 6 of 20 and 4
	// and 6 of 10 in four whose later layers were trained on all samples.
	// Safe: 0.07 to 0.14.
	startedShare = 0.1

	// startedFew is the number of samples that can have been kept in a request of any size, behind a known start: a tenth of twenty.
	// Source: as startedShare.
	// Safe: 1 to 3.
	startedFew = 2

	// unlearnedShare is the share of the samples that must be unlearned one by one for the request to be.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 0.4 to 0.6.
	unlearnedShare = 0.5

	// absentOfFixed is the probability that a never-trained sample counts as absent against a fixed SSIM. It is not known; the
	// least that was seen is taken, as less makes unlearned rarer.
	// Source: unlearnguard experiment range, as few as half of the never-trained digits stay under defaultTau.
	// Safe: 0.3 to 0.7.
	absentOfFixed = 0.5

	// noticeOften is the probability with which a kept sample counts as noticed ([Power]), and 1 - noticeOften that of a kept
	// sample outside each bound on their number ([Together].KeptAtMost). Source: the convention of 95 %.
	// Safe: 0.9 to 0.98.
	noticeOften = 0.95

	// veryLikely is the lower bound on the share of controls found again from which the report says "very likely".
	// It changes a word of the report and no verdict.
	// Safe: 0.7 to 0.9.
	veryLikely = 0.8
)

// likelyLoss is the loss at which the labelled class has half of the probability: above it another class may have more.
const likelyLoss = math.Ln2

// Counts.
const (
	// enoughControls is the number of controls from which weights of statistics are computed from them, and the height of shown
	// samples is compared with them. With fewer, the largest standardised statistic is the score.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 3 to 8.
	enoughControls = 5

	// fewestTogether is the number of samples from which a group may be called unlearned.
	// Source: .ci/bench-soundness initial: of networks whose later layers alone were trained with the samples, requests of three
	// came out as unlearned, and of ten never.
	// Safe: 5 to 11.
	fewestTogether = 8

	// FewestOfClass is the number of reference images of a class from which samples are compared with their own class: 19 are
	// the fewest for a p-value of 0.05.
	// Safe: 14 to 31.
	FewestOfClass = 20

	// fewestDraws is the least number of draws of a permutation test that is accepted: with it a p-value can be 0.01.
	// Source: arithmetic.
	// Safe: 50 to 200.
	fewestDraws = 99

	// defaultDraws is the number of draws by default ([Options].Draws): the smallest p-value, 1/(draws + 1), times the number of
	// tests of a group must be within RequestLevel. More cost time only.
	// Source: arithmetic.
	// Safe: above 4000.
	defaultDraws = 9999
)
