package reconstruct

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
)

// distantDescent has candidates for a random network that keep its ReLUs far from their kinks, where the surrogate is the
// derivative.
func distantDescent(t *testing.T, widths ...int) *publishedDescent {
	t.Helper()
	net := balancedNet(rand.New(rand.NewPCG(3, 4)), widths...)
	for _, l := range net.Layers[:len(net.Layers)-1] {
		for j := range l.B {
			l.B[j] = 30
		}
	}
	p := Problem{Net: net, Channels: 1, Height: 1, Width: widths[0]}
	d, err := newPublishedDescent(&p, PublishedOptions{Seed: 7, Samples: 3, Setting: PublishedSetting{Scale: 1}}, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// margins are the absolute ones of all candidates.
func margins(d *publishedDescent) []float64 {
	convert(d.loss.X(), d.X)
	out := d.logits.at(d.loss.X())
	classes := len(out) / len(d.labels)
	var all []float64
	for i, y := range d.labels {
		v := float64(out[i*classes])
		if classes > 1 {
			v = float64(out[i*classes+y] - out[i*classes+rivals(out, d.labels)[i]])
		}
		all = append(all, math.Abs(v))
	}
	return all
}

func TestPriorEndsAtItsProjection(t *testing.T) {
	for _, widths := range [][]int{{6, 9, 1}, {6, 9, 8, 4}} {
		d := distantDescent(t, widths...)
		from, before := append([]float64(nil), d.X...), margins(d)
		if err := (PublishedPrior{}).apply(context.Background(), d.logits, d.labels, d.X); err != nil {
			t.Fatal(err)
		}
		for i, v := range d.X {
			if v != from[i] {
				t.Fatal("without a radius candidates move")
			}
		}
		eps := 0.05 * math.Sqrt(dot(from, from)/float64(len(from)))
		if err := (PublishedPrior{Radius: 0.05, Weight: 0.2, Epochs: 3}).apply(context.Background(), d.logits, d.labels, d.X); err != nil {
			t.Fatal(err)
		}
		largest := 0.0
		for i, v := range d.X {
			largest = max(largest, math.Abs(v-from[i]))
		}
		if math.Abs(largest-0.6*eps) > 0.05*eps {
			t.Errorf("widths %v: three steps of a fifth of %v reach %v", widths, eps, largest)
		}
		for i, after := range margins(d) {
			if after <= before[i] {
				t.Errorf("widths %v: candidate %d came from margin %v to %v", widths, i, before[i], after)
			}
		}
		copy(d.X, from)
		if err := (PublishedPrior{Radius: 0.05, Weight: 0.01, Epochs: 20000}).apply(context.Background(), d.logits, d.labels, d.X); err != nil {
			t.Fatal(err)
		}
		for i, v := range d.X {
			if math.Abs(math.Abs(v-from[i])-eps) > 1e-9 {
				t.Errorf("widths %v: after many steps x[%d] is %v from where it was, want %v", widths, i, v-from[i], eps)
			}
		}
	}
}

func TestLogitsGradient(t *testing.T) {
	d := distantDescent(t, 6, 9, 8, 4)
	x := make([]float32, len(d.X))
	grad := make([]float32, len(x))
	convert(x, d.X)
	weight := outward(d.logits.at(x), d.labels)
	d.logits.gradient(grad, weight)
	value := func() float64 {
		convert(x, d.X)
		sum := 0.0
		for i, v := range d.logits.at(x) {
			sum += float64(weight[i] * v)
		}
		return sum
	}
	for i, v := range d.X {
		d.X[i] = v + 1
		high := value()
		d.X[i] = v - 1
		if slope := (high - value()) / 2; math.Abs(slope-float64(grad[i])) > 1e-3 {
			t.Errorf("gradient %v by x[%d], by differences %v", grad[i], i, slope)
		}
		d.X[i] = v
	}
}
