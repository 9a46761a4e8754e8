// Package modeltest builds small ONNX models for tests of this module's packages, and finds the files that they read.
package modeltest

import "unlearnguard/onnxio"

// Model builds an ONNX model of opset 13 with an input "x" [batch, sample...] and an output "y".
func Model(sample []int64, initializers []*onnxio.Tensor, nodes ...onnxio.Node) *onnxio.Model {
	shape := []onnxio.Dim{{Size: -1, Param: "batch"}}
	for _, d := range sample {
		shape = append(shape, onnxio.Dim{Size: d})
	}
	return &onnxio.Model{
		Opsets:       []onnxio.Opset{{Version: 13}},
		Inputs:       []onnxio.Value{{Name: "x", DType: onnxio.Float32, Shape: shape}},
		Outputs:      []onnxio.Value{{Name: "y", DType: onnxio.Float32}},
		Initializers: initializers,
		Nodes:        nodes,
	}
}

// Node is an ONNX node of one output, named for operator and output.
func Node(op, output string, inputs []string, attributes ...onnxio.Attribute) onnxio.Node {
	return onnxio.Node{Name: op + "_" + output, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes}
}

// Floats is an initializer of float32 numbers.
func Floats(name string, shape []int, data ...float32) *onnxio.Tensor {
	return &onnxio.Tensor{Name: name, DType: onnxio.Float32, Shape: shape, Float32s: data}
}

// Ints is a vector of int64 numbers.
func Ints(name string, data ...int64) *onnxio.Tensor {
	return &onnxio.Tensor{Name: name, DType: onnxio.Int64, Shape: []int{len(data)}, Int64s: data}
}

// In lists names.
func In(names ...string) []string { return names }

// IntAttr is an attribute of one integer.
func IntAttr(name string, n int64) onnxio.Attribute {
	return onnxio.Attribute{Name: name, Kind: onnxio.KindInt, Int: n}
}

// FloatAttr is an attribute of one number.
func FloatAttr(name string, x float32) onnxio.Attribute {
	return onnxio.Attribute{Name: name, Kind: onnxio.KindFloat, Float: x}
}

// IntsAttr is an attribute of a list of integers.
func IntsAttr(name string, n ...int64) onnxio.Attribute {
	return onnxio.Attribute{Name: name, Kind: onnxio.KindInts, Ints: n}
}

// StaticBatch fixes the batch size of a model.
func StaticBatch(m *onnxio.Model, n int64) *onnxio.Model {
	m.Inputs[0].Shape[0] = onnxio.Dim{Size: n}
	return m
}
