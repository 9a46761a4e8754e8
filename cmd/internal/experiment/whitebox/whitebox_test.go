package whitebox

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/graph"
)

func random(rng *rand.Rand, rows, columns int) *mat.Dense {
	m := mat.NewDense(rows, columns, nil)
	m.Apply(func(int, int, float64) float64 { return rng.NormFloat64() }, m)
	return m
}

// The closed form agrees with fitting all others and predicting, image by image.
func TestLeaveOneOut(t *testing.T) {
	const n, penalty = 12, 0.3
	rng := rand.New(rand.NewPCG(1, 1))
	var k mat.SymDense
	k.SymOuterK(1, random(rng, n, 5))
	targets := random(rng, n, 1).RawMatrix().Data
	want := make([]float64, n)
	for i := range want {
		want[i] = targets[i] - predicted(t, &k, targets, i, penalty)
	}
	got, err := leaveOneOut(&k, targets, penalty)
	if err != nil {
		t.Fatal(err)
	}
	if !floats.EqualApprox(got, want, 1e-9) {
		t.Errorf("%v, want %v", got, want)
	}
}

// predicted is what kernel ridge regression on all targets but one predicts of that.
func predicted(t *testing.T, k *mat.SymDense, targets []float64, left int, penalty float64) float64 {
	t.Helper()
	var others []int
	for i := range targets {
		if i != left {
			others = append(others, i)
		}
	}
	n := len(others)
	a, b := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for p, i := range others {
		for q, j := range others {
			a.Set(p, q, k.At(i, j))
		}
		a.Set(p, p, a.At(p, p)+penalty)
		b.SetVec(p, targets[i])
	}
	var weights mat.VecDense
	if err := weights.SolveVec(a, b); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for p, i := range others {
		sum += weights.AtVec(p) * k.At(left, i)
	}
	return sum
}

// Centred and normalised inner products are those of the vectors themselves.
func TestKernelOfDeviations(t *testing.T) {
	const n, first, width = 7, 4, 3
	x := random(rand.New(rand.NewPCG(2, 1)), n, width)
	var k, want mat.SymDense
	k.SymOuterK(1, x)
	centre(&k, first)
	norms := normalise(&k)
	mean := make([]float64, width)
	for i := range first {
		floats.AddScaled(mean, 1./first, x.RawRowView(i))
	}
	for i := range n {
		row := x.RawRowView(i)
		floats.Sub(row, mean)
		if norm := floats.Norm(row, 2); math.Abs(norm-norms[i]) > 1e-12 {
			t.Errorf("norm %d is %v, want %v", i, norms[i], norm)
		}
		floats.Scale(1/norms[i], row)
	}
	want.SymOuterK(1, x)
	if !mat.EqualApprox(&k, &want, 1e-12) {
		t.Errorf("%v, want %v", mat.Formatted(&k), mat.Formatted(&want))
	}
}

// observed is what an untrained network with one hidden layer computes of random images.
func observed(t *testing.T, n int) (*Observations, *graph.Network, []float32, []int) {
	t.Helper()
	m, err := fixtures.NewModel(fixtures.MLP, []int{1, 2, 3}, fixtures.ArchitectureOptions{Hidden: []int{4}, Classes: 3, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 1))
	x, classes := make([]float32, 6*n), make([]int, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	for i := range classes {
		classes[i] = rng.IntN(3)
	}
	o, err := Observe(context.Background(), net, x, classes, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return o, net, x, classes
}

// The kernel is the inner product of the margins' gradients by the weight, as the runner gives them image by image.
func TestKernelIsOfGradients(t *testing.T) {
	const n = 5
	o, net, x, classes := observed(t, n)
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Parameters: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range o.layers {
		var want mat.SymDense
		gradients := mat.NewDense(n, weightSize(l), nil)
		for i := range n {
			r.ZeroGradients()
			weigh := func(_, _ int, _, weight []float32) {
				copy(weight, []float32{-0.5, -0.5, -0.5})
				weight[classes[i]] = 1
			}
			if err := r.Run(context.Background(), x[6*i:6*i+6], weigh, func(graph.Pass[float32]) error { return nil }); err != nil {
				t.Fatal(err)
			}
			for _, p := range r.Parameters() {
				if p.Name == l.name {
					widen(gradients, i, p.Gradient)
				}
			}
		}
		want.SymOuterK(1, gradients)
		if got := l.kernel(); !mat.EqualApprox(got, &want, 1e-5) {
			t.Errorf("%s: %v, want %v", l.name, mat.Formatted(got), mat.Formatted(&want))
		}
	}
}

func weightSize(l *layer) int { return l.inputs.RawMatrix().Cols * l.signals.RawMatrix().Cols }

// The Hessian is that of the mean loss by the last weight, by differences of its gradient.
func TestHessian(t *testing.T) {
	const n, damping, step = 4, 0.5, 1e-5
	o, _, _, classes := observed(t, n)
	inputs := o.layers[len(o.layers)-1].inputs
	_, width := inputs.Dims()
	w := random(rand.New(rand.NewPCG(4, 1)), 3, width)
	gradient := func() []float64 {
		var logits mat.Dense
		logits.Mul(inputs, w.T())
		for i := range n {
			o.answer(i, narrow(logits.RawRowView(i)), classes[i], make([]float32, 3))
			all := floats.LogSumExp(logits.RawRowView(i)) // o.answer has them in float32
			for c, z := range logits.RawRowView(i) {
				o.probabilities.Set(i, c, math.Exp(z-all))
			}
		}
		mean := make([]float64, 3*width)
		for i := range n {
			floats.AddScaled(mean, 1./n, o.lossGradients().RawRowView(i))
		}
		return mean
	}
	gradient()
	h := o.hessian([]int{0, 1, 2, 3}, damping)
	weights := w.RawMatrix().Data
	for k := range weights {
		at := weights[k]
		weights[k] = at + step
		above := gradient()
		weights[k] = at - step
		below := gradient()
		weights[k] = at
		for j := range above {
			want := (above[j] - below[j]) / (2 * step)
			if j == k {
				want += damping
			}
			if got := h.At(j, k); math.Abs(got-want) > 1e-7 {
				t.Errorf("element %d, %d is %v, want %v", j, k, got, want)
			}
		}
	}
}

func narrow(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// The score is the published one, with the inverse written out.
func TestInverseHessian(t *testing.T) {
	o, _, _, _ := observed(t, 8)
	training := Training{Rate: 0.1, Samples: 20, References: []int{0, 1, 2, 3}, Known: []int{4, 5}, Damping: 0.2}
	got, err := o.InverseHessian(training)
	if err != nil {
		t.Fatal(err)
	}
	var inverse, steps mat.Dense
	if err := inverse.Inverse(o.hessian(training.References, training.Damping)); err != nil {
		t.Fatal(err)
	}
	steps.Mul(o.lossGradients(), &inverse)
	known := make([]float64, steps.RawMatrix().Cols)
	floats.AddTo(known, steps.RawRowView(4), steps.RawRowView(5))
	floats.Scale(0.5, known)
	for i, v := range got {
		s := steps.RawRowView(i)
		want := o.Losses[i] - (floats.Dot(s, s)/20+2*floats.Dot(known, s))/0.1
		if math.Abs(v-want) > 1e-9 {
			t.Errorf("image %d: %v, want %v", i, v, want)
		}
	}
}

func TestObserveIsChecked(t *testing.T) {
	_, net, x, classes := observed(t, 2)
	classes[1] = 3
	if _, err := Observe(context.Background(), net, x, classes, Options{}); err == nil {
		t.Error("an image of a class that there is none of was taken")
	}
	o, _, _, _ := observed(t, 2)
	if _, err := o.Residuals(1, "none"); err == nil {
		t.Error("there is a layer of the name none")
	}
}
