package audit

// All decision thresholds of the package. "Safe: A to B" is the open range within which one may be moved: thresholds_test.go
// fails if the value is A or B, which `.ci/mutate` checks.
const (
	// mostWrong is the share of the controls that a network may give another class: they are training samples of it. Above it
	// the inputs are normalised otherwise than the network needs, or the controls are not what they are said to be.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 0.2 to 0.4.
	mostWrong = 0.3

	// fartherAtMost and fartherAtLeast bound the share of pairs in which a queried image is farther from its nearest reference
	// image than a reference image is from the nearest other: outside, the reference images are of another kind.
	// Source: 0.5 by symmetry; between 0.2 and 0.8 for digits, clothes and photographs of any one class, 1.00 or 0.00 for digits
	// beside clothes.
	// Safe: 0.9 to 0.99.
	fartherAtMost = 0.97
	// Safe: 0.005 to 0.1.
	fartherAtLeast = 0.02

	// unknownClasses is the share of the samples to forget whose class no reference image may have.
	// Source: chosen; .ci/bench-soundness was measured with it.
	// Safe: 0.4 to 0.6.
	unknownClasses = 0.5

	// sameImage is the correlation from which one image is an altered copy of another.
	// Source: rounding to 8 bits leaves 0.99999, and two photographs or digits that were taken apart seldom reach 0.99.
	// Safe: 0.998 to 0.9999.
	sameImage = 0.9995
)

// Parameters, on which no verdict hinges.
const (
	// fewestAlike and fewestControlsAlike are the least numbers of reference images and of controls for a regression of scores on
	// the likeness to the controls.
	fewestAlike         = 100
	fewestControlsAlike = 10

	// rounding is the share of the largest singular value up to which another one is 0 but for rounding.
	rounding = 1e-9

	// leastWeight is the share from which a layer's score counts for copies: lesser ones cost as much time as others.
	leastWeight = 0.04

	// traceParts is the number of parts that the controls are divided into.
	traceParts = 4
)
