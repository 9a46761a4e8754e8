package onnxio

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// pendingTensor is a tensor whose elements are still in the file.
type pendingTensor struct {
	*Tensor
	// label names it in errors.
	label string
	body  span
	raw   span
	// bytes counts the bytes of each data field, by its number; an unpacked varint counts as one.
	bytes    [tensorUint64Data + 1]int64
	external []Property
	location int64
	segment  bool
	// count is the number of elements of Shape, known to be no more than the data could hold once place has returned.
	count int
	// file is where the elements of an external tensor are.
	file externalSpan
}

// initializer reads a TensorProto into the next initializer.
func (p *preflight) initializer(f field) error {
	t, err := p.tensorProto(f)
	if err != nil {
		return fmt.Errorf("%s: %w", t.label, err)
	}
	p.m.Initializers = append(p.m.Initializers, t.Tensor)
	return nil
}

// tensor reads the tensor of the attribute called name of node n.
func (p *preflight) tensor(f field, n *Node, name string) (*Tensor, error) {
	t, err := p.tensorProto(f)
	t.label = fmt.Sprintf("%s: attribute %s", n.label(), quote(name))
	return t.Tensor, err
}

// tensorProto reads a TensorProto without its elements.
func (p *preflight) tensorProto(f field) (*pendingTensor, error) {
	t := &pendingTensor{Tensor: &Tensor{Shape: []int{}}, label: "an initializer"}
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
			t.label = fmt.Sprintf("initializer %s", quote(t.Name))
		case tensorRawData:
			t.raw, err = f.message()
			t.bytes[f.num] = t.raw.len()
		case tensorFloatData, tensorInt32Data, tensorInt64Data, tensorDoubleData, tensorUint64Data, tensorStringData:
			t.bytes[f.num] += f.dataBytes()
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

// dataBytes is the size of a data field: of its packed elements, or of its one element.
func (f field) dataBytes() int64 {
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
	for _, d := range shape {
		if d == 0 {
			return 0, nil
		}
	}
	for _, d := range shape {
		if n > limit/int64(d) {
			return 0, fmt.Errorf("shape %v has more than %d elements, which is more than the file holds", shape, limit)
		}
		n *= int64(d)
	}
	return int(n), nil
}

// place checks that the data of a tensor is all there and in one place, before anything is allocated for it.
func (t *pendingTensor) place(ext *externalFiles) error {
	l, ok := layouts[t.DType]
	if !ok {
		return fmt.Errorf("its element type %s is not supported; convert it to float32, or for weights of 8 bits or less to int8 with DequantizeLinear", t.DType)
	}
	switch t.location {
	case 0:
	case 1:
		return t.placeExternal(l, ext)
	default:
		return fmt.Errorf("data_location %d does not exist", t.location)
	}
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
	case err != nil:
		return err
	case size == 0 && n > 0:
		return fmt.Errorf("it has no data for the %d elements of shape %v", n, t.Shape)
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

// alloc makes the tensor's elements.
func (t *Tensor) alloc(n int) {
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
	return max(len(t.Float32s), len(t.Float64s), len(t.Int64s))
}
