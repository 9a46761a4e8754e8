package onnxio

// NewModel returns a model of the version this package writes by default, ONNX 1.12 (IR version 8, opset 17), for nodes,
// values and initializers to be added to. The graph is named after the producer.
func NewModel(producer, version string) *Model {
	return &Model{
		IRVersion:       8,
		Producer:        producer,
		ProducerVersion: version,
		Opsets:          []Opset{{Version: 17}},
		GraphName:       producer,
	}
}

// Fixed is a dimension of a known size.
func Fixed(size int) Dim { return Dim{Size: int64(size)} }

// Symbolic is a dimension known by name only, such as a batch of any size.
func Symbolic(name string) Dim { return Dim{Size: -1, Param: name} }

// FloatValue declares a float32 input or output.
func FloatValue(name string, shape ...Dim) Value {
	return Value{Name: name, DType: Float32, Shape: append([]Dim{}, shape...)}
}

// FloatTensor is a float32 initializer of row-major elements, of which there must be as many as the shape says. It keeps
// the slice.
func FloatTensor(name string, elements []float32, shape ...int) *Tensor {
	return &Tensor{Name: name, DType: Float32, Shape: append([]int{}, shape...), Float32s: elements}
}

// Gemm is the node y = x W^T + b of a linear layer as PyTorch exports it: w names a weight of shape out x in, b a bias of
// length out, or is "" for none.
func Gemm(name, x, w, b, y string) Node {
	n := Node{
		Name:    name,
		Op:      "Gemm",
		Inputs:  []string{x, w},
		Outputs: []string{y},
		Attributes: []Attribute{
			{Name: "alpha", Kind: KindFloat, Float: 1},
			{Name: "beta", Kind: KindFloat, Float: 1},
			{Name: "transB", Kind: KindInt, Int: 1},
		},
	}
	if b != "" {
		n.Inputs = append(n.Inputs, b)
	}
	return n
}

// Relu is the node y = max(x, 0).
func Relu(name, x, y string) Node {
	return Node{Name: name, Op: "Relu", Inputs: []string{x}, Outputs: []string{y}}
}
