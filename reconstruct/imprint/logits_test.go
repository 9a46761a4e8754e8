package imprint

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unlearnguard/fixtures"
	"unlearnguard/graph"
)

// The margin's weights are 1 for the class and minus the softmax of the others among themselves.
func TestMarginWeights(t *testing.T) {
	const temperature = 0.7
	a, b := math.Exp(1/temperature), math.Exp(0.5/temperature)
	for _, c := range []struct {
		name  string
		goal  goal
		label int
		want  []float64
	}{
		{"its own class", goal{temperature: temperature}, 1, []float64{-a / (a + b), 1, -b / (a + b)}},
		{"the strongest other class", goal{temperature: temperature, rival: true}, 1, []float64{1, -math.Exp(-2/temperature) / (math.Exp(-2/temperature) + b), -b / (math.Exp(-2/temperature) + b)}},
		{"the class that the network gives", goal{temperature: temperature}, -1, []float64{1, -math.Exp(-2/temperature) / (math.Exp(-2/temperature) + b), -b / (math.Exp(-2/temperature) + b)}},
		{"a label beyond the classes", goal{temperature: temperature}, 3, []float64{1, -math.Exp(-2/temperature) / (math.Exp(-2/temperature) + b), -b / (math.Exp(-2/temperature) + b)}},
	} {
		got := make([]float32, 3)
		c.goal.weights([]float32{1, -2, 0.5}, got, c.label)
		for i, want := range c.want {
			if math.Abs(float64(got[i])-want) > 1e-6 {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
	if got := strongestBut([]float32{1, 1, 0}, 2); got != 0 {
		t.Errorf("of two classes of equal strength %d comes first", got)
	}
}

// With one logit the classes are its signs, and 0 is the second one's.
func TestOneLogit(t *testing.T) {
	for _, c := range []struct {
		logit  float32
		label  int
		rival  bool
		weight float32
	}{
		{3, 1, false, 1}, {3, 0, false, -1}, {-3, 1, false, 1}, {-3, 0, true, 1}, {3, 1, true, -1},
		{3, -1, false, 1}, {-3, -1, false, -1}, {0, -1, false, 1},
	} {
		w := []float32{0}
		margin := goal{rival: c.rival}.weights([]float32{c.logit}, w, c.label)
		if w[0] != c.weight || margin != float64(c.weight*c.logit) {
			t.Errorf("%+v: weight %v, margin %v", c, w[0], margin)
		}
	}
}

// The temperature is the mean standard deviation of the reference images' logits, divided by the sharpness.
func TestTemperature(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	references := sampled(rng, 30)
	net := trained(t, fixtures.MLP, sampled(rng, 24))
	x := &Examination{net: net, references: references, opts: Options{Sharpness: 4}.withDefaults()}
	got, err := x.temperature(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	evaluator, err := net.Evaluator(graph.EvaluatorOptions{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i := range references.Labels {
		size := net.InputElements()
		input := make([]float64, size)
		for k, v := range references.X[i*size : (i+1)*size] {
			input[k] = float64(v)
		}
		y, err := evaluator.Run(context.Background(), input)
		if err != nil {
			t.Fatal(err)
		}
		mean := (y[0] + y[1] + y[2]) / 3
		square := 0.0
		for _, v := range y {
			square += (v - mean) * (v - mean)
		}
		want += math.Sqrt(square/2) / 30 / 4
	}
	if math.Abs(got/want-1) > 1e-4 {
		t.Errorf("%v, want %v", got, want)
	}
}

// A network with one logit is a classifier.
func TestExamineOneLogit(t *testing.T) {
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, 10, 10}, fixtures.ArchitectureOptions{Hidden: []int{8}, Classes: 1, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	images := sampled(rand.New(rand.NewPCG(1, 1)), 24)
	for i := range images.Labels {
		images.Labels[i] = min(images.Labels[i], 1)
	}
	r, err := Examine(context.Background(), net, images, images, Options{})
	if err != nil || len(r.Own()) == 0 {
		t.Fatal(r, err)
	}
}

// Neighbours are images shifted by a pixel, where the input is a picture.
func TestNeighbourShifts(t *testing.T) {
	for _, c := range []struct {
		input []int
		want  int
	}{{[]int{1, 8, 8}, 4}, {[]int{3, 9, 8}, 4}, {[]int{2, 8, 8}, 0}, {[]int{1, 7, 8}, 0}, {[]int{3, 8, 7}, 0}, {[]int{64}, 0}} {
		if got := neighbourShifts(c.input); len(got) != c.want {
			t.Errorf("%v: %v", c.input, got)
		}
	}
	two := Images{X: []float32{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}}
	for _, c := range []struct {
		s    shift
		want []float32
	}{
		{shift{}, two.X},
		{shift{1, 0}, []float32{1, 2, 3, 1, 2, 3, 10, 20, 30, 10, 20, 30}},
		{shift{-1, 0}, []float32{4, 5, 6, 4, 5, 6, 40, 50, 60, 40, 50, 60}},
		{shift{0, 1}, []float32{1, 1, 2, 4, 4, 5, 10, 10, 20, 40, 40, 50}},
	} {
		if got := two.shifted([]int{1, 2, 3}, c.s); !slices.Equal(got.X, c.want) {
			t.Errorf("%+v: %v, want %v", c.s, got.X, c.want)
		}
	}
}
