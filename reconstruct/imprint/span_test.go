package imprint

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// The share of a deviation in the weight's span is that of its definition, b'A'(e^2 + A A')^-1 A b / b'b with A = W N^-1/2 and
// b = N^-1/2 d, and for a reference image in the metric of the others.
func TestSpanIsItsDefinition(t *testing.T) {
	e, err := engine.New[float64](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(6, 1))
	draw := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = rng.NormFloat64()
		}
		return out
	}
	for _, width := range []int{6, 30} { // fewer and more elements than reference images
		const n, queried, h = 15, 3, 4
		d := draw((n + queried) * width)
		w, err := newWhitening(e, d[:n*width], n, width, 0.3)
		if err != nil {
			t.Fatal(err)
		}
		loud := make([]float64, h)
		for i := range loud {
			loud[i] = 1
		}
		j := &judge{layer: &layer{width: width, weight: draw(h * width), loudness: loud}, references: n, images: n + queried, activations: w,
			removed: w.embed(d[:n*width], n), share: 1}
		if j.span, err = j.newSpan(d[:n*width]); err != nil {
			t.Fatal(err)
		}
		got := j.shares(d, w.embed(d, n+queried), upTo(n+queried))
		for _, i := range []int{0, n} {
			left := i
			if i == n {
				left = -1 // a queried image is no part of the metric
			}
			if want := defined(j, d, i, left, n); math.Abs(got[i]-want) > 1e-8 {
				t.Errorf("width %d, image %d: %v, want %v", width, i, got[i], want)
			}
		}
	}
}

// defined is the share of image i in the metric of the n reference images but one.
func defined(j *judge, d []float64, i, left, n int) float64 {
	k := j.layer.width
	metric := mat.NewSymDense(k, nil)
	for r := range k {
		metric.SetSym(r, r, j.activations.penalty)
	}
	for r := range n {
		if r != left {
			metric.SymRankOne(metric, 1, mat.NewVecDense(k, d[r*k:(r+1)*k]))
		}
	}
	var inverse, solved mat.Dense
	if err := inverse.Inverse(metric); err != nil {
		panic(err)
	}
	w := mat.NewDense(len(j.layer.weight)/k, k, j.layer.weight)
	var t mat.VecDense
	var answers, cross mat.Dense
	answers.Mul(w, &inverse)
	cross.Mul(&answers, w.T())
	for r := range w.RawMatrix().Rows {
		cross.Set(r, r, cross.At(r, r)+j.span.factor)
	}
	v := mat.NewVecDense(k, d[i*k:(i+1)*k])
	t.MulVec(&answers, v)
	if err := solved.Solve(&cross, &t); err != nil {
		panic(err)
	}
	return mat.Dot(&t, solved.ColView(0)) / mat.Inner(v, &inverse, v)
}

// A neuron that the outputs do not depend on has no part in the span, and scaling one against its output changes nothing.
func TestOnlyWhatIsHeard(t *testing.T) {
	weight := []float64{1, 2, 3, 4, 5, 6}
	plain := heard(weight, []float64{4, 4, 4}, 2)
	scaled := heard([]float64{10, 20, 3, 4, 5, 6}, []float64{0.04, 4, 4}, 2)
	for i := range weight {
		if math.Abs(plain[i]-weight[i]) > 1e-12 || math.Abs(scaled[i]-weight[i]) > 1e-12 {
			t.Errorf("element %d: %v and %v, want %v", i, plain[i], scaled[i], weight[i])
		}
	}
	if deaf := heard(weight, []float64{1, 0, 1}, 2); deaf[2] != 0 || deaf[3] != 0 || deaf[0] != 1 {
		t.Errorf("with a neuron that is not heard: %v", deaf)
	}
}
