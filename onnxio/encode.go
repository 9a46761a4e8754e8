package onnxio

import (
	"errors"
	"fmt"
	"math"
)

// encodeModel returns a ModelProto.
func encodeModel(m *Model) (*message, error) {
	e := &message{}
	e.varint(modelIRVersion, m.IRVersion)
	e.text(modelProducerName, m.Producer)
	e.text(modelProducerVersion, m.ProducerVersion)
	e.text(modelDomain, m.Domain)
	if m.ModelVersion != 0 {
		e.varint(modelModelVersion, m.ModelVersion)
	}
	e.text(modelDocString, m.Doc)
	g, err := encodeGraph(m)
	if err != nil {
		return nil, err
	}
	e.message(modelGraph, g)
	for _, o := range m.Opsets {
		sub := &message{}
		sub.string(opsetDomain, o.Domain)
		sub.varint(opsetVersion, o.Version)
		e.message(modelOpsetImport, sub)
	}
	e.properties(modelMetadataProps, m.Metadata)
	return e, nil
}

func encodeGraph(m *Model) (*message, error) {
	e := &message{}
	for i := range m.Nodes {
		sub, err := encodeNode(&m.Nodes[i])
		if err != nil {
			return nil, fmt.Errorf("node %d: %s: %w", i, m.Nodes[i].label(), err)
		}
		e.message(graphNode, sub)
	}
	e.text(graphName, m.GraphName)
	for _, t := range m.Initializers {
		sub, err := encodeTensor(t)
		if err != nil {
			return nil, fmt.Errorf("initializer %s: %w", quote(t.Name), err)
		}
		e.message(graphInitializer, sub)
	}
	e.text(graphDocString, m.GraphDoc)
	for i := range m.Inputs {
		e.message(graphInput, encodeValue(&m.Inputs[i]))
	}
	for _, t := range m.Initializers {
		if t.Overridable {
			e.message(graphInput, encodeValue(t.value()))
		}
	}
	for i := range m.Outputs {
		e.message(graphOutput, encodeValue(&m.Outputs[i]))
	}
	for i := range m.Values {
		e.message(graphValueInfo, encodeValue(&m.Values[i]))
	}
	for _, a := range m.Quantization {
		sub := &message{}
		sub.string(annotationTensorName, a.Tensor)
		sub.properties(annotationParameters, a.Params)
		e.message(graphQuantization, sub)
	}
	e.properties(graphMetadataProps, m.GraphMetadata)
	return e, nil
}

func encodeNode(n *Node) (*message, error) {
	e := &message{}
	for _, name := range n.Inputs {
		e.string(nodeInput, name)
	}
	for _, name := range n.Outputs {
		e.string(nodeOutput, name)
	}
	e.text(nodeName, n.Name)
	e.string(nodeOpType, n.Op)
	for i := range n.Attributes {
		sub, err := encodeAttribute(&n.Attributes[i])
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", quote(n.Attributes[i].Name), err)
		}
		e.message(nodeAttribute, sub)
	}
	e.text(nodeDocString, n.Doc)
	e.text(nodeDomain, n.Domain)
	e.text(nodeOverload, n.Overload)
	e.properties(nodeMetadataProps, n.Metadata)
	return e, nil
}

func encodeAttribute(a *Attribute) (*message, error) {
	e := &message{}
	e.string(attributeName, a.Name)
	switch a.Kind {
	case KindFloat:
		e.fixed32(attributeF, a.Float)
	case KindInt:
		e.varint(attributeI, a.Int)
	case KindString:
		e.string(attributeS, a.String)
	case KindTensor:
		if a.Tensor == nil {
			return nil, errors.New("its tensor is missing")
		}
		sub, err := encodeTensor(a.Tensor)
		if err != nil {
			return nil, err
		}
		e.message(attributeT, sub)
	case KindFloats:
		for _, v := range a.Floats {
			e.fixed32(attributeFloats, v)
		}
	case KindInts:
		for _, v := range a.Ints {
			e.varint(attributeInts, v)
		}
	case KindStrings:
		for _, s := range a.Strings {
			e.string(attributeStrings, s)
		}
	default:
		return nil, fmt.Errorf("its kind (%s) cannot be written", a.Kind)
	}
	e.text(attributeDocString, a.Doc)
	e.varint(attributeType, int64(a.Kind))
	return e, nil
}

func encodeValue(v *Value) *message {
	e := &message{}
	e.string(valueName, v.Name)
	if v.DType != Undefined || v.Shape != nil {
		tensor := &message{}
		tensor.varint(tensorTypeElem, int64(v.DType))
		if v.Shape != nil {
			tensor.message(tensorTypeShape, encodeShape(v.Shape))
		}
		typ := &message{}
		typ.message(typeTensor, tensor)
		e.message(valueType, typ)
	}
	e.text(valueDocString, v.Doc)
	e.properties(valueMetadataProps, v.Metadata)
	return e
}

func encodeShape(shape []Dim) *message {
	e := &message{}
	for _, d := range shape {
		sub := &message{}
		switch {
		case d.Size >= 0:
			sub.varint(dimValue, d.Size)
		case d.Param != "":
			sub.string(dimParam, d.Param)
		}
		e.message(shapeDim, sub)
	}
	return e
}

// value returns the declaration of an initializer as a graph input.
func (t *Tensor) value() *Value {
	v := &Value{Name: t.Name, DType: t.DType, Shape: []Dim{}}
	for _, d := range t.Shape {
		v.Shape = append(v.Shape, Dim{Size: int64(d)})
	}
	return v
}

func encodeTensor(t *Tensor) (*message, error) {
	n, err := t.check()
	if err != nil {
		return nil, err
	}
	e := &message{}
	for _, d := range t.Shape {
		e.varint(tensorDims, int64(d))
	}
	e.varint(tensorDataType, int64(t.DType))
	e.text(tensorName, t.Name)
	for _, text := range t.Strings {
		e.string(tensorStringData, text)
	}
	if t.DType != String {
		e.elements(tensorRawData, t, int64(n)*int64(layouts[t.DType].width))
	}
	e.text(tensorDocString, t.Doc)
	e.properties(tensorMetadataProps, t.Metadata)
	return e, nil
}

// check returns the number of elements of a tensor, or an error when what it holds does not fit its type and shape.
func (t *Tensor) check() (int, error) {
	if t.DType == String {
		n, err := elements(t.Shape, math.MaxInt32)
		if err == nil && n != len(t.Strings) {
			err = fmt.Errorf("it holds %d strings, but shape %v has %d", len(t.Strings), t.Shape, n)
		}
		return 0, err // of numbers
	}
	l, ok := layouts[t.DType]
	if !ok {
		return 0, fmt.Errorf("its element type %s is not supported", t.DType)
	}
	held := map[holder]int{heldFloat32: len(t.Float32s), heldFloat64: len(t.Float64s), heldInt64: len(t.Int64s)}[l.held]
	n, err := elements(t.Shape, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	if n != held || n != t.Len() {
		return 0, fmt.Errorf("it holds %d elements of %s, but shape %v has %d", held, t.DType, t.Shape, n)
	}
	return n, nil
}
