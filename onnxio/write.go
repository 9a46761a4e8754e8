package onnxio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// Write writes a model as one ONNX file with all tensors inside it. What [Decode] reads from it equals m but for what the
// bytes themselves decide: Path, SHA256, Size, External, Ignored and, where m has them in another order, the order of Nodes.
//
// Every tensor is written in its DType: the error of one whose elements that type cannot hold names it, as does that of a
// node that reads a name which nothing defines. Write holds no second copy of the tensors.
func Write(w io.Writer, m *Model) error {
	sorted := *m
	if err := sorted.order(); err != nil {
		return err
	}
	e, err := encodeModel(&sorted)
	if err != nil {
		return err
	}
	if e.size > math.MaxInt32 {
		return fmt.Errorf("the model would have %d bytes, but a protobuf file cannot have more than 2 GiB", e.size)
	}
	b := bufio.NewWriter(w)
	for _, p := range e.parts {
		if _, err := b.Write(p.bytes); err != nil {
			return err
		}
		if p.tensor == nil {
			continue
		}
		if err := writeElements(b, p.tensor); err != nil {
			return err
		}
	}
	return b.Flush()
}

// WriteFile writes a model to path as [Write] does. A file of that name is replaced at the end, and only if all went well.
func WriteFile(path string, m *Model) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := Write(f, m); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

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
		return nil, fmt.Errorf("its kind %s cannot be written", a.Kind)
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
	e.elements(tensorRawData, t, int64(n)*int64(layouts[t.DType].width))
	e.text(tensorDocString, t.Doc)
	e.properties(tensorMetadataProps, t.Metadata)
	return e, nil
}

// check returns the number of elements of a tensor, or an error when what it holds does not fit its type and shape.
func (t *Tensor) check() (int, error) {
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

// message is a protobuf message in the making: its bytes, with the elements of tensors left where they are.
type message struct {
	parts []part
	size  int64
}

// part is bytes followed by the elements of a tensor, if there is one.
type part struct {
	bytes  []byte
	tensor *Tensor
}

// tail returns the bytes to append to.
func (e *message) tail() *[]byte {
	if n := len(e.parts); n == 0 || e.parts[n-1].tensor != nil {
		e.parts = append(e.parts, part{})
	}
	return &e.parts[len(e.parts)-1].bytes
}

func (e *message) append(f func([]byte) []byte) {
	b := e.tail()
	before := len(*b)
	*b = f(*b)
	e.size += int64(len(*b) - before)
}

func (e *message) varint(num protowire.Number, v int64) {
	e.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(v))
	})
}

func (e *message) fixed32(num protowire.Number, v float32) {
	e.append(func(b []byte) []byte {
		return protowire.AppendFixed32(protowire.AppendTag(b, num, protowire.Fixed32Type), math.Float32bits(v))
	})
}

func (e *message) string(num protowire.Number, s string) {
	e.append(func(b []byte) []byte {
		return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
	})
}

// text writes a string that may be left out.
func (e *message) text(num protowire.Number, s string) {
	if s != "" {
		e.string(num, s)
	}
}

func (e *message) length(num protowire.Number, n int64) {
	e.append(func(b []byte) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.BytesType), uint64(n))
	})
}

func (e *message) message(num protowire.Number, sub *message) {
	e.length(num, sub.size)
	for _, p := range sub.parts {
		e.append(func(b []byte) []byte { return append(b, p.bytes...) })
		if p.tensor != nil {
			e.tail()
			e.parts[len(e.parts)-1].tensor = p.tensor
		}
	}
	e.size += sub.size - sub.inline()
}

// inline is the number of a message's bytes that are not elements of tensors.
func (e *message) inline() (n int64) {
	for _, p := range e.parts {
		n += int64(len(p.bytes))
	}
	return n
}

func (e *message) elements(num protowire.Number, t *Tensor, size int64) {
	e.length(num, size)
	e.parts[len(e.parts)-1].tensor = t
	e.size += size
}

func (e *message) properties(num protowire.Number, entries []Property) {
	for _, p := range entries {
		sub := &message{}
		sub.string(entryKey, p.Key)
		sub.string(entryValue, p.Value)
		e.message(num, sub)
	}
}

// writeElements writes the elements of a tensor in raw_data's form.
func writeElements(w io.Writer, t *Tensor) error {
	var buf []byte
	for lo, n := 0, t.Len(); lo < n; lo += chunkElements {
		var err error
		buf, err = t.appendRaw(buf[:0], lo, min(lo+chunkElements, n))
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(t.Name), err)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
