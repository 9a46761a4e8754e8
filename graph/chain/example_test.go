package chain_test

import (
	"fmt"
	"log"

	"unlearnguard/graph"
	"unlearnguard/graph/chain"
	"unlearnguard/onnxio"
)

// A product and a constant that is added to it are one layer of a fully connected network.
func Example() {
	m := onnxio.NewModel("example", "1")
	m.Inputs = []onnxio.Value{onnxio.FloatValue("x", onnxio.Symbolic("batch"), onnxio.Fixed(2))}
	m.Outputs = []onnxio.Value{onnxio.FloatValue("y", onnxio.Symbolic("batch"), onnxio.Fixed(1))}
	m.Initializers = []*onnxio.Tensor{
		onnxio.FloatTensor("W1", []float32{1, -1, 0, 0, 2, 1}, 2, 3), // MatMul has inputs x outputs
		onnxio.FloatTensor("b1", []float32{5, 6, 7}, 3),
		onnxio.FloatTensor("w2", []float32{1, 1, 1}, 1, 3),
	}
	m.Nodes = []onnxio.Node{
		{Op: "MatMul", Inputs: []string{"x", "W1"}, Outputs: []string{"p"}},
		{Op: "Add", Inputs: []string{"p", "b1"}, Outputs: []string{"h"}},
		onnxio.Relu("", "h", "a"),
		onnxio.Gemm("", "a", "w2", "", "y"),
	}
	net, err := graph.Compile(m, graph.Options{})
	if err != nil {
		log.Fatal(err)
	}
	dense, err := chain.DenseOf(net)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range dense.Layers {
		outputs, inputs := l.W.Dims()
		fmt.Println(outputs, "x", inputs, l.W.RawMatrix().Data, l.B)
	}
	// Output:
	// 3 x 2 [1 0 -1 2 0 1] [5 6 7]
	// 1 x 3 [1 1 1] []
}
