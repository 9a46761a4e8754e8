package lineage

import (
	"fmt"
	"strings"
)

// excess is the part of the way from independence to identity.
func (a Agreement) excess() float64 {
	return (a.Cosine - a.Independent) / max(1-a.Independent, 1e-9)
}

func (a Agreement) derived() bool {
	return a.excess() >= derivedExcess && a.Cosine-a.Independent >= derivedDistance
}

// evidence says that the layer is a sign of lineage or of its absence. Weights of zeros are none.
func (l *Layer) evidence() bool {
	zeros := l.Weights.Cosine == 0 || l.Weights.Independent == 0
	return l.Compared && !l.Output && !zeros && l.Rows >= fewestRows && l.Columns >= fewestColumns
}

// strongest is the agreement with the larger excess, and what it is of.
func (l *Layer) strongest() (Agreement, string) {
	if l.Start != nil && l.Start.excess() > l.Weights.excess() {
		return *l.Start, "what training left of the initial values"
	}
	return l.Weights, "the weights"
}

// shows says that lineage would show in the layer, were there any.
func (l *Layer) shows() bool {
	if l.Start != nil {
		return l.StartShare >= leastShare && l.StartGrowth <= mostGrowth && l.StartGrowth >= 1.0/mostGrowth
	}
	return l.Weights.Independent <= mostIndependent
}

// decide says how the model after came about, and why.
func decide(r *Result, same bool) (Relation, string) {
	best, changed, power := r.summary()
	switch {
	case same:
		return Same, "the models have the same parameters"
	case best == nil && r.sameFunction():
		return Derived, r.sameFunctionReason()
	case best == nil:
		return Unknown, fmt.Sprintf("the models have no hidden layer in common, of %d neurons that read %d values or more, that could be compared", fewestRows, fewestColumns)
	}
	agreement, what := best.strongest()
	found := fmt.Sprintf("after matching neurons, the cosine of %s in layer %s is %.2f, where independent networks have up to %.2f",
		what, best.Name, agreement.Cosine, agreement.Independent)
	switch {
	case agreement.derived():
		return Derived, "made from the model before, or from the same initial values" + changed.description() + ": " + found
	case r.sameFunction():
		return Derived, r.sameFunctionReason()
	case r.Gradients != nil && *r.Gradients > otherFunction:
		return Unknown, fmt.Sprintf("the models compute nearly the same function, with gradients of a median cosine of %.3f, but it does not show in their weights", *r.Gradients)
	case agreement.excess() >= independentExcess:
		return Unknown, "too little to tell: " + found
	case !power:
		return Unknown, "lineage might not show: " + r.obstacle() + "; " + found
	}
	return Independent, "trained from another start: " + found
}

// summary gives the layer with the clearest sign of lineage, nil where none is a sign, the hidden layer that was changed most,
// and whether lineage would show in some layer.
func (r *Result) summary() (best, changed *Layer, power bool) {
	for i := range r.Layers {
		l := &r.Layers[i]
		if !l.evidence() {
			continue
		}
		power = power || l.shows()
		if changed == nil || l.Change > changed.Change {
			changed = l
		}
		if best == nil || l.better(best) {
			best = l
		}
	}
	return best, changed, power
}

// unchanged says that layers were compared and none differs. Integers of quantised weights are no parameters.
func (r *Result) unchanged() bool {
	compared := false
	for _, l := range r.Layers {
		compared = compared || l.Compared
		if l.Compared && l.Change > roundingChange {
			return false
		}
	}
	return compared
}

// better says that the layer is the clearer sign: derived before not, then by excess.
func (l *Layer) better(than *Layer) bool {
	a, _ := l.strongest()
	b, _ := than.strongest()
	if a.derived() != b.derived() {
		return a.derived()
	}
	return a.excess() > b.excess()
}

func (r *Result) sameFunction() bool {
	return r.Gradients != nil && *r.Gradients >= sameFunction && len(r.Layers) > 1
}

func (r *Result) sameFunctionReason() string {
	return fmt.Sprintf("made from the model before: the models compute the same function up to scale, with gradients of a median cosine of %.6f", *r.Gradients)
}

// obstacle says why lineage would not show in any layer.
func (r *Result) obstacle() string {
	for _, l := range r.Layers {
		if l.evidence() && l.Start != nil && l.StartShare >= leastShare {
			return fmt.Sprintf("outside what was learnt, layer %s is %.3g times as large as before", l.Name, l.StartGrowth)
		}
	}
	return "neurons of one network are as alike as those of two, and nothing is left of their initial values"
}

// description says what was changed.
func (l *Layer) description() string {
	var parts []string
	if l.Permuted {
		parts = append(parts, "neurons in another order")
	}
	if l.Scaled {
		parts = append(parts, "neurons rescaled")
	}
	switch {
	case l.Change <= roundingChange:
	case l.Rank > 0 && l.Rank <= l.Rows/4:
		parts = append(parts, fmt.Sprintf("a change of rank %d in layer %s, %.2g of its norm", l.Rank, l.Name, l.Change))
	default:
		parts = append(parts, fmt.Sprintf("layer %s changed by %.2g of its norm", l.Name, l.Change))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", with " + strings.Join(parts, ", ")
}
