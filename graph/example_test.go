package graph_test

import (
	"context"
	"fmt"
	"log"

	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// The gradients of y = w2 Relu(W1 x) at one sample, by the sample and by every parameter.
func Example() {
	m := onnxio.NewModel("example", "1")
	m.Inputs = []onnxio.Value{onnxio.FloatValue("x", onnxio.Symbolic("batch"), onnxio.Fixed(2))}
	m.Outputs = []onnxio.Value{onnxio.FloatValue("y", onnxio.Symbolic("batch"), onnxio.Fixed(1))}
	m.Initializers = []*onnxio.Tensor{
		onnxio.FloatTensor("W1", []float32{1, -1, 0, 2}, 2, 2),
		onnxio.FloatTensor("w2", []float32{3, 1}, 1, 2),
	}
	m.Nodes = []onnxio.Node{
		onnxio.Gemm("", "x", "W1", "", "h"),
		onnxio.Relu("", "h", "a"),
		onnxio.Gemm("", "a", "w2", "", "y"),
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	r, err := graph.NewRunner[float64](net, graph.RunOptions{Input: true, Parameters: true})
	if err != nil {
		log.Fatal(err)
	}
	one := func(_, _ int, _, weight []float64) { weight[0] = 1 }
	err = r.Run(context.Background(), []float64{2, 1}, one, func(p graph.Pass[float64]) error {
		fmt.Println("y", p.Output, "dy/dx", p.Input)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range r.Parameters() {
		fmt.Println("dy/d"+p.Name, p.Shape, p.Gradient)
	}
	// Output:
	// y [5] dy/dx [3 -1]
	// dy/dW1 [2 2] [6 3 2 1]
	// dy/dw2 [1 2] [1 2]
}
