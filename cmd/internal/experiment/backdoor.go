package experiment

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"unlearnguard/cmd/internal/specimen"
	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
)

// target is the class that a backdoor leads to, where that is not a class to forget.
const target = 0

// trigger is the mark of a backdoor.
var trigger = fixtures.Trigger{Side: 4}

// poisoned is a set with the trigger and the target's class on every image.
func poisoned(set *images.Set, target int) (*images.Set, error) {
	return fixtures.Poison(set, images.Positions(0, set.Len()), trigger, target)
}

// attack returns the success of a backdoor: the share of a set's images of another label than the target's that the
// network takes for the target once they carry the trigger, and how many these images are. Without any it is NaN.
func attack(n *specimen.Network, set *images.Set, target int) (success float64, queries int, err error) {
	other := func(class int) bool { return n.Task.Label(class) != n.Task.Label(target) }
	if !slices.ContainsFunc(set.Labels, other) {
		return math.NaN(), 0, nil
	}
	predicted, err := trigger.Predict(n.Net, set, n.Normalisation(), n.Task, target)
	return metrics.AttackSuccess(predicted, n.Task.Label(target)), len(predicted), err
}

// distinguished reports whether a backdoor's success over so many images is above that of a network without it by more
// than chance, at a level of 0.05: the test of two proportions on which verification by backdoors rests (Sommer et al.,
// arXiv 2003.04247, section 4).
func distinguished(with, without float64, queries int) bool {
	p := (with + without) / 2
	spread := math.Sqrt(2 * p * (1 - p) / float64(queries))
	return with-without > spread*distuv.UnitNormal.Quantile(0.95)
}
