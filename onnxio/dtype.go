package onnxio

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// layout says how a tensor of one element type is stored in a file and held in memory.
type layout struct {
	name string
	// width is the size of an element in raw_data, in bytes.
	width int
	// field is the typed field of TensorProto that holds such elements when raw_data does not.
	field protowire.Number
	held  holder
}

// holder is the slice of a Tensor that elements are held in.
type holder int

const (
	heldFloat32 holder = iota
	heldFloat64
	heldInt64
)

// width is the size of one element in memory, in bytes.
func (h holder) width() int {
	if h == heldFloat32 {
		return 4
	}
	return 8
}

var layouts = map[DType]layout{
	Float32:  {"float32", 4, tensorFloatData, heldFloat32},
	Float16:  {"float16", 2, tensorInt32Data, heldFloat32},
	BFloat16: {"bfloat16", 2, tensorInt32Data, heldFloat32},
	Float64:  {"float64", 8, tensorDoubleData, heldFloat64},
	Uint8:    {"uint8", 1, tensorInt32Data, heldInt64},
	Int8:     {"int8", 1, tensorInt32Data, heldInt64},
	Uint16:   {"uint16", 2, tensorInt32Data, heldInt64},
	Int16:    {"int16", 2, tensorInt32Data, heldInt64},
	Int32:    {"int32", 4, tensorInt32Data, heldInt64},
	Int64:    {"int64", 8, tensorInt64Data, heldInt64},
	Bool:     {"bool", 1, tensorInt32Data, heldInt64},
	Uint32:   {"uint32", 4, tensorUint64Data, heldInt64},
	Uint64:   {"uint64", 8, tensorUint64Data, heldInt64},
}

// otherTypes names the element types that no Tensor has numbers of. Strings are kept in Tensor.Strings, the others are refused.
var otherTypes = map[DType]string{
	Undefined: "undefined", String: "string", 14: "complex64", 15: "complex128",
	17: "float8e4m3fn", 18: "float8e4m3fnuz", 19: "float8e5m2", 20: "float8e5m2fnuz",
	21: "uint4", 22: "int4", 23: "float4e2m1", 24: "float8e8m0", 25: "uint2", 26: "int2",
}

// String returns the type's name as ONNX users write it, such as float32.
func (d DType) String() string {
	if l, ok := layouts[d]; ok {
		return l.name
	}
	if name, ok := otherTypes[d]; ok {
		return name
	}
	return fmt.Sprintf("dtype %d", int32(d))
}

// unsupported is the error of a tensor of a type that no Tensor can hold.
func (d DType) unsupported() error {
	if _, ok := otherTypes[d]; !ok {
		return fmt.Errorf("its element type %d does not exist in ONNX", int32(d))
	}
	return fmt.Errorf("its element type %s is not supported; convert the weights to float32, or quantise them to int8", d)
}
