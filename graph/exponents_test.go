package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"unlearnguard/onnxio"
)

func TestExponents(t *testing.T) {
	s := &exponents{}
	w1, w2, skip, b := s.variable(), s.variable(), s.variable(), s.variable()
	if !s.require(map[int]float64{w1: 1, w2: 1, skip: -1}) {
		t.Error("a projection cannot take the degree of the two layers that it bypasses")
	}
	if !s.require(map[int]float64{skip: 1, b: -1}) {
		t.Error("a bias cannot take the degree of a projection")
	}
	if !s.require(map[int]float64{w1: 2, w2: 2, b: -2}) {
		t.Error("an equation that follows from the others is refused")
	}
	if s.require(map[int]float64{w1: 1, b: -1}) {
		t.Error("w2 must be 0, and is not refused")
	}
	if s.require(map[int]float64{w1: 1}) {
		t.Error("w1 = 0 is not refused")
	}
	e, ok := s.solve()
	if diff := cmp.Diff([]float64{1, 1, 2, 2}, e); !ok || diff != "" {
		t.Errorf("solution (-want +got)\n%s", diff)
	}
}

// randomNetwork draws a network of layers with and without biases, activations, and joins of what went before.
func randomNetwork(rng *rand.Rand) *onnxio.Model {
	const width = 3
	var initializers []*onnxio.Tensor
	var nodes []onnxio.Node
	parameter := func(shape ...int) string {
		data := make([]float32, volume(shape))
		for i := range data {
			data[i] = float32(rng.NormFloat64())
		}
		name := fmt.Sprintf("p%d", len(initializers))
		initializers = append(initializers, floats(name, shape, data...))
		return name
	}
	values := []string{"x"}
	emit := func(op string, inputs []string, attributes ...onnxio.Attribute) {
		name := fmt.Sprintf("v%d", len(nodes))
		nodes = append(nodes, node(op, name, inputs, attributes...))
		values = append(values, name)
	}
	for range 3 + rng.IntN(8) {
		last, any := values[len(values)-1], values[rng.IntN(len(values))]
		switch rng.IntN(9) {
		case 0, 1:
			emit("Gemm", in(last, parameter(width, width), parameter(width)))
		case 2, 3:
			emit("MatMul", in(last, parameter(width, width)))
		case 4:
			emit("Relu", in(last))
		case 5:
			emit("LeakyRelu", in(last), floatAttr("alpha", 0.3))
		case 6:
			emit("Add", in(last, any))
		case 7:
			emit("Max", in(any, last))
		case 8:
			emit([]string{"Tanh", "Mul", "Softplus"}[rng.IntN(3)], in(last))
			if n := &nodes[len(nodes)-1]; n.Op == "Mul" {
				n.Inputs = append(n.Inputs, any)
			}
		}
	}
	nodes = append(nodes, node("MatMul", "y", in(values[len(values)-1], parameter(width, 2))))
	return model([]int64{width}, initializers, nodes...)
}

// What the structure says of homogeneity is what a measurement finds, for random networks.
func TestRandomNetworksHomogeneityAgreesWithMeasurement(t *testing.T) {
	counts := map[Verdict]int{}
	for seed := range uint64(300) {
		m := randomNetwork(rand.New(rand.NewPCG(seed, 1)))
		net, err := Compile(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		h := net.Homogeneity()
		counts[h.Verdict]++
		deviation, err := net.MeasureHomogeneity(context.Background(), h, seed)
		if err != nil {
			t.Fatal(err)
		}
		if (h.Verdict != NotHomogeneous) != (deviation < agreed) {
			for _, n := range m.Nodes {
				t.Log(n.Op, n.Inputs, "->", n.Outputs)
			}
			t.Fatalf("seed %d: %s of degree %v with exponents %v and findings %v, but measured deviation %g", seed, h.Verdict, h.Degree, h.Exponents, h.Findings, deviation)
		}
	}
	t.Log(counts)
	for _, v := range []Verdict{Homogeneous, QuasiHomogeneous, NotHomogeneous} {
		if counts[v] < 20 {
			t.Errorf("only %d networks are %s", counts[v], v)
		}
	}
}
