// Package onnxio reads and writes ONNX models: the bytes of a file that a stranger sent to a typed, validated [Model], and
// back.
package onnxio
