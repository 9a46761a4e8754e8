package chain

import (
	"context"
	"testing"

	"unlearnguard/graph"
	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

var (
	model      = modeltest.Model
	node       = modeltest.Node
	someFloats = modeltest.Floats
	ints       = modeltest.Ints
	in         = modeltest.In
	intAttr    = modeltest.IntAttr
	floatAttr  = modeltest.FloatAttr
	intsAttr   = modeltest.IntsAttr
	corpus     = modeltest.Corpus
)

func compiled(t *testing.T, m *onnxio.Model) *graph.Network {
	t.Helper()
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func compiledFile(t *testing.T, path string) *graph.Network {
	t.Helper()
	m, err := onnxio.ReadFile(context.Background(), path, onnxio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, m)
}

// logits runs a network in float64.
func logits(t *testing.T, net *graph.Network, x []float64) []float64 {
	t.Helper()
	e, err := net.Evaluator(graph.EvaluatorOptions{Float64: true, Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	y, err := e.Run(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return y
}
