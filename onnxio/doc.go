// Package onnxio reads and writes ONNX models: the bytes of a file that a stranger sent to a typed, validated [Model], and
// back.
//
// [ReadFile] and [Decode] read, [Write] and [WriteFile] write. [NewModel], [Gemm], [Relu], [FloatTensor] and [FloatValue]
// make a model to write.
//
// # What a model holds
//
// Everything the file says: versions, producer and metadata, operators with their domains, attributes and names, dimensions
// that are symbolic or unknown, and every tensor in the element type it had, external data included. What a Model has no
// place for is listed in its Ignored, and never changes what the network computes. Values are not interpreted: constants
// are not folded, shapes not inferred, quantised weights not dequantised.
//
// What a read returns can be relied on: nodes are in topological order, every name they read is defined once and before,
// every tensor has as many elements as its shape says, and every attribute has a value of its kind.
//
// # What is refused
//
// Control flow (graphs in attributes), functions local to the model, sparse tensors, strings where a numeric operator reads them, and element types below
// 8 bits or with fewer than 16 bits of floating point. Also whatever is ambiguous, as two readers might take it for
// different networks: a message twice where the format has one, data in two places, two producers of a value, a tensor
// whose data does not match its shape. An error names the node or tensor and what to do about it.
//
// # Files from strangers
//
// A read makes one pass over the protobuf bytes, without recursion, and checks every length, count and reference against
// the size of the file before it allocates. [ReadFile] never holds the file in memory: tensors go from the disk to the model
// in pieces, and a network of 200 MB takes 430 MB at its peak, garbage included. Names, nodes and attributes may take 48 MB;
// tensors take 4 bytes an element, or 8 for float64 and all integers. External data is read through [os.Root], from clean
// paths relative to the model's folder only, and must be exactly as long as its tensor.
//
// # Two readings
//
// What this package understood is checked against a second reading by onnx-go (github.com/owulveryck/onnx-go v0.5.0). It
// cannot be given the file: it panics on many, loses domains, names, dimensions and the type of small floats, and allocates
// what a file merely declares. It is given a canonical model instead, in which nothing of that occurs, and decodes it into
// a backend that records; the operators, connections and attributes must come out as they went in. The elements of tensors
// follow piece by piece, as the very bytes of the file where onnx-go knows their type, and must come out bit for bit. A
// tensor of no elements, which onnx-go cannot read, is the one exception.
package onnxio
