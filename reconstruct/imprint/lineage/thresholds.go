package lineage

// All thresholds of the package; the package comment has what was measured on either side. "Safe: A to B" is the open range
// within which a decision threshold may be moved: thresholds_test.go fails if the value is A or B, which `.ci/mutate` checks.
// Those without a range are parameters of an estimate or bound the time.

// What shows that one model was made from another. Source of all: the tables and the 660 pairs in the package comment.
const (
	// derivedExcess is the part of the way from independence to identity from which models share their weights.
	// Safe: 0.07 to 0.13.
	derivedExcess = 0.1

	// derivedDistance is the cosine above independence that it takes as well: small starts have excesses of 0.34 at less.
	// Safe: 0.01 to 0.04.
	derivedDistance = 0.02

	// independentExcess is the excess below which models have nothing in common.
	// Safe: 0.02 to 0.04.
	independentExcess = 0.03

	// fewestRows is the number of neurons from which a layer is evidence.
	// Safe: 5 to 11.
	fewestRows = 8

	// fewestColumns is the number of inputs from which a layer is evidence.
	// Safe: 10 to 30.
	fewestColumns = 20

	// mostGrowth is how much larger or smaller what is left of the initial values may be after, for lineage to show there.
	// Safe: 1.6 to 2.5.
	mostGrowth = 2

	// leastShare is the share of the weight's norm that must be left of the initial values: less is float32's rounding.
	// Safe: 4e-6 to 3e-5.
	leastShare = 1e-5

	// mostIndependent is the cosine of independent networks up to which weights show lineage by themselves.
	// Safe: 0.5 to 0.7.
	mostIndependent = 0.6

	// sameFunction is the median cosine of gradients from which models compute the same function up to scale.
	// Safe: 0.9999 to 0.999995.
	sameFunction = 0.99999

	// otherFunction is the median cosine of gradients above which models may be one function that was rewritten. Networks trained
	// on mostly the same samples have up to 0.996.
	// Safe: 0.996 to 0.9995.
	otherFunction = 0.998
)

// What was changed.
const (
	// rescaled is the least change of a row's size, as a logarithm, that is not further training.
	rescaled = 0.1

	// parallel is the cosine from which a row's factor is well determined.
	parallel = 0.95

	// rescaledShare is the share of a layer's energy in such rows from which the layer counts as rescaled.
	rescaledShare = 0.1

	// copied is the cosine from which a row after without a counterpart is a copy of a row before, as splitting neurons makes.
	copied = 0.95

	// roundingChange is the relative change that storing float32 numbers at another scale makes.
	roundingChange = 1e-6

	// displaced is the cosine above which a row that is matched with one at another place was moved there. It chooses a word of
	// the report.
	displaced = 0.5

	// negligible is the singular value of a difference, relative to the largest, up to which it is rounding of factors.
	negligible = 1e-3

	// leastLeft is the share of the dimensions that must be left for the remainder of the initial values to be compared.
	leastLeft = 0.1
)

// Bounds on time.
const (
	// mostElements is the size of a weight up to which it is compared where the order of its columns is not known. A deep
	// network has enough smaller ones.
	mostElements = 1 << 18

	// mostDecomposed is the number of rows or columns, whichever is less, up to which a spectrum is computed: the time rises with
	// its cube.
	mostDecomposed = 1024
)
