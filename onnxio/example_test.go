package onnxio_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"unlearnguard/onnxio"
)

// A network of one hidden layer, y = w2 Relu(W1 x + b1), is written as PyTorch would export it, and read again.
func Example() {
	m := onnxio.NewModel("example", "1")
	m.Inputs = []onnxio.Value{onnxio.FloatValue("x", onnxio.Symbolic("batch"), onnxio.Fixed(2))}
	m.Outputs = []onnxio.Value{onnxio.FloatValue("y", onnxio.Symbolic("batch"), onnxio.Fixed(1))}
	m.Initializers = []*onnxio.Tensor{
		onnxio.FloatTensor("0.weight", []float32{1, -1, 0, 2, 1, 1}, 3, 2),
		onnxio.FloatTensor("0.bias", []float32{0, 0, -1}, 3),
		onnxio.FloatTensor("2.weight", []float32{1, 1, -1}, 1, 3),
	}
	m.Nodes = []onnxio.Node{
		onnxio.Gemm("/0/Gemm", "x", "0.weight", "0.bias", "h"),
		onnxio.Relu("/1/Relu", "h", "a"),
		onnxio.Gemm("/2/Gemm", "a", "2.weight", "", "y"),
	}
	var file bytes.Buffer
	if err := onnxio.Write(&file, m); err != nil {
		log.Fatal(err)
	}

	back, err := onnxio.Decode(context.Background(), file.Bytes(), onnxio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("opset", back.Opset(""), "by", back.Producer)
	for _, v := range back.Inputs {
		fmt.Println(v.Name, v.DType, v.Shape)
	}
	for _, n := range back.Nodes {
		fmt.Println(n.Op, n.Inputs)
	}
	// Output:
	// opset 17 by example
	// x float32 [batch 2]
	// Gemm [x 0.weight 0.bias]
	// Relu [h]
	// Gemm [a 2.weight]
}
