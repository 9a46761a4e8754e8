package chain

// All thresholds of the package. "Safe: A to B" is the open range within which one may be moved: thresholds_test.go fails if the
// value is A or B, which `.ci/mutate` checks. Those without a range are parameters of an estimate or bounds.

// What counts as a trace of the samples.
const (
	// fewestDetermined is the number of samples that a layer must determine for what is found to be samples ([Enough]). Below, they
	// are the layer's few directions, however well these explain it.
	// Source: 1 to 3 on networks of convolutions whose layers all started small (.ci/bench-recover limits).
	// Safe: 3 to 7.
	fewestDetermined = 5

	// noiseMargin is how far above the Marchenko-Pastur edge a singular value must lie to count, as a factor: the largest of pure
	// noise fluctuates about the edge by a few per cent.
	// Source: TestNoiseMargin, 40 matrices of 60 x 90 without any trace.
	// Safe: 1.02 to 1.1.
	noiseMargin = 1.05

	// nearlyFull is the share of a first layer's directions that stand above the noise from which the layer is said to exclude no
	// image. It chooses a sentence, and no verdict.
	// Safe: 0.8 to 0.95.
	nearlyFull = 0.9
)

// How noise and rounding are estimated ([NoiseRank], [RoundingNoise]).
const (
	// noiseTail is the lower part of the spectrum that is taken to be noise when its level is estimated.
	noiseTail = 0.6

	// gridSteps is the most steps from 0 that a value on a grid may have: that of 16-bit integers.
	gridSteps = 1 << 15

	// leastSteps is the number of grid steps up to which the smallest value of a row is tried: it is one step from 0 in most rows.
	leastSteps = 8

	// gridError is how far off the grid, in steps, the rounding of float32 leaves a value.
	gridError = 1.0 / 256
)

// Bounds.
const (
	// alike is how far apart the rows of two neurons, of length 1, may be for the neurons to count as one that was split: the
	// rounding of float32, and far below what any two trained neurons differ by.
	alike = 1e-5

	// absurd is beyond any trained number, and its square does not overflow.
	absurd = 1e100

	// mostRead bounds what a convolution reads of a sample, patch by patch: 32 x 32 positions of 5 x 5 x 40 values.
	mostRead = 1 << 20
)
