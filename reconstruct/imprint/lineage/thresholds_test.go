package lineage

import (
	"math"
	"testing"
)

// The tests of this file place agreements on either side of each threshold in thresholds.go, in plain numbers. They fail if one
// leaves its safe range.

// agreeing is a layer whose weights lie so far on the way from independence to identity.
func agreeing(independent, excess float64) Layer {
	return Layer{Name: "first", Compared: true, Rows: 100, Columns: 100, Rank: -1,
		Weights: Agreement{Cosine: independent + excess*(1-independent), Independent: independent}}
}

// left is such a layer of which training left some of the initial values.
func left(share, growth float64) Layer {
	l := agreeing(0.3, 0)
	l.Start, l.StartShare, l.StartGrowth = &Agreement{Cosine: 0.1, Independent: 0.1}, share, growth
	return l
}

func changed(l Layer, change func(*Layer)) Layer { change(&l); return l }

func TestDecide(t *testing.T) {
	for _, c := range []struct {
		name  string
		layer Layer
		want  Relation
	}{
		{"excess 0.12", agreeing(0.3, 0.12), Derived},
		{"excess 0.08", agreeing(0.3, 0.08), Unknown},
		{"excess 0.035", agreeing(0.3, 0.035), Unknown},
		{"excess 0.025", agreeing(0.3, 0.025), Independent},
		{"a cosine of 0.03 above", agreeing(0.9, 0.3), Derived},
		{"a cosine of 0.015 above", agreeing(0.9, 0.15), Unknown},
		{"8 rows", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Rows = 8 }), Derived},
		{"7 rows", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Rows = 7 }), Unknown},
		{"20 columns", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Columns = 20 }), Derived},
		{"19 columns", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Columns = 19 }), Unknown},
		{"logits", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Output = true }), Unknown},
		{"not compared", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Compared = false }), Unknown},
		{"zeros", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Weights.Cosine = 0 }), Unknown},
		{"zeros after", changed(agreeing(0.3, 0.5), func(l *Layer) { l.Weights.Independent = 0 }), Unknown},
		{"1.8 times as large", left(0.1, 1.8), Independent},
		{"twice as large", left(0.1, 2), Independent},
		{"2.3 times as large", left(0.1, 2.3), Unknown},
		{"0.55 times as large", left(0.1, 0.55), Independent},
		{"half as large", left(0.1, 0.5), Independent},
		{"0.45 times as large", left(0.1, 0.45), Unknown},
		{"2e-5 left", left(2e-5, 1), Independent},
		{"1e-5 left", left(1e-5, 1), Independent},
		{"6e-6 left", left(6e-6, 1), Unknown},
		{"independent ones have 0.55", agreeing(0.55, 0), Independent},
		{"independent ones have 0.6", agreeing(0.6, 0), Independent},
		{"independent ones have 0.65", agreeing(0.65, 0), Unknown},
	} {
		r := &Result{Layers: []Layer{c.layer}}
		if got, reason := decide(r, false); got != c.want {
			t.Errorf("%s: %s, want %s: %s", c.name, got, c.want, reason)
		}
	}
	if got, _ := decide(&Result{Layers: []Layer{agreeing(0.3, 1)}}, true); got != Same {
		t.Errorf("the same parameters: %s", got)
	}
}

func TestDecideByGradients(t *testing.T) {
	for _, c := range []struct {
		cosine float64
		layers int
		want   Relation
	}{{0.999993, 2, Derived}, {sameFunction, 2, Derived}, {0.99995, 2, Unknown}, {0.999993, 1, Unknown}, {0.999, 2, Unknown},
		{otherFunction, 2, Independent}, {0.997, 2, Independent}} {
		r := &Result{Gradients: &c.cosine, Layers: []Layer{agreeing(0.3, 0), agreeing(0.3, 0)}[:c.layers]}
		if got, reason := decide(r, false); got != c.want {
			t.Errorf("%d layers, gradients of cosine %v: %s, want %s: %s", c.layers, c.cosine, got, c.want, reason)
		}
	}
}

// A threshold itself is on the side that its comment says.
func TestAtThresholds(t *testing.T) {
	if !(Agreement{Cosine: derivedExcess}).derived() {
		t.Error("an excess of derivedExcess is no lineage")
	}
	if got, _ := decide(&Result{Layers: []Layer{changed(agreeing(0, 0), func(l *Layer) {
		l.Weights, l.Start = Agreement{0.3, 0.3}, &Agreement{Cosine: independentExcess}
		l.StartShare, l.StartGrowth = 1, 1
	})}}, false); got != Unknown {
		t.Errorf("an excess of independentExcess is %s", got)
	}
}

// The layer with the clearer sign decides, and the agreement with the larger excess is the sign.
func TestClearestSign(t *testing.T) {
	weak, clear := agreeing(0.3, 0.05), agreeing(0.3, 0.5)
	for _, layers := range [][]Layer{{weak, clear}, {clear, weak}} {
		if best, _, _ := (&Result{Layers: layers}).summary(); best.Weights != clear.Weights {
			t.Errorf("the clearest sign is %+v", best)
		}
	}
	// 0.6 of the way at a distance of 0.006 is no lineage, 0.15 at 0.1 is.
	near, far := agreeing(0.99, 0.6), agreeing(0.3, 0.15)
	for _, layers := range [][]Layer{{near, far}, {far, near}} {
		if best, _, _ := (&Result{Layers: layers}).summary(); best.Weights != far.Weights {
			t.Errorf("what is lineage does not come before what is not: %+v", best)
		}
	}
	l := agreeing(0.3, 0.2)
	l.Start = &Agreement{Cosine: 0.9, Independent: 0.2}
	if got, _ := l.strongest(); got != *l.Start {
		t.Errorf("the stronger agreement is %+v", got)
	}
	l.Start = &Agreement{Cosine: 0.1, Independent: 0.2}
	if got, _ := l.strongest(); got != l.Weights {
		t.Errorf("the stronger agreement is %+v", got)
	}
}

// The layer that was changed most is the one that a report describes.
func TestMostChanged(t *testing.T) {
	a, b := agreeing(0.3, 0.5), agreeing(0.3, 0.5)
	a.Name, a.Change, b.Name, b.Change = "little", 0.1, "much", 0.4
	for _, layers := range [][]Layer{{a, b}, {b, a}} {
		if _, most, _ := (&Result{Layers: layers}).summary(); most.Name != "much" {
			t.Errorf("the layer that was changed most is %q", most.Name)
		}
	}
}

func TestUnchanged(t *testing.T) {
	for change, want := range map[float64]bool{0: true, roundingChange: true, 2e-6: false} {
		if got := (&Result{Layers: []Layer{{Compared: true, Change: change}, {Change: 1}}}).unchanged(); got != want {
			t.Errorf("a change of %v is none: %v", change, got)
		}
	}
	if (&Result{Layers: []Layer{{Change: math.Inf(1)}}}).unchanged() {
		t.Error("layers that were not compared are unchanged")
	}
}

func TestDescription(t *testing.T) {
	for _, c := range []struct {
		change float64
		rank   int
		want   string
	}{
		{roundingChange, 5, ""},
		{0.5, 25, ", with a change of rank 25 in layer first, 0.5 of its norm"},
		{0.5, 26, ", with layer first changed by 0.5 of its norm"},
		{0.5, 1, ", with a change of rank 1 in layer first, 0.5 of its norm"},
		{0.5, 0, ", with layer first changed by 0.5 of its norm"},
		{0.5, -1, ", with layer first changed by 0.5 of its norm"},
	} {
		l := Layer{Name: "first", Rows: 100, Change: c.change, Rank: c.rank}
		if got := l.description(); got != c.want {
			t.Errorf("a change of %v, rank %d: %q, want %q", c.change, c.rank, got, c.want)
		}
	}
}
