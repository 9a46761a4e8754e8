package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// planted is a first layer that is a combination of the inputs of samples, plus noise.
func planted(rng *rand.Rand, p *Problem, samples [][]float64, neurons int, noise float64) *mat.Dense {
	w := mat.NewDense(neurons, p.Inputs(), nil)
	w.Apply(func(_, _ int, _ float64) float64 { return noise * rng.NormFloat64() }, w)
	for _, s := range samples {
		signal := make([]float64, neurons)
		for j := range signal {
			signal[j] = rng.NormFloat64()
		}
		w.RankOne(w, 1, mat.NewVecDense(neurons, signal), mat.NewVecDense(p.Inputs(), p.space().input(s)))
	}
	return w
}

// vectors is the problem of images of d values in a row.
func vectors(d int, mean []float64) *Problem {
	return &Problem{Channels: 1, Height: 1, Width: d, Mean: mean}
}

// tracesOf is the search in a first layer w.
func tracesOf(t *testing.T, p *Problem, w *mat.Dense) *Traces {
	t.Helper()
	traces, err := newTraces(w, chain.NoiseSpan(w), p.space())
	if err != nil {
		t.Fatal(err)
	}
	return traces
}

func drawPixels(rng *rand.Rand, n, d int) [][]float64 {
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, d)
		for j := range out[i] {
			out[i][j] = rng.Float64()
		}
	}
	return out
}

func beyond(t *testing.T, traces *Traces, known, images [][]float64) []float64 {
	t.Helper()
	out, err := traces.Beyond(known, images)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// definition finds a and z by least squares, with sqrt(tau) z as h more values to bring to 0.
func definition(traces *Traces, w *mat.Dense, known [][]float64, image []float64) float64 {
	h, d := w.Dims()
	black := make([]float64, d)
	basis := append([][]float64{black}, known...)
	fit := func(withLayer bool) float64 {
		columns := len(basis)
		if withLayer {
			columns += h
		}
		a, y := mat.NewDense(d+h, columns, nil), mat.NewVecDense(d+h, nil)
		for i, v := range normalised(traces.space.input(image)) {
			y.SetVec(i, v)
		}
		for k, pixels := range basis {
			for i, v := range traces.space.input(pixels) {
				a.Set(i, k, v)
			}
		}
		for j := range columns - len(basis) {
			for i := range d {
				a.Set(i, len(basis)+j, w.At(j, i))
			}
			a.Set(d+j, len(basis)+j, math.Sqrt(traces.tau))
		}
		var x, left mat.VecDense
		if err := x.SolveVec(a, y); err != nil {
			return math.NaN()
		}
		left.MulVec(a, &x)
		left.SubVec(y, &left)
		return mat.Dot(&left, &left)
	}
	return math.Log(fit(false) / fit(true))
}

func TestTracesAreTheRegularisedDistance(t *testing.T) {
	for _, neurons := range []int{12, 60} { // fewer and more than inputs
		rng := rand.New(rand.NewPCG(1, uint64(neurons)))
		samples := drawPixels(rng, 8, 40)
		p := vectors(40, drawPixels(rng, 1, 40)[0])
		w := planted(rng, p, samples, neurons, 0.3)
		traces := tracesOf(t, p, w)
		w.Scale(1/chain.NoiseRank(w).Singular[0], w)
		known, images := samples[:3], append(samples[3:5:5], drawPixels(rng, 2, 40)...)
		for i, got := range beyond(t, traces, known, images) {
			if want := definition(traces, w, known, images[i]); math.Abs(got-want) > 1e-5*(1+want) {
				t.Errorf("%d neurons, image %d: %v, by least squares %v", neurons, i, got, want)
			}
		}
	}
}

// Samples stand out from other images, the more so the more of the others are known, also where there are more samples
// than neurons and the noise hides most of the span.
func TestTracesTellSamplesFromOthers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		samples, neurons int
		noise            float64
	}{{10, 100, 0.05}, {40, 20, 0.05}, {20, 300, 2}} {
		samples, never := drawPixels(rng, c.samples, 100), drawPixels(rng, 50, 100)
		p := vectors(100, nil)
		traces := tracesOf(t, p, planted(rng, p, samples, c.neurons, c.noise))
		known := samples[:c.samples-4]
		in, out := beyond(t, traces, known, samples[c.samples-4:]), beyond(t, traces, known, never)
		lowest, highest := math.Inf(1), math.Inf(-1)
		for _, v := range in {
			lowest = min(lowest, v)
		}
		for _, v := range out {
			highest = max(highest, v)
		}
		if lowest <= highest {
			t.Errorf("%+v: a sample has a trace of %.3f, an image that is none %.3f", c, lowest, highest)
		}
	}
}

// What resembles a known image has no trace of its own, however plain it is in the layer.
func TestTracesLookBeyondKnownImages(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	samples, never := drawPixels(rng, 10, 100), drawPixels(rng, 200, 100)
	p := vectors(100, nil)
	traces := tracesOf(t, p, planted(rng, p, samples, 60, 0.02))
	twin := append([]float64(nil), samples[0]...)
	for i := range twin {
		twin[i] += 0.02 * rng.NormFloat64()
	}
	ask := append([][]float64{twin, samples[0]}, never...)
	rank := func(scores []float64) int {
		n := 0
		for _, v := range scores[2:] {
			if v >= scores[0] {
				n++
			}
		}
		return n
	}
	if n := rank(beyond(t, traces, nil, ask)); n != 0 {
		t.Errorf("%d of 200 images have more of a trace than the twin of a sample", n)
	}
	if n := rank(beyond(t, traces, samples, ask)); n < 20 {
		t.Errorf("only %d of 200 images have more of a trace than the twin of a known sample, beyond it", n)
	}
	if v := beyond(t, traces, samples, ask)[1]; v != 0 {
		t.Errorf("a known image has a trace of %v beyond itself", v)
	}
}

// The statistic depends on what the layer spans, not on how: any rotation of the neurons and any scale of all weights
// leave it as it is.
func TestTracesIgnoreRotationsAndScale(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	samples := drawPixels(rng, 6, 50)
	p := vectors(50, nil)
	w := planted(rng, p, samples, 20, 0.1)
	images := append(samples[4:6:6], drawPixels(rng, 3, 50)...)
	want := beyond(t, tracesOf(t, p, w), samples[:4], images)

	random := mat.NewDense(20, 20, nil)
	random.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, random)
	var qr mat.QR
	qr.Factorize(random)
	var rotation, rotated mat.Dense
	qr.QTo(&rotation)
	rotated.Mul(&rotation, w)
	rotated.Scale(1e-7, &rotated)
	for i, got := range beyond(t, tracesOf(t, p, &rotated), samples[:4], images) {
		if math.Abs(got-want[i]) > 1e-6*(1+want[i]) {
			t.Errorf("image %d: %v, after a rotation %v", i, want[i], got)
		}
	}
}

func TestTracesOfNothing(t *testing.T) {
	images := drawPixels(rand.New(rand.NewPCG(9, 1)), 3, 9)
	for i, v := range beyond(t, tracesOf(t, vectors(9, nil), mat.NewDense(5, 9, nil)), images[:1], images) {
		if math.Abs(v) > 1e-9 {
			t.Errorf("image %d has a trace of %v in a layer of zeros", i, v)
		}
	}
}
