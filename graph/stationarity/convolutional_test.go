package stationarity

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

var (
	model     = modeltest.Model
	node      = modeltest.Node
	floats    = modeltest.Floats
	in        = modeltest.In
	intAttr   = modeltest.IntAttr
	floatAttr = modeltest.FloatAttr
	intsAttr  = modeltest.IntsAttr
)

func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// convolutionalModels are small networks with convolutions, as an exporter would write them.
func convolutionalModels(r *rand.Rand) map[string]*onnxio.Model {
	weight := func(name string, shape ...int) *onnxio.Tensor {
		t := floats(name, shape, make([]float32, elements(shape))...)
		for i := range t.Float32s {
			t.Float32s[i] = float32(0.5 * r.NormFloat64())
		}
		return t
	}
	pads := intsAttr("pads", 1, 1, 1, 1)
	strides := intsAttr("strides", 2, 2)
	kernel := intsAttr("kernel_shape", 2, 2)
	return map[string]*onnxio.Model{
		"convolutions": model([]int64{2, 5, 5},
			[]*onnxio.Tensor{weight("w1", 3, 2, 3, 3), weight("b1", 3), weight("w2", 2, 3, 2, 2), weight("w3", 1, 24)},
			node("Conv", "z1", in("x", "w1", "b1"), pads, strides),
			node("Relu", "h1", in("z1")),
			node("Conv", "z2", in("h1", "w2"), intsAttr("pads", 1, 0, 1, 1)),
			node("Relu", "h2", in("z2")),
			node("Flatten", "f", in("h2")),
			node("Gemm", "y", in("f", "w3"), intAttr("transB", 1)),
		),
		"pooling": model([]int64{1, 6, 6},
			[]*onnxio.Tensor{weight("w1", 3, 1, 3, 3), weight("b1", 3), weight("w2", 4, 3, 2, 2), weight("b2", 4), weight("w3", 3, 4), weight("b3", 3)},
			node("Conv", "z1", in("x", "w1", "b1"), pads),
			node("LeakyRelu", "h1", in("z1"), floatAttr("alpha", 0.25)),
			node("MaxPool", "p1", in("h1"), kernel, strides),
			node("Conv", "z2", in("p1", "w2", "b2"), intsAttr("dilations", 1, 1)),
			node("LeakyRelu", "h2", in("z2"), floatAttr("alpha", 0.25)),
			node("GlobalAveragePool", "p2", in("h2")),
			node("Flatten", "f", in("p2")),
			node("Gemm", "y", in("f", "w3", "b3"), intAttr("transB", 1)),
		),
		"mean before a convolution": model([]int64{1, 6, 4},
			[]*onnxio.Tensor{weight("w1", 3, 1, 2, 2), weight("w2", 2, 3, 2, 1), weight("w3", 2, 12)},
			node("AveragePool", "p", in("x"), kernel),
			node("Conv", "z1", in("p", "w1"), pads),
			node("Relu", "h1", in("z1")),
			node("AveragePool", "p1", in("h1"), kernel, strides, pads, intAttr("count_include_pad", 1)),
			node("Conv", "z2", in("p1", "w2"), intsAttr("pads", 0, 0, 0, 0), intsAttr("strides", 2, 1)),
			node("Relu", "h2", in("z2")),
			node("MaxPool", "p2", in("h2"), intsAttr("kernel_shape", 1, 1)),
			node("Flatten", "f", in("p2")),
			node("Gemm", "y", in("f", "w3"), intAttr("transB", 1)),
		),
	}
}

// convolutionalProblem makes a loss for four random samples.
func convolutionalProblem(t *testing.T, r *rand.Rand, net *chain.Convolutional, o Options) (*Loss[float64], []int) {
	t.Helper()
	outputs, _ := net.Layers[len(net.Layers)-1].W.Dims()
	labels := stationarityCase{m: 4, widths: []int{outputs}}.labels(r)
	s, err := New[float64](net, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	fillNormal(r, s.X())
	fillNormal(r, s.Multipliers())
	return s, labels
}

func unrolled(t *testing.T, m *onnxio.Model) (*graph.Network, *chain.Convolutional) {
	t.Helper()
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := chain.ConvolutionalOf(net)
	if err != nil {
		t.Fatal(err)
	}
	return net, c
}

// With a surrogate so steep that it is the derivative, the loss is the squared distance of the parameters from the
// network's own gradients. The network is run by the evaluator, and differentiated by differences: its logits are
// piecewise linear in any one parameter.
func TestConvolutionalLoss(t *testing.T) {
	for name, m := range convolutionalModels(rand.New(rand.NewPCG(21, 1))) {
		t.Run(name, func(t *testing.T) {
			net, c := unrolled(t, m)
			s, labels := convolutionalProblem(t, rand.New(rand.NewPCG(21, 2)), c, Options{Alpha: 1e9})
			r, err := graph.NewRunner[float64](net, graph.RunOptions{Training: true})
			if err != nil {
				t.Fatal(err)
			}
			direction := func() float64 {
				r.Changed()
				y, err := r.Outputs(context.Background(), s.X())
				if err != nil {
					t.Fatal(err)
				}
				return margins(y, s.Multipliers(), labels)
			}
			var want float64
			for _, p := range r.Parameters() {
				data := p.Value
				for i, v := range data {
					const h = 1e-6
					data[i] = v + h
					up := direction()
					data[i] = v - h
					down := direction()
					data[i] = v
					d := v - (up-down)/(2*h)
					want += d * d
				}
			}
			if got := stepOf(t, s); math.Abs(got-want) > 1e-7*want {
				t.Errorf("loss %v, want %v", got, want)
			}
		})
	}
}

// margins is sum_i lambda_i y_i M(x_i), or sum_ij lambda_ij (M_{y_i}(x_i) - M_j(x_i)), from the logits.
func margins(y, lambda []float64, labels []int) float64 {
	n := len(y) / len(labels)
	var sum float64
	for i, label := range labels {
		if n == 1 {
			sum += lambda[i] * float64(label) * y[i]
			continue
		}
		for j := range n {
			sum += lambda[i*n+j] * (y[i*n+label] - y[i*n+j])
		}
	}
	return sum
}

func TestConvolutionalGradients(t *testing.T) {
	for name, m := range convolutionalModels(rand.New(rand.NewPCG(22, 1))) {
		for _, weights := range [][]float64{nil, {1, 0, 0}, {0.5, 1, 2}} {
			t.Run(fmt.Sprint(name, weights), func(t *testing.T) {
				_, c := unrolled(t, m)
				s, _ := convolutionalProblem(t, rand.New(rand.NewPCG(22, 2)), c, Options{Alpha: 2, Weights: weights})
				useSoftplus(s)
				stepOf(t, s)
				gx := append([]float64(nil), s.GradX()...)
				gl := append([]float64(nil), s.GradMultipliers()...)
				compareWithDifferences(t, "x", s, s.X(), gx)
				compareWithDifferences(t, "lambda", s, s.Multipliers(), gl)
			})
		}
	}
}
