package start

// All thresholds of the package. "Safe: A to B" is the open range within which a decision threshold may be moved:
// thresholds_test.go fails if the value is A or B, which `.ci/mutate` checks. Those without a range are parameters of an
// estimate, on which no decision hinges.

// What a span may tell.
const (
	// decayAbove is how far above 1 the estimated factor of weight decay may lie: the estimate is uncertain where the noise is
	// large.
	// Source: .ci/bench-evidence initial; a factor above 1 is neither training nor weight decay.
	// Safe: 0.02 to 0.1.
	decayAbove = 0.05

	// leastFound is the share of the controls that must lie nearer to the span than 99 % of never-trained images, for the span to
	// tell anything.
	// Source: .ci/bench-evidence initial: 0.97 to 1.00 of the training samples are found where there is a span.
	// Safe: 0.3 to 0.7.
	leastFound = 0.5

	// fewestTrained is the number of controls below which distances tell nothing: how near trained images lie is then not known,
	// and an image that resembles a training sample is nearer than others.
	// Source: chosen; .ci/bench-soundness initial was measured with it.
	// Safe: 3 to 7.
	fewestTrained = 5

	// scaledBelow is the evenness below which the difference of a layer without a span was probably made by an optimiser that
	// scales each element. It chooses the reason that the report gives and no verdict.
	// Source: .ci/bench-evidence initial: Adam and AdamW leave 1.5 (CIFAR-10), 2.4 (MNIST) and 2.5 (embeddings), SGD 2.6 to 5.3,
	// and 3.3 and more where there were too many samples, or altered ones, for a span.
	// Safe: 2.55 to 3.3.
	scaledBelow = 2.8

	// leastPart is the share of an equal part in a difference's sum of squares below which a row or column does not count for
	// the evenness.
	leastPart = 1e-3
)

// What an initialisation looks like ([Genuine]).
const (
	// genuineLevel is the p-value below which a test rejects a start as an initialisation.
	// Source: chosen; .ci/bench-soundness initial was measured with it.
	// Safe: 0.0005 to 0.002.
	genuineLevel = 1e-3

	// spectrumAbove is how far the largest singular value may lie above the edge of the Marchenko-Pastur law, relative to it.
	// Source: TestGenuine, 40 initialisations of 120 x 200; .ci/bench-soundness initial was measured with it.
	// Safe: 0.03 to 0.08.
	spectrumAbove = 0.05

	// boundAbove is how far the largest element of a uniform initialisation may lie above the bound that follows from the mean
	// square, in standard deviations of that estimate, which is sqrt(0.2/n) relative to it for n elements.
	// Source: the normal distribution; 3 in 10 million lie beyond 5.
	// Safe: 4 to 6.
	boundAbove = 5
)

// What a regenerated start is compared by ([Regenerate]): the cosine of a weight and its supposed start must exceed resemblance
// standard deviations of chance, 1/sqrt(n) for n elements, or sameness, whichever is less.
const (
	// Source: the normal distribution; 1 in a billion lies beyond 6.
	// Safe: 4.5 to 7.5.
	resemblance = 6

	// Source: chosen, for layers of fewer than 45 elements.
	// Safe: 0.8 to 0.97.
	sameness = 0.9
)

// Parameters of the estimates.
const (
	// likeness is the mean square of never-trained images along a direction, as a share of that along all directions, up to
	// which they hardly vary along it.
	// Source: .ci/bench-evidence initial: 0.001 to 0.1 all serve where samples are few; near the limit on MNIST those from 0.05 on,
	// on CIFAR-10 those up to 0.1.
	likeness = 0.05

	// leastShare is the share of the differences' sum of squares below which a direction is lost in the rounding of float64.
	leastShare = 1e-14

	// leastActive is the root mean square of a row or column of a difference, in units of float32's rounding at the size of the
	// weight, below which training did not move it: an input that is always 0, a neuron that is never active.
	leastActive = 10
)
