package onnxio

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// pendingTensor is a tensor whose elements are still in the file.
type pendingTensor struct {
	*Tensor
	// label names it in errors.
	label    string
	body     span
	raw      span
	bytes    dataBytes
	external []Property
	location int64
	// count is the number of elements of Shape, known to be no more than the data could hold once place has returned.
	count int
	// file is where the elements of an external tensor are.
	file externalSpan
}

// dataBytes counts the bytes of each data field, by its number; an unpacked varint counts as one.
type dataBytes [tensorUint64Data + 1]int64

// initializer reads a TensorProto into the next initializer.
func (p *preflight) initializer(f field) error {
	t, err := p.tensorProto(f)
	if err != nil {
		return fmt.Errorf("initializer %s: %w", quote(p.find(f.body, tensorName)), err)
	}
	t.label = "initializer " + quote(t.Name)
	p.m.Initializers = append(p.m.Initializers, t.Tensor)
	return nil
}

// tensor reads the tensor of the attribute of node n that is at sp.
func (p *preflight) tensor(f field, n *Node, sp span) (*Tensor, error) {
	t, err := p.tensorProto(f)
	t.label = fmt.Sprintf("node %d: %s: attribute %s", len(p.m.Nodes), n.label(), quote(p.find(sp, attributeName)))
	return t.Tensor, err
}

// tensorProto reads a TensorProto without its elements.
func (p *preflight) tensorProto(f field) (*pendingTensor, error) {
	t := &pendingTensor{Tensor: &Tensor{Shape: []int{}}}
	sp, err := f.message()
	if err != nil {
		return t, err
	}
	if err := p.spend(tensorCost); err != nil {
		return t, err
	}
	t.body = sp
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return t, err
		}
		switch f.num {
		case tensorDims:
			err = p.dims(f, t)
		case tensorDataType:
			t.DType, err = f.dtype()
		case tensorSegment:
			err = errors.New("it is a segment of a larger tensor, which is not supported; store it whole")
		case tensorName:
			t.Name, err = p.name(f)
		case tensorRawData:
			t.raw, err = f.message()
			t.bytes[f.num] = t.raw.len()
		case tensorFloatData, tensorInt32Data, tensorInt64Data, tensorDoubleData, tensorUint64Data:
			t.bytes[f.num] += f.size()
		case tensorStringData:
			var text string
			text, err = p.text(f)
			t.bytes[f.num]++
			t.Strings = append(t.Strings, text)
		case tensorDocString:
			t.Doc, err = p.text(f)
		case tensorExternalData:
			err = p.property(f, &t.external)
		case tensorDataLocation:
			t.location, err = f.int()
		case tensorMetadataProps:
			err = p.property(f, &t.Metadata)
		default:
			p.unknown(f, "a tensor")
		}
		if err != nil {
			return t, err
		}
	}
	p.tensors = append(p.tensors, t)
	return t, nil
}

// dims reads a field of a tensor's dimensions.
func (p *preflight) dims(f field, t *pendingTensor) error {
	for bits, err := range p.src.scalars(f, protowire.VarintType) {
		if err != nil {
			return err
		}
		d := int64(bits)
		if d < 0 || d > math.MaxInt32 {
			return fmt.Errorf("dimension %d is %d, which no tensor can have", len(t.Shape), d)
		}
		if len(t.Shape) == maxRank {
			return fmt.Errorf("it has more than %d dimensions", maxRank)
		}
		t.Shape = append(t.Shape, int(d))
	}
	return nil
}

// maxRank is far above what any operator takes.
const maxRank = 64

// size is the size of a data field: of its packed elements, or of its one element.
func (f field) size() int64 {
	switch f.typ {
	case protowire.BytesType:
		return f.body.len()
	case protowire.Fixed32Type:
		return 4
	case protowire.Fixed64Type:
		return 8
	}
	return 1
}

// elements returns the number of elements of a shape, or an error when it is beyond limit.
func elements(shape []int, limit int64) (int, error) {
	n := int64(1)
	if slices.ContainsFunc(shape, func(d int) bool { return d < 0 }) {
		return 0, fmt.Errorf("shape %v has a negative dimension", shape)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	for _, d := range shape {
		if n > limit/int64(d) {
			return 0, fmt.Errorf("shape %v has more than %d elements, which is more than there is data for", shape, limit)
		}
		n *= int64(d)
	}
	return int(n), nil
}

// place checks that the data of a tensor is all there and in one place, before anything is allocated for it.
func (p *preflight) place(t *pendingTensor, ext *externalFiles) error {
	if t.DType == String {
		return p.placeText(t)
	}
	l, ok := layouts[t.DType]
	if !ok {
		return t.DType.unsupported()
	}
	switch t.location {
	case locationDefault:
		if len(t.external) > 0 {
			p.ignore("external_data of a tensor whose data_location is not EXTERNAL")
		}
		return t.placeInside(l)
	case locationExternal:
		if t.bytes != (dataBytes{}) {
			p.ignore("data inside the model of a tensor whose data_location is EXTERNAL")
		}
		return t.placeExternal(l, ext)
	}
	return fmt.Errorf("its data_location %d does not exist", t.location)
}

// placeText checks a tensor of strings, such as the names of classes. It is read where no operator that works on numbers
// reads it.
func (p *preflight) placeText(t *pendingTensor) error {
	if reader := p.m.numericReader(t.Name); reader != nil {
		return fmt.Errorf("%w; %s reads it", t.DType.unsupported(), reader.label())
	}
	n, err := elements(t.Shape, max(int64(len(t.Strings)), 1))
	if err == nil && (n != len(t.Strings) || t.location != locationDefault || t.bytes != dataBytes{tensorStringData: t.bytes[tensorStringData]}) {
		err = fmt.Errorf("it has %d strings in string_data for the elements of shape %v", len(t.Strings), t.Shape)
	}
	t.count = n
	return err
}

// textOperators are those of the standard domain that take strings.
var textOperators = []string{
	"Cast", "Concat", "ConcatFromSequence", "Equal", "Expand", "Flatten", "Gather", "GatherElements", "GatherND", "Identity", "If",
	"LabelEncoder", "Loop", "OneHot", "Pad", "RegexFullMatch", "Reshape", "Shape", "Size", "Slice", "Split", "Squeeze", "StringConcat",
	"StringNormalizer", "StringSplit", "TfIdfVectorizer", "Tile", "Transpose", "Unique", "Unsqueeze", "Where",
}

// numericReader is a node that reads a value and cannot take strings, nil if there is none.
func (m *Model) numericReader(name string) *Node {
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if name != "" && slices.Contains(n.Inputs, name) && (n.Domain == "" || n.Domain == "ai.onnx") && !slices.Contains(textOperators, n.Op) {
			return n
		}
	}
	return nil
}

// The values of TensorProto.data_location.
const (
	locationDefault  = 0
	locationExternal = 1
)

// placeInside finds the elements of a tensor whose data is in the model.
func (t *pendingTensor) placeInside(l layout) error {
	var field protowire.Number
	var size int64
	for num, n := range t.bytes {
		if n > 0 && size > 0 {
			return fmt.Errorf("it has data in both %s and %s", dataFieldName(field), dataFieldName(protowire.Number(num)))
		}
		if n > 0 {
			field, size = protowire.Number(num), n
		}
	}
	n, err := elements(t.Shape, max(size, 1))
	switch {
	case size == 0 && (err != nil || n > 0):
		return fmt.Errorf("it has no data for the elements of shape %v", t.Shape)
	case err != nil:
		return err
	case size == 0:
	case field == tensorRawData:
		if size != int64(n)*int64(l.width) {
			return fmt.Errorf("raw_data has %d bytes, but %v of shape %v needs %d", size, t.DType, t.Shape, n*l.width)
		}
	case field != l.field:
		return fmt.Errorf("its data is in %s, but %s belongs in %s or raw_data", dataFieldName(field), t.DType, dataFieldName(l.field))
	}
	t.count = n
	return nil
}

func dataFieldName(num protowire.Number) string {
	switch num {
	case tensorRawData:
		return "raw_data"
	case tensorFloatData:
		return "float_data"
	case tensorInt32Data:
		return "int32_data"
	case tensorInt64Data:
		return "int64_data"
	case tensorDoubleData:
		return "double_data"
	case tensorUint64Data:
		return "uint64_data"
	}
	return "string_data"
}

// alloc makes the tensor's elements; strings are there already.
func (t *Tensor) alloc(n int) {
	if t.DType == String {
		return
	}
	switch layouts[t.DType].held {
	case heldFloat32:
		t.Float32s = make([]float32, n)
	case heldFloat64:
		t.Float64s = make([]float64, n)
	case heldInt64:
		t.Int64s = make([]int64, n)
	}
}

// Len returns the number of elements held.
func (t *Tensor) Len() int {
	return max(len(t.Float32s), len(t.Float64s), len(t.Int64s), len(t.Strings))
}
