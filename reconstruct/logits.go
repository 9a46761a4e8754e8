package reconstruct

import (
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// logits runs a network over m inputs and differentiates its outputs by them. ReLUs are exact, their derivative is the
// surrogate sigmoid(alpha z), as in [unlearnguard/graph/stationarity.Loss].
type logits struct {
	engine       *engine.Engine[float32]
	m            int
	alpha, slope float32
	layers       []logitsLayer
}

// logitsLayer is one layer's constants, and a row for each input of its pre-activations z, outputs h, slopes s and
// gradient.
type logitsLayer struct {
	in, out       int
	w, bias       []float32
	z, h, s, grad []float32
}

func newLogits(net *chain.Dense, m int, alpha float64, threads int) (*logits, error) {
	e, err := engine.New[float32](engine.Options{Threads: threads})
	n := &logits{engine: e, m: m, alpha: float32(alpha), slope: float32(net.Slope)}
	for _, l := range net.Layers {
		out, in := l.W.Dims()
		layer := logitsLayer{in: in, out: out, w: make([]float32, out*in), bias: make([]float32, out),
			z: make([]float32, m*out), h: make([]float32, m*out), s: make([]float32, m*out), grad: make([]float32, m*out)}
		for i := range out {
			convert(layer.w[i*in:], mat.Row(nil, i, l.W))
		}
		convert(layer.bias, l.B)
		n.layers = append(n.layers, layer)
	}
	return n, err
}

// at returns the outputs for x (m x d), one row an input. The next call overwrites them.
func (n *logits) at(x []float32) []float32 {
	in := x
	for k := range n.layers {
		l := &n.layers[k]
		n.engine.Gemm(false, true, n.m, l.out, l.in, 1, in, l.in, l.w, l.in, 0, l.z, l.out)
		for i := range n.m {
			at, to := i*l.out, (i+1)*l.out
			n.engine.Activate(l.h[at:to], l.s[at:to], l.z[at:to], l.bias, n.alpha, n.slope)
			if k == len(n.layers)-1 {
				n.engine.Axpy(l.z[at:to], 1, l.bias)
			}
		}
		in = l.h
	}
	return n.layers[len(n.layers)-1].z
}

// gradient writes to dst (m x d) the gradient of the sum of weight (one row an input) times the outputs of the last at.
func (n *logits) gradient(dst, weight []float32) {
	out := weight
	for k := len(n.layers) - 1; k >= 0; k-- {
		l := &n.layers[k]
		if k == 0 {
			n.engine.Gemm(false, false, n.m, l.in, l.out, 1, out, l.out, l.w, l.in, 0, dst, l.in)
			return
		}
		below := &n.layers[k-1]
		n.engine.Gemm(false, false, n.m, l.in, l.out, 1, out, l.out, l.w, l.in, 0, below.grad, l.in)
		n.engine.Mul(below.grad, below.grad, below.s)
		out = below.grad
	}
}

// rivals gives for each row of logits the largest but for that of its label.
func rivals(logits []float32, labels []int) []int {
	classes := len(logits) / len(labels)
	out := make([]int, len(labels))
	for i, y := range labels {
		row, rival := logits[i*classes:][:classes], -1
		for j, v := range row {
			if j != y && (rival < 0 || v > row[rival]) {
				rival = j
			}
		}
		out[i] = rival
	}
	return out
}
