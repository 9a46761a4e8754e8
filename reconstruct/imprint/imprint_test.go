package imprint

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// sampled draws images of some structure: sums of a few fixed patterns and noise.
func sampled(rng *rand.Rand, n int) Images {
	const size = 10 * 10
	patterns := make([][]float32, 6)
	fixed := rand.New(rand.NewPCG(99, 1))
	for k := range patterns {
		for range size {
			patterns[k] = append(patterns[k], float32(fixed.NormFloat64()))
		}
	}
	var out Images
	for range n {
		label := rng.IntN(3)
		x := make([]float32, size)
		for k, p := range patterns {
			c := float32(rng.NormFloat64())
			if k == label {
				c += 2
			}
			for i, v := range p {
				x[i] += c * v / 4
			}
		}
		for i := range x {
			x[i] += float32(0.3 * rng.NormFloat64())
		}
		out.X, out.Labels = append(out.X, x...), append(out.Labels, label)
	}
	return out
}

func trained(t *testing.T, arch fixtures.Architecture, on Images) *graph.Network {
	t.Helper()
	m, err := fixtures.NewModel(arch, []int{1, 10, 10}, fixtures.ArchitectureOptions{Hidden: []int{40}, Width: 4, Classes: 3, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	m, info, err := fixtures.Fit(context.Background(), m, on.X, on.Labels, fixtures.FitOptions{Momentum: 0.9, Rate: 0.02, Batch: 8, Epochs: 60})
	if err != nil || info.Accuracy < 0.95 {
		t.Fatal(info, err)
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// Training samples score higher than others, and others as the reference images do.
func TestExamine(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	members, references, strangers := sampled(rng, 30), sampled(rng, 200), sampled(rng, 200)
	for _, arch := range []fixtures.Architecture{fixtures.MLP, fixtures.VGGBN} {
		net := trained(t, arch, members)
		queried := Images{append(slices.Clone(members.X), strangers.X...), append(slices.Clone(members.Labels), strangers.Labels...)}
		steps := 0
		r, err := Examine(context.Background(), net, queried, references, Options{Progress: func(done, total int) { steps = max(steps, done) }})
		if err != nil {
			t.Fatal(err)
		}
		passes := map[fixtures.Architecture]int{fixtures.MLP: 6, fixtures.VGGBN: 2}[arch] // images shifted by a pixel are for the first alone
		if n := len(references.Labels); steps != n+passes*(len(queried.Labels)+n) {
			t.Errorf("progress ended at %d", steps)
		}
		best := 0.0
		for _, s := range r.Scores {
			if s.Kind == Rival { // what training samples have no part in
				continue
			}
			if got := exceeds(s.Queried[30:], s.References); math.Abs(got-0.5) > 0.1 {
				t.Errorf("%s %s: a stranger scores above a reference image with probability %.2f", s.Layer, s.Kind, got)
			}
			best = max(best, exceeds(s.Queried[:30], s.References))
		}
		if best < 0.75 {
			t.Errorf("%s: the best score tells training samples from others with AUC %.2f", arch, best)
		}
	}
}

// A sample that was trained on under another label scores below the others by its own and above them by its strongest other
// class.
func TestRelabelled(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	members, references := sampled(rng, 40), sampled(rng, 200)
	given := slices.Clone(members.Labels)
	for i := range 10 {
		members.Labels[i] = (given[i] + 1) % 3
	}
	net := trained(t, fixtures.MLP, members)
	members.Labels = given
	r, err := Examine(context.Background(), net, members, references, Options{})
	if err != nil {
		t.Fatal(err)
	}
	lowest, highest := 1.0, 0.0
	for _, s := range r.Scores {
		auc := exceeds(s.Queried[:10], s.References)
		switch s.Kind {
		case Matched:
			lowest = min(lowest, auc)
		case Rival:
			highest = max(highest, auc)
		}
	}
	if lowest > 0.2 || highest < 0.8 {
		t.Errorf("relabelled samples have AUC %.2f by their label and %.2f by another", lowest, highest)
	}
}

// Gains are minus the cross-entropy in its closed form, and the weights' sum with the logits is the margin.
func TestLogits(t *testing.T) {
	logits := []float32{1, -2, 0.5}
	sum := math.Exp(1) + math.Exp(-2) + math.Exp(0.5)
	if got, want := gain(logits, 2), math.Log(math.Exp(0.5)/sum); math.Abs(got-want) > 1e-7 {
		t.Errorf("gain %v, want %v", got, want)
	}
	if got, want := gain([]float32{3}, 0), math.Log(1-1/(1+math.Exp(-3))); math.Abs(got-want) > 1e-7 {
		t.Errorf("gain of one logit %v, want %v", got, want)
	}
	for _, g := range []goal{{temperature: 0.7}, {temperature: 0.7, rival: true}} {
		for _, label := range []int{-1, 0, 2} {
			w := make([]float32, 3)
			margin, dot := g.weights(logits, w, label), 0.0
			for i := range w {
				dot += float64(w[i] * logits[i])
			}
			if math.Abs(margin-dot) > 1e-6 {
				t.Errorf("label %d: margin %v, weights give %v", label, margin, dot)
			}
		}
	}
}

// exceeds is the probability that one of x is above one of y.
func exceeds(x, y []float64) float64 {
	n := 0
	for _, v := range x {
		for _, w := range y {
			if v > w {
				n++
			}
		}
	}
	return float64(n) / float64(len(x)*len(y))
}

// A reference image's score is the one that it has when it is queried and the others are the reference set, but for the mean,
// which moves along its own deviation.
func TestLeftOut(t *testing.T) {
	e, err := engine.New[float64](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	for _, width := range []int{6, 40} { // fewer and more elements than references
		const n = 15
		d, g := make([]float64, n*width), make([]float64, n*width)
		for i := range d {
			d[i], g[i] = rng.NormFloat64(), rng.NormFloat64()
		}
		all, err := newWhitening(e, d, n, width, 0.3)
		if err != nil {
			t.Fatal(err)
		}
		l := &layer{width: width}
		j := &judge{layer: l, references: n, images: n, activations: all, removed: all.embed(d, n), share: 1}
		got, everyone := map[Kind][]float64{}, upTo(n)
		j.addCosines(all.embed(d, n), all.embed(g, n), everyone, got, Matched)
		// The same by the definition: a metric of the other rows with the same penalty.
		others := slices.Clone(d[width:])
		rest, err := newWhitening(e, others, n-1, width, all.penalty*float64(width)/e.Dot(others, others))
		if err != nil {
			t.Fatal(err)
		}
		a, b := rest.embed(d[:width], 1), rest.embed(g[:width], 1)
		want := product(b, 0, a, 0) / math.Sqrt(product(a, 0, a, 0)*product(b, 0, b, 0))
		if math.Abs(got[Matched][0]-want) > 1e-9 {
			t.Errorf("width %d: %v, want %v", width, got[Matched][0], want)
		}
	}
}

// Solving in the metric is its own inverse product, in either form.
func TestWhiteningSolve(t *testing.T) {
	e, err := engine.New[float64](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 3))
	for _, width := range []int{5, 30} {
		const n = 12
		d, v := make([]float64, n*width), make([]float64, width)
		for i := range d {
			d[i] = rng.NormFloat64()
		}
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		w, err := newWhitening(e, d, n, width, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		x := w.solve(w.embed(v, 1), 1)
		for i := range v { // (S + penalty I) x = v
			sum := w.penalty * x[i]
			for r := range n {
				sum += d[r*width+i] * e.Dot(d[r*width:(r+1)*width], x)
			}
			if math.Abs(sum-v[i]) > 1e-9 {
				t.Fatalf("width %d: element %d is %v, want %v", width, i, sum, v[i])
			}
		}
	}
}

func TestExamineRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	members := sampled(rng, 24)
	net := trained(t, fixtures.MLP, members)
	if _, err := Examine(context.Background(), net, members, sampled(rng, 5), Options{}); err == nil {
		t.Error("five reference images are enough")
	}
	if _, err := Examine(context.Background(), net, Images{members.X[1:], members.Labels}, members, Options{}); err == nil {
		t.Error("an image that is cut short is taken")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Examine(ctx, net, members, members, Options{}); err == nil {
		t.Error("an ended context is not noticed")
	}
}

func TestFewestReferences(t *testing.T) {
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, 10, 10}, fixtures.ArchitectureOptions{Hidden: []int{4}, Classes: 3, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for n, enough := range map[int]bool{19: false, 20: true} {
		if _, err := Examine(context.Background(), net, sampled(rng, 2), sampled(rng, n), Options{}); (err == nil) != enough {
			t.Errorf("%d reference images: %v", n, err)
		}
	}
}
