package onnxio

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"

	onnx "github.com/owulveryck/onnx-go"
	"gorgonia.org/tensor"
)

// crossCheckGraph has onnx-go decode the graph that the preflight read, and compares the two readings: every node with its
// operator, inputs, outputs and attributes, and the graph's inputs and outputs.
//
// onnx-go is not given the file but a canonical model: see [Model.canonical].
func (m *Model) crossCheckGraph() (err error) {
	defer recovered(&err)
	c := m.canonical()
	e, err := encodeModel(c)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	for _, p := range e.parts {
		data.Write(p.bytes) // its tensors have no elements
	}
	r := &recorder{}
	decoded := onnx.NewModel(r)
	if err := decoded.UnmarshalBinary(data.Bytes()); err != nil {
		return fmt.Errorf("onnx-go: %w", err)
	}
	if err := sameValues(r, decoded.Input, c.Inputs); err != nil {
		return fmt.Errorf("inputs: %w", err)
	}
	if err := sameValues(r, decoded.Output, c.Outputs); err != nil {
		return fmt.Errorf("outputs: %w", err)
	}
	if len(r.nodes) != len(c.Nodes) {
		return fmt.Errorf("onnx-go reads %d nodes where there are %d", len(r.nodes), len(c.Nodes))
	}
	for i := range c.Nodes {
		if err := c.Nodes[i].same(&r.nodes[i]); err != nil {
			return fmt.Errorf("node %d: %s: %w", i, m.Nodes[i].label(), err)
		}
	}
	return nil
}

// recovered turns a panic of onnx-go into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("onnx-go panics: %v", r)
	}
}

// canonical returns the graph of m in a form that onnx-go v0.5.0 reads without loss. Values are called v0, v1 and so on, as
// onnx-go makes up names of its own; an omitted output has a name too. An operator of another domain than the standard one
// is called domain::operator. Declared types and shapes are left out, as onnx-go allocates them, and so are the elements of
// tensors, which crossCheck compares: an attribute that is a tensor has its ordinal among all attributes instead.
func (m *Model) canonical() *Model {
	c := &Model{IRVersion: m.IRVersion, Opsets: m.Opsets}
	var count int
	fresh := func() string {
		count++
		return "v" + strconv.Itoa(count)
	}
	names := map[string]string{"": ""}
	name := func(s string) string {
		if _, ok := names[s]; !ok {
			names[s] = fresh()
		}
		return names[s]
	}
	for _, v := range m.Inputs {
		c.Inputs = append(c.Inputs, Value{Name: name(v.Name)})
	}
	for _, v := range m.Outputs {
		c.Outputs = append(c.Outputs, Value{Name: name(v.Name)})
	}
	for _, t := range m.Initializers {
		c.Initializers = append(c.Initializers, &Tensor{Name: name(t.Name), DType: Float32, Shape: []int{0}})
	}
	var ordinal int64
	for _, n := range m.Nodes {
		node := Node{Op: n.Op}
		if n.Domain != "" {
			node.Op = n.Domain + "::" + n.Op
		}
		for _, s := range n.Inputs {
			node.Inputs = append(node.Inputs, name(s))
		}
		for _, s := range n.Outputs {
			if s == "" {
				node.Outputs = append(node.Outputs, fresh())
				continue
			}
			node.Outputs = append(node.Outputs, name(s))
		}
		for _, a := range n.Attributes {
			if ordinal++; a.Kind == KindTensor {
				a = Attribute{Name: a.Name, Kind: KindInt, Int: ordinal}
			}
			a.Doc = ""
			node.Attributes = append(node.Attributes, a)
		}
		c.Nodes = append(c.Nodes, node)
	}
	return c
}

// sameValues compares a list of values with the IDs of the values that onnx-go holds for it.
func sameValues(r *recorder, ids []int64, values []Value) error {
	var names, want []string
	for _, id := range ids {
		names = append(names, r.name(id))
	}
	for _, v := range values {
		want = append(want, v.Name)
	}
	if !slices.Equal(names, want) {
		return fmt.Errorf("onnx-go reads %d of them where there are %d, or others", len(names), len(want))
	}
	return nil
}

// fakeInput is what onnx-go gives a nameless node that has no inputs.
const fakeInput = "/input"

// same compares a canonical node with onnx-go's reading of it.
func (n *Node) same(r *recordedNode) error {
	inputs := n.Inputs
	if len(inputs) == 0 {
		inputs = []string{fakeInput}
	}
	switch {
	case r.op != n.Op:
		return fmt.Errorf("onnx-go reads operator %s", quote(r.op))
	case !slices.Equal(r.inputs, inputs):
		return fmt.Errorf("onnx-go reads other inputs")
	case !slices.Equal(r.outputs, n.Outputs):
		return fmt.Errorf("onnx-go reads other outputs")
	case len(r.attributes) != len(n.Attributes):
		return fmt.Errorf("onnx-go reads %d attributes where there are %d", len(r.attributes), len(n.Attributes))
	}
	for _, a := range n.Attributes {
		if !a.same(r.attributes[a.Name]) {
			return fmt.Errorf("attribute %s: onnx-go reads another value", quote(a.Name))
		}
	}
	return nil
}

// same compares an attribute that is not a tensor with onnx-go's value for it.
func (a *Attribute) same(value any) bool {
	switch v := value.(type) {
	case float32:
		return a.Kind == KindFloat && sameFloat32s([]float32{v}, []float32{a.Float})
	case int64:
		return a.Kind == KindInt && v == a.Int
	case string:
		return a.Kind == KindString && v == a.String
	case []float32:
		return a.Kind == KindFloats && sameFloat32s(v, a.Floats)
	case []int64:
		return a.Kind == KindInts && slices.Equal(v, a.Ints)
	case []string:
		return a.Kind == KindStrings && slices.Equal(v, a.Strings)
	}
	return false
}

// sameFloat32s compares bits, so that a NaN equals itself and 0 does not equal -0.
func sameFloat32s(x, y []float32) bool {
	return slices.EqualFunc(x, y, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func sameFloat64s(x, y []float64) bool {
	return slices.EqualFunc(x, y, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// crossCheck has onnx-go read elements lo to hi of a tensor and compares them with those held. It is given the bytes of the
// file where it reads their type correctly, and otherwise (b is nil) what they were widened to.
//
// Tensors are handed over in pieces, as onnx-go holds several copies of what it decodes.
func (t *Tensor) crossCheck(lo, hi int, b []byte) (err error) {
	defer recovered(&err)
	piece := &Tensor{DType: Int64, Shape: []int{hi - lo}}
	switch layouts[t.DType].held {
	case heldFloat32:
		piece.DType, piece.Float32s = Float32, t.Float32s[lo:hi]
	case heldFloat64:
		piece.DType, piece.Float64s = Float64, t.Float64s[lo:hi]
	default:
		piece.Int64s = t.Int64s[lo:hi]
	}
	if whole := hi-lo == t.Len(); whole && len(t.Shape) > 0 {
		piece.Shape = t.Shape
	}
	if b == nil || t.DType != piece.DType {
		if b, err = piece.appendRaw(nil, 0, hi-lo); err != nil {
			return err
		}
	}
	e := &message{}
	for _, d := range piece.Shape {
		e.varint(tensorDims, int64(d))
	}
	e.varint(tensorDataType, int64(piece.DType))
	e.length(tensorRawData, int64(len(b)))
	decoded, err := onnx.NewTensor(append(e.parts[0].bytes, b...))
	if err != nil {
		return fmt.Errorf("onnx-go: %w", err)
	}
	if !slices.Equal(decoded.Shape(), tensor.Shape(piece.Shape)) {
		return fmt.Errorf("onnx-go reads shape %v", decoded.Shape())
	}
	same := false
	switch held := decoded.Data().(type) {
	case []float32:
		same = sameFloat32s(held, piece.Float32s)
	case []float64:
		same = sameFloat64s(held, piece.Float64s)
	case []int64:
		same = slices.Equal(held, piece.Int64s)
	}
	if !same {
		return fmt.Errorf("onnx-go reads other elements between %d and %d", lo, hi)
	}
	return nil
}
