package stationarity

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gorgonia.org/gorgonia"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// stationarityCase is a network and candidates for it.
type stationarityCase struct {
	name   string
	widths []int // inputs, hidden layers, outputs
	biases []bool
	slope  float64
	m      int
	o      Options
}

// The cases cover one to three hidden layers, one and several outputs, biases anywhere, both ways to compute a block
// (m below and above the widths), blocks left out and hinges.
var stationarityCases = []stationarityCase{
	{name: "one hidden layer", widths: []int{7, 11, 1}, biases: []bool{true, false}, m: 5},
	{name: "two hidden layers", widths: []int{7, 11, 9, 1}, biases: []bool{true, false, false}, m: 6},
	{name: "several classes", widths: []int{7, 11, 4}, biases: []bool{true, false}, m: 6},
	{name: "several classes, two hidden layers", widths: []int{6, 9, 8, 3}, biases: []bool{true, true, true}, m: 5},
	{name: "more candidates than neurons", widths: []int{5, 6, 7, 3}, biases: []bool{true, false, true}, m: 20},
	{name: "no biases, three hidden layers", widths: []int{4, 9, 6, 30, 1}, biases: []bool{false, false, false, false}, m: 8},
	{name: "leaky", widths: []int{7, 11, 9, 1}, biases: []bool{true, true, false}, slope: 0.2, m: 6},
	{name: "one candidate", widths: []int{7, 11, 1}, biases: []bool{true, false}, m: 1},
	{name: "linear", widths: []int{7, 3}, biases: []bool{true}, m: 4},
	{name: "first block", widths: []int{7, 11, 9, 1}, biases: []bool{true, true, false}, m: 6,
		o: Options{Weights: []float64{1, 0, 0}, BiasScales: []float64{3, 1, 1}}},
	{name: "input weights", widths: []int{4, 11, 9, 1}, biases: []bool{true, true, false}, m: 3,
		o: Options{Weights: []float64{0.7, 2, 1}, InputWeights: []float64{3, 1, 0.5, 0.1}}},
	{name: "last blocks", widths: []int{7, 11, 9, 2}, biases: []bool{true, true, false}, m: 30,
		o: Options{Weights: []float64{0, 0.5, 2}, BiasScales: []float64{1, 0.5, 1}}},
	{name: "hinges", widths: []int{7, 11, 9, 1}, biases: []bool{true, true, false}, m: 6,
		o: Options{Samples: Hinge{Weight: 0.3, Low: -0.2, High: 0.4}, Multipliers: Hinge{Weight: 2, Low: 0.3, High: math.Inf(1)}}},
}

// network draws the case's weights.
func (c stationarityCase) network(r *rand.Rand) *chain.Dense {
	net := &chain.Dense{Slope: c.slope}
	for l, out := range c.widths[1:] {
		in := c.widths[l]
		layer := chain.Affine{Name: fmt.Sprint("layer", l+1), W: mat.NewDense(out, in, nil)}
		for i := range out {
			for j := range in {
				layer.W.Set(i, j, r.NormFloat64()/math.Sqrt(float64(in)))
			}
		}
		if c.biases[l] {
			for range out {
				layer.B = append(layer.B, r.NormFloat64()*0.3)
			}
		}
		net.Layers = append(net.Layers, layer)
	}
	return net
}

func (c stationarityCase) labels(r *rand.Rand) []int {
	labels := make([]int, c.m)
	for i := range labels {
		if outputs := c.widths[len(c.widths)-1]; outputs > 1 {
			labels[i] = r.IntN(outputs)
		} else {
			labels[i] = 2*r.IntN(2) - 1
		}
	}
	return labels
}

// alphas gives every hidden layer another steepness.
func (c stationarityCase) alphas() []float64 {
	var alpha []float64
	for l := range c.widths[2:] {
		alpha = append(alpha, 2+float64(l))
	}
	if alpha == nil {
		return []float64{1}
	}
	return alpha
}

func fillNormal[T engine.Float](r *rand.Rand, v []T) {
	for i := range v {
		v[i] = T(r.NormFloat64())
	}
}

// problem makes the case's loss at a random point.
func problem[T engine.Float](t *testing.T, c stationarityCase, seed uint64) (*Loss[T], *chain.Dense, []int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	net, labels := c.network(r), c.labels(r)
	c.o.Engine.Threads = 2
	s, err := New[T](net.Convolutional(), labels, c.o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetAlpha(c.alphas()...); err != nil {
		t.Fatal(err)
	}
	fillNormal(r, s.X())
	fillNormal(r, s.Multipliers())
	return s, net, labels
}

func stepOf[T engine.Float](t *testing.T, s *Loss[T]) float64 {
	t.Helper()
	loss, err := s.Step()
	if err != nil {
		t.Fatal(err)
	}
	return loss
}

// With the activation softplus(alpha z)/alpha in place of ReLU, the surrogate is its derivative, and the gradients are
// those of the loss. (With ReLU they are not, on purpose.)
func useSoftplus(s *Loss[float64]) {
	f := s.fused
	exact := f.passes.activate
	f.passes.activate = func(b engine.Block) {
		exact(b)
		l := f.current
		for i := b.Row; i < b.ToRow; i++ {
			for j := b.Col; j < b.ToCol; j++ {
				z := l.z[i*l.out+j] + l.bias[j]
				softplus := math.Log1p(math.Exp(l.alpha*z)) / l.alpha
				l.h[i*l.out+j] = f.slope*z + (1-f.slope)*softplus
			}
		}
	}
}

func TestStationarityAgainstFiniteDifferences(t *testing.T) {
	for _, c := range stationarityCases {
		t.Run(c.name, func(t *testing.T) {
			s, _, _ := problem[float64](t, c, 11)
			useSoftplus(s)
			stepOf(t, s)
			gx := append([]float64(nil), s.GradX()...)
			gl := append([]float64(nil), s.GradMultipliers()...)
			compareWithDifferences(t, "x", s, s.X(), gx)
			compareWithDifferences(t, "lambda", s, s.Multipliers(), gl)
		})
	}
}

// compareWithDifferences compares the gradient with central differences of fourth order.
func compareWithDifferences(t *testing.T, name string, s *Loss[float64], at, grad []float64) {
	t.Helper()
	const h = 1e-3
	var apart, size float64
	for i, v := range at {
		f := func(k float64) float64 {
			at[i] = v + k*h
			return stepOf(t, s)
		}
		d := (8*(f(1)-f(-1)) - (f(2) - f(-2))) / (12 * h)
		at[i] = v
		apart += (d - grad[i]) * (d - grad[i])
		size += d * d
	}
	if relative := math.Sqrt(apart / size); !(relative < 1e-6) {
		t.Errorf("gradient by %s: relative error %.2g", name, relative)
	}
}

func TestStationarityAgainstExplicitGraph(t *testing.T) {
	for _, c := range stationarityCases {
		t.Run(c.name, func(t *testing.T) {
			s, net, labels := problem[float64](t, c, 12)
			loss := stepOf(t, s)
			want := explicitStationarity(t, net, labels, s.X(), s.Multipliers(), c.alphas(), c.o)
			if e := math.Abs(loss-want.loss) / math.Abs(want.loss); !(e < 1e-12) {
				t.Errorf("loss %v, want %v", loss, want.loss)
			}
			if e := relativeDistance(s.GradX(), want.gradX); !(e < 1e-12) {
				t.Errorf("gradient by x: relative error %.2g", e)
			}
			if e := relativeDistance(s.GradMultipliers(), want.gradMultipliers); !(e < 1e-12) {
				t.Errorf("gradient by lambda: relative error %.2g", e)
			}
		})
	}
}

// relativeDistance is ||got - want|| / ||want||.
func relativeDistance[T engine.Float](got []T, want []float64) float64 {
	var apart, size float64
	for i, w := range want {
		d := float64(got[i]) - w
		apart += d * d
		size += w * w
	}
	return math.Sqrt(apart / size)
}

func TestStationarityInSinglePrecision(t *testing.T) {
	for _, c := range stationarityCases {
		t.Run(c.name, func(t *testing.T) {
			double, _, _ := problem[float64](t, c, 13)
			single, _, _ := problem[float32](t, c, 13)
			want, got := stepOf(t, double), stepOf(t, single)
			if e := math.Abs(got-want) / want; !(e < 5e-6) {
				t.Errorf("loss %v, want %v", got, want)
			}
			if e := relativeDistance(single.GradX(), double.GradX()); !(e < 1e-5) {
				t.Errorf("gradient by x: relative error %.2g", e)
			}
			if e := relativeDistance(single.GradMultipliers(), double.GradMultipliers()); !(e < 1e-5) {
				t.Errorf("gradient by lambda: relative error %.2g", e)
			}
		})
	}
}

// Without input weights the loss is the residual, and the residual does not know of them.
func TestResidualIsWithoutInputWeights(t *testing.T) {
	c := stationarityCase{widths: []int{4, 11, 9, 1}, biases: []bool{true, true, false}, m: 3}
	plain, _, _ := problem[float64](t, c, 14)
	want := stepOf(t, plain)
	if got := plain.Residual(); got != want {
		t.Errorf("residual %v and loss %v differ without input weights", got, want)
	}
	c.o.InputWeights = []float64{3, 1, 0.5, 0.1}
	weighted, _, _ := problem[float64](t, c, 14)
	loss := stepOf(t, weighted)
	if got := weighted.Residual(); math.Abs(got/want-1) > 1e-12 || math.Abs(loss/want-1) < 0.1 {
		t.Errorf("residual %v and loss %v with input weights, residual %v without", got, loss, want)
	}
}

// A step repeated, and a step on another number of threads, gives the same bits.
func TestStationarityIsRepeatable(t *testing.T) {
	c := stationarityCase{widths: []int{70, 130, 150, 1}, biases: []bool{true, true, false}, m: 90,
		o: Options{Samples: Hinge{Weight: 1, Low: -1, High: 1}}}
	var first *Loss[float32]
	var firstLoss float64
	for _, threads := range []int{1, 2, 3} {
		c.o.Engine.Threads = threads
		r := rand.New(rand.NewPCG(5, 5))
		s, err := New[float32](c.network(r).Convolutional(), c.labels(r), c.o)
		if err != nil {
			t.Fatal(err)
		}
		fillNormal(r, s.X())
		fillNormal(r, s.Multipliers())
		for range 2 {
			loss := stepOf(t, s)
			if first == nil {
				first, firstLoss = s, loss
			}
			if loss != firstLoss {
				t.Errorf("%d threads: loss %v, not %v", threads, loss, firstLoss)
			}
			for i, g := range s.GradX() {
				if g != first.GradX()[i] {
					t.Fatalf("%d threads: element %d of the gradient is %v, not %v", threads, i, g, first.GradX()[i])
				}
			}
		}
	}
}

func TestStationarityOnEveryKernel(t *testing.T) {
	c := stationarityCase{widths: []int{70, 130, 150, 3}, biases: []bool{true, true, false}, m: 50}
	var want *Loss[float64]
	for _, kernel := range engine.Kernels() {
		c.o.Engine.Kernel = kernel
		s, _, _ := problem[float64](t, c, 15)
		stepOf(t, s)
		if want == nil {
			want = s
		}
		if e := relativeDistance(s.GradX(), want.GradX()); !(e < 1e-12) {
			t.Errorf("%s: relative error %.2g", kernel, e)
		}
	}
}

// The operation allocates nothing; gorgonia makes a few headers for the values that go in and out.
func TestStationarityAllocatesNothing(t *testing.T) {
	s, _, _ := problem[float32](t, stationarityCases[1], 14)
	if n := testing.AllocsPerRun(20, func() { s.fused.run(s.X(), s.Multipliers()) }); n != 0 {
		t.Errorf("the operation allocates %v times", n)
	}
	if n := testing.AllocsPerRun(20, func() { stepOf(t, s) }); n > 16 {
		t.Errorf("a step allocates %v times", n)
	}
}

// The operation is one among others: gorgonia's own machine runs it, and differentiates what is made of it.
func TestStationarityWithinAnotherGraph(t *testing.T) {
	s, _, _ := problem[float64](t, stationarityCases[1], 16)
	loss := stepOf(t, s)
	want := append([]float64(nil), s.GradX()...)
	for i, x := range s.X() {
		want[i] = 3*want[i] + 2*x
	}
	e := &explicit{t: t, g: gorgonia.NewGraph(), m: s.fused.m}
	x := matrixNode(e.g, "x", e.m, s.fused.inputs(), s.X())
	lambda := matrixNode(e.g, "lambda", e.m, s.fused.outputs(), s.Multipliers())
	own := e.apply(newLossOp(s.fused, x, lambda), x, lambda)
	got := e.run(e.add(e.mul(own, e.scalar(3)), e.squares(x, 1)), x, lambda)
	var squares float64
	for _, v := range s.X() {
		squares += v * v
	}
	if e := math.Abs(got.loss - 3*loss - squares); e > 1e-9 {
		t.Errorf("loss %v, want %v", got.loss, 3*loss+squares)
	}
	if e := relativeDistance(got.gradX, want); !(e < 1e-12) {
		t.Errorf("gradient by x: relative error %.2g", e)
	}
}

func TestStationarityRefuses(t *testing.T) {
	c := stationarityCases[1]
	net := c.network(rand.New(rand.NewPCG(1, 1)))
	broken := *net
	broken.Layers = []chain.Affine{net.Layers[0], net.Layers[0]}
	steep := *net
	steep.Slope = 1
	for name, f := range map[string]func() (*Loss[float32], error){
		"no labels": func() (*Loss[float32], error) { return New[float32](net.Convolutional(), nil, c.o) },
		"label":     func() (*Loss[float32], error) { return New[float32](net.Convolutional(), []int{0}, c.o) },
		"no layers": func() (*Loss[float32], error) { return New[float32](new(chain.Dense).Convolutional(), []int{1}, c.o) },
		"shapes":    func() (*Loss[float32], error) { return New[float32](broken.Convolutional(), []int{1}, c.o) },
		"slope":     func() (*Loss[float32], error) { return New[float32](steep.Convolutional(), []int{1}, c.o) },
		"too few weights": func() (*Loss[float32], error) {
			return New[float32](net.Convolutional(), []int{1}, Options{Weights: []float64{1}})
		},
		"input weights": func() (*Loss[float32], error) {
			return New[float32](net.Convolutional(), []int{1}, Options{InputWeights: []float64{1}})
		},
		"negative alpha": func() (*Loss[float32], error) {
			return New[float32](net.Convolutional(), []int{1}, Options{Alpha: -1})
		},
		"unknown kernel": func() (*Loss[float32], error) {
			return New[float32](net.Convolutional(), []int{1}, Options{Engine: engine.Options{Kernel: "abacus"}})
		},
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
