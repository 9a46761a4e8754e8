package imprint

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/graph/engine"
)

// Scores are told apart by what they are for.
func TestKindsOfScore(t *testing.T) {
	r := &Result{}
	for _, k := range []Kind{Matched, Whitened, Joint, Span, Answer, Plain, Rival, Matched + Local} {
		r.Scores = append(r.Scores, Score{Kind: k})
	}
	for name, c := range map[string]struct {
		got  []Score
		want []Kind
	}{
		"own":     {r.Own(), []Kind{Matched, Whitened, Joint, Span, Matched + Local}},
		"rivals":  {r.Rivals(), []Kind{Rival}},
		"answers": {r.Answers(), []Kind{Answer, Plain}},
	} {
		var got []Kind
		for _, s := range c.got {
			got = append(got, s.Kind)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// Fully connected layers have a span, convolutions have none; an image has one score wherever it stands in the request; and a layer
// is left out only if it does not fit the memory.
func TestLayersThatScore(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	members, references := sampled(rng, 24), sampled(rng, 40)
	twice := Images{append(slices.Clone(members.X[:100]), members.X[:100]...), []int{members.Labels[0], members.Labels[0]}}
	spans := func(r *Result) (names []string) {
		for _, s := range r.Scores {
			if s.Kind == Span {
				names = append(names, s.Layer)
			}
			if s.Kind != Joint && math.Abs(s.Queried[0]-s.Queried[1]) > 1e-9 {
				t.Errorf("%s %s: %v for one image twice", s.Layer, s.Kind, s.Queried)
			}
		}
		return names
	}
	mlp := trained(t, fixtures.MLP, members)
	r, err := Examine(context.Background(), mlp, twice, references, Options{})
	if err != nil || !slices.Equal(spans(r), []string{"linear.0.weight", "linear.2.weight"}) {
		t.Errorf("spans of %v, %v", spans(r), err)
	}
	for _, spare := range []int{0, -1} {
		r, err := Examine(context.Background(), mlp, twice, references, Options{Memory: keptBytes*42*40 + spare})
		if want := 1 - spare; err != nil || len(r.LeftOut) != want {
			t.Errorf("%d bytes beyond the narrowest layer's: %v left out, want %d; %v", spare, r.LeftOut, want, err)
		}
	}
	r, err = Examine(context.Background(), trained(t, fixtures.VGGBN, members), twice, references, Options{})
	if got := spans(r); err != nil || len(got) != 2 || slices.Contains(got, "conv.0.weight") {
		t.Errorf("spans of %v, %v", got, err)
	}
}

// Where there is nothing to compare, a score is 0 and not a number.
func TestNothingToCompare(t *testing.T) {
	e, err := engine.New[float64](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newWhitening(e, make([]float64, 6), 3, 2, 0.1); !errors.Is(err, errNoSpread) {
		t.Errorf("reference images without spread: %v", err)
	}
	d := []float64{1, 2, -1, 0.5, 0, -2}
	w, err := newWhitening(e, d, 3, 2, 0.1)
	if err != nil {
		t.Fatal(err)
	}
	j := &judge{layer: &layer{width: 2, weight: []float64{1, 2, 3, 5}, loudness: []float64{1, 1}}, references: 3, images: 4, activations: w,
		removed: w.embed(d, 3), share: 1}
	zero, some := []float64{0, 0}, []float64{1, 1}
	for _, c := range [][2][]float64{{zero, some}, {some, zero}} {
		scores := map[Kind][]float64{}
		j.addCosines(w.embed(c[0], 1), w.embed(c[1], 1), []int{3}, scores, Matched)
		if scores[Matched][0] != 0 {
			t.Errorf("activation %v, gradient %v: %v", c[0], c[1], scores[Matched])
		}
	}
	if j.span, err = j.newSpan(d); err != nil {
		t.Fatal(err)
	}
	if got := j.shares(zero, w.embed(zero, 1), []int{3}); got[0] != 0 {
		t.Errorf("the share of nothing in the span: %v", got)
	}
	j.layer.loudness = []float64{0, 0}
	if s, err := j.newSpan(d); s != nil || err != nil {
		t.Errorf("a weight that nothing depends on has the span %v, %v", s, err)
	}
	if got := heard([]float64{1, 1, 1}, []float64{0, 0, 4}, 1); !slices.Equal(got, []float64{0, 0, 1}) {
		t.Errorf("rows that are not heard count towards the median: %v", got)
	}
	three := &judge{images: 3}
	if got := three.meanSquare([]float64{9, 9, 1, 9, 9, 0}, []float64{1, 0}, 2); got != 1 {
		t.Errorf("a gradient without length counts: %v", got)
	}
}

// What is stated of the memory rises with the images and the layers that fit, up to where something is left out.
func TestMemory(t *testing.T) {
	of := func(width, references int) int64 {
		return Memory([]Layer{{"w", width}}, references, 10, Options{Memory: 1 << 40})
	}
	if a, b, c := of(widestSpan-1, 50), of(widestSpan, 50), of(widestSpan+1, 50); a >= b || b <= c {
		t.Errorf("%d, %d and %d bytes about the widest span", a, b, c)
	}
	if a, b, c := of(20, mostJoint-11), of(20, mostJoint-10), of(20, mostJoint-9); a >= b || b <= c {
		t.Errorf("%d, %d and %d bytes about the largest joint fit", a, b, c)
	}
	two := []Layer{{"wide", 100}, {"narrow", 40}}
	fits := Memory(two, 30, 10, Options{Memory: keptBytes * 40 * 140})
	if less := Memory(two, 30, 10, Options{Memory: keptBytes*40*140 - 1}); fits <= less || less != Memory(two[1:], 30, 10, Options{}) {
		t.Errorf("%d bytes where both layers fit, %d where one does", fits, less)
	}
}
