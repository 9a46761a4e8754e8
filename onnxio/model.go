package onnxio

import "strconv"

// DType is an ONNX element type (onnx.TensorProto.DataType).
type DType int32

// The element types of ONNX that this package reads.
const (
	Undefined DType = 0
	Float32   DType = 1
	Uint8     DType = 2
	Int8      DType = 3
	Uint16    DType = 4
	Int16     DType = 5
	Int32     DType = 6
	Int64     DType = 7
	String    DType = 8
	Bool      DType = 9
	Float16   DType = 10
	Float64   DType = 11
	Uint32    DType = 12
	Uint64    DType = 13
	BFloat16  DType = 16
)

// Model is one ONNX file, validated: every name a node reads is defined before it, every tensor holds as many elements
// as its shape says, and nothing that the file said is dropped silently.
type Model struct {
	// Path, SHA256 (hex) and Size (bytes) name the file; Path is empty and the others describe the bytes when the
	// model was decoded from memory.
	Path   string
	SHA256 string
	Size   int64

	IRVersion       int64
	Producer        string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Opsets          []Opset
	Metadata        []Property

	GraphName     string
	GraphDoc      string
	GraphMetadata []Property
	// Inputs are the values the caller must feed: an initializer that is listed as an input as well is not here.
	Inputs  []Value
	Outputs []Value
	// Values are the intermediate values whose type or shape the file states (value_info).
	Values []Value
	// Nodes are in topological order.
	Nodes []Node
	// Initializers are the constants of the file in its order, external data included.
	Initializers []*Tensor
	// Quantization names the scale and zero point of tensors, as the file annotates them.
	Quantization []Annotation

	// External are the files beside this one that tensors were read from, in the order of their first use.
	External []ExternalFile
	// Ignored says, one line each, what the file holds that a Model does not (training graphs, fields of a later ONNX):
	// nothing that the network computes.
	Ignored []string
}

// Opset returns the version of the operator set that the model imports for a domain, or 0 when it imports none. A file of
// IR version 1 or 2 without imports uses version 1 of the standard domain "".
func (m *Model) Opset(domain string) int64 {
	for _, o := range m.Opsets {
		if o.Domain == domain {
			return o.Version
		}
	}
	if domain == "" && m.IRVersion < 3 && len(m.Opsets) == 0 {
		return 1
	}
	return 0
}

// Opset is one operator-set import. The standard domain is "".
type Opset struct {
	Domain  string
	Version int64
}

// Property is one metadata entry.
type Property struct{ Key, Value string }

// Annotation names the quantisation parameters of one tensor: Params maps a role (SCALE_TENSOR, ZERO_POINT_TENSOR) to a
// tensor's name.
type Annotation struct {
	Tensor string
	Params []Property
}

// ExternalFile is a file of external data: its location relative to the model's folder, SHA-256 (hex) and size in bytes.
type ExternalFile struct {
	Location string
	SHA256   string
	Size     int64
}

// Value is a graph input, output or intermediate.
type Value struct {
	Name  string
	DType DType
	// Shape is nil when the file states none; a scalar has an empty, non-nil Shape.
	Shape    []Dim
	Doc      string
	Metadata []Property
}

// Dim is one dimension: a size, or a symbolic or unknown one (Size -1, Param its name or "").
type Dim struct {
	Size  int64
	Param string
}

// String returns the size, the name, or ? for a dimension that has neither.
func (d Dim) String() string {
	switch {
	case d.Size >= 0:
		return strconv.FormatInt(d.Size, 10)
	case d.Param != "":
		return d.Param
	}
	return "?"
}

// Node is one operator application.
type Node struct {
	Name     string
	Op       string
	Domain   string
	Overload string
	// Inputs and Outputs name values; "" is an omitted optional one.
	Inputs     []string
	Outputs    []string
	Attributes []Attribute
	Doc        string
	Metadata   []Property
}

// Attribute is a named constant of a node. Exactly one of the fields after Kind is meaningful.
type Attribute struct {
	Name    string
	Kind    AttributeKind
	Int     int64
	Float   float32
	String  string
	Ints    []int64
	Floats  []float32
	Strings []string
	Tensor  *Tensor
	Doc     string
}

// AttributeKind says which field of an Attribute holds its value (onnx.AttributeProto.AttributeType).
type AttributeKind int32

// The attribute kinds this package reads; graphs, sparse tensors and types are refused.
const (
	KindUndefined AttributeKind = 0
	KindFloat     AttributeKind = 1
	KindInt       AttributeKind = 2
	KindString    AttributeKind = 3
	KindTensor    AttributeKind = 4
	KindFloats    AttributeKind = 6
	KindInts      AttributeKind = 7
	KindStrings   AttributeKind = 8
)

// Tensor is a constant, held in the narrowest of three widths that represents its original type exactly.
type Tensor struct {
	Name string
	// DType is the type in the file; float16 and bfloat16 are widened to Float32s, all integers and bools to Int64s.
	// A uint64 of 2^63 or more keeps its bits and so is negative; a bool is 0 or 1.
	DType DType
	Shape []int
	// Overridable says that the file lists the initializer as a graph input too: a default that a caller may replace.
	Overridable bool
	Doc         string
	Metadata    []Property
	// Exactly one is non-nil (all may be empty for a tensor of no elements): row-major elements.
	Float32s []float32
	Float64s []float64
	Int64s   []int64
	Strings  []string
}
