package reconstruct

// All thresholds that decide whether a result is believed. "Safe: A to B" is the open range within which one may be moved:
// thresholds_test.go fails if the value is A or B, which `.ci/mutate` checks. What other numbers of the package do to a
// reconstruction is measured by `.ci/bench-recover`.
const (
	// poorResidual is the relative residual of the stationarity condition above which a run has not converged.
	// Source: .ci/bench-recover, 0.03 to 0.1 where samples were recovered.
	// Safe: 0.15 to 0.25.
	poorResidual = 0.2

	// repeatedShare is the number of samples that most restarts must find, over the rank.
	// Source: 0.37 to 1.3 on 14 networks that samples were recovered from, and 0 to 0.33 on 6 that hardly any were (n against d
	// of 35/196 and more).
	// Safe: 0.33 to 0.37.
	repeatedShare = 0.35

	// goodAgreement is the mean stability that as many of the most stable samples as a convolution determines must have.
	// Source: MNIST, 0.88 where all samples score above all images never trained on, 0.76 where half of them do.
	// Safe: 0.77 to 0.85.
	goodAgreement = 0.8

	// sameParticle is the cosine in span coordinates above which two particles of one descent converged to one point.
	// Source: at it descents kept 1.3 to 2 particles a direction on 22 networks that samples were recovered from, and 0.3 to 0.9
	// on 6 that they were not.
	// Safe: 0.97 to 0.99.
	sameParticle = 0.98

	// floorGain is how far above chance the share of pixels at the floor must lie for the images to have a floor.
	// Source: chosen; .ci/bench-recover was measured with it.
	// Safe: 0.1 to 0.2.
	floorGain = 0.15

	// sameAtFloor and sameRough are the cosines in span coordinates above which two candidates are one sample: candidates at the
	// floor are nearly exact, others carry more of the descent's error. The candidate at the floor that stands for its group is
	// seldom the best of it.
	// Source: Fashion-MNIST, n = 50: at 0.97 that costs 0.02 of SSIM, at 0.98 half as much.
	// Safe: 0.97 to 0.99.
	sameAtFloor = 0.98
	// Safe: 0.8 to 0.9.
	sameRough = 0.85

	// tamperedSpread is the range of a layer's balance D, from its 5 % to its 95 % quantile, over the mean of
	// ||w_in||^2 + b^2 + ||w_out||^2, above which the layer may have been altered.
	// Source: 0.02 to 0.12 of networks trained by small steps, 0.4 to 1 by large ones with momentum, 0.65 and more with neurons
	// scaled at random by at most 1.2 or 1/1.2.
	// Safe: 0.15 to 0.4.
	tamperedSpread = 0.3

	// tamperedNoise is the range of the logarithm of the neurons' noise, between the same quantiles and beyond chance, above which
	// neurons were scaled: by a factor of 1.2 or 1/1.2.
	// Source: 0.3 at most on networks of the first two kinds, 1.5 and more on neurons scaled at random by up to 3.
	// Safe: 0.3 to 0.6.
	tamperedNoise = 0.4

	// levelledNoise is the same where the norms are even.
	// Source: no more than chance on the networks of .ci/bench-soundness, trained with the samples or without; 0.37 to 0.48 where the last
	// layer was trained by itself and neurons were then scaled until their norms were even (.ci/bench-soundness hostile small20, small30).
	// Safe: 0.08 to 0.3.
	levelledNoise = 0.15

	// spreadAgain is the factor by which the spread of D may exceed that of the model before, where that was wide already.
	// Source: chosen; the spreads of networks trained in one way differ by less than 1.2, and where the last layer was trained by itself they are
	// 1.4 to 2.4 in place of 0.02 to 0.12.
	// Safe: 1.3 to 3.
	spreadAgain = 2

	// LowConfidence is the [Result.Confidence] below which what a run recovered resembles the training samples only in part.
	// Source: on networks that .ci/bench-recover has none of, 0.76 to 0.85 where the mean SSIM was 0.53 to 0.64, and 0.87 to
	// 0.94 where it was 0.72 to 0.90.
	LowConfidence = 0.85
)
