package imprint

// All constants of the package that were chosen by measurement. None of them decides: a score is compared with those of
// reference images that were made in the same way (package metrics), so that another value changes how much is found and not how
// often never-trained images are. One bounds what is accepted; its "Safe: A to B" is the open range within which it may be
// moved, which TestFewestReferences holds and `.ci/mutate` checks.

// FewestReferences is the number of reference images below which a covariance is not estimated.
// Source: chosen; p-values under 0.05 need 19 in any case.
// Safe: 10 to 30.
const FewestReferences = 20

// Parameters of the scores.
const (
	// defaultRidge is the share of the mean variance that is added to every direction of the activations before whitening.
	// Source: chosen; .ci/bench-evidence was measured with it.
	defaultRidge = 0.1

	// defaultSharpness divides the temperature at which competing classes are weighed, in units of the mean standard deviation
	// of a reference image's logits.
	// Source: chosen; .ci/bench-evidence was measured with it.
	defaultSharpness = 2

	// jointNoise is the share of a score's variance that no image of the set explains.
	// Source: between 0.1 and 0.3 it makes no difference to .ci/bench-evidence.
	jointNoise = 0.2

	// spanNoise is the level below which directions of a weight count as noise, in standard deviations of an entry.
	// Source: MNIST, n = 500, 784-1000-1000-1 from a small start (.ci/bench-evidence): 1 to 10 find between 0.57 and 0.61 of the
	// training samples at 5 % false alarms, and 60, where the noise's largest singular values lie, 0.4.
	spanNoise = 3

	// leastNoise is the same relative to the weight's largest singular value, for weights without any noise.
	leastNoise = 1e-6

	// neighbourShare is how much of the mean score of an image's shifted neighbours is subtracted: what the layer answers to all
	// images like it is no sign of this one.
	// Source: five MLPs each on MNIST (.ci/bench-evidence): 0.5 to 1 raise the share of training samples found at 1 % false alarms
	// alike.
	neighbourShare = 0.75

	// temperatureImages is the number of reference images that the temperature is computed from: more change it by a few
	// percent.
	temperatureImages = 200
)

// Bounds on time and memory.
const (
	// widestSpan is the width of a layer up to which its span is computed: the time rises with its cube, and a matrix of width x
	// width must fit the memory.
	widestSpan = 4096

	// mostJoint is the number of images up to which they are fitted jointly, as the time rises with its cube.
	mostJoint = 6000

	// mostKept is the number of images up to which the joint fit is kept for versions, as the memory rises with its square.
	mostKept = 2500
)
