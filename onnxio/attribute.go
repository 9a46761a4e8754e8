package onnxio

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// kindNames are the kinds that an attribute may have, as onnx.proto calls them.
var kindNames = map[AttributeKind]string{
	KindFloat: "FLOAT", KindInt: "INT", KindString: "STRING", KindTensor: "TENSOR",
	KindFloats: "FLOATS", KindInts: "INTS", KindStrings: "STRINGS",
}

// String returns the kind's name in onnx.proto, such as INTS.
func (k AttributeKind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return fmt.Sprintf("type %d", int32(k))
}

// attribute reads an AttributeProto into the next attribute of n.
func (p *preflight) attribute(f field, n *Node) error {
	var a Attribute
	var filled []AttributeKind // the kinds whose fields occur
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(attributeCost); err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		kind, err := p.attributeField(f, &a, n, sp)
		if err != nil {
			return fmt.Errorf("attribute %s: %w", quote(p.find(sp, attributeName)), err)
		}
		if kind != KindUndefined && (len(filled) == 0 || filled[len(filled)-1] != kind) {
			filled = append(filled, kind)
		}
	}
	if err := a.settle(filled); err != nil {
		return fmt.Errorf("attribute %s: %w", quote(a.Name), err)
	}
	n.Attributes = append(n.Attributes, a)
	return nil
}

// attributeField reads one field of an attribute of a node, and tells of which kind of attribute it holds the value.
func (p *preflight) attributeField(f field, a *Attribute, n *Node, sp span) (kind AttributeKind, err error) {
	switch f.num {
	case attributeName:
		a.Name, err = p.name(f)
	case attributeType:
		var v int64
		v, err = f.int()
		a.Kind = AttributeKind(max(-1, min(v, math.MaxInt32)))
	case attributeDocString:
		a.Doc, err = p.text(f)
	case attributeF:
		kind, a.Float, err = KindFloat, math.Float32frombits(uint32(f.bits)), f.want(protowire.Fixed32Type)
	case attributeI:
		kind = KindInt
		a.Int, err = f.int()
	case attributeS:
		kind = KindString
		a.String, err = p.text(f)
	case attributeT:
		kind = KindTensor
		if a.Tensor != nil {
			err = errors.New("it has several tensors, which protobuf would merge into one")
		} else {
			a.Tensor, err = p.tensor(f, n, sp)
		}
	case attributeFloats:
		kind, err = KindFloats, p.floats(f, &a.Floats)
	case attributeInts:
		kind, err = KindInts, p.ints(f, &a.Ints)
	case attributeStrings:
		kind = KindStrings
		var s string
		s, err = p.text(f)
		a.Strings = append(a.Strings, s)
	case attributeG, attributeGraphs:
		err = errors.New("it holds a graph; control flow is not supported: export a model without If, Loop and Scan")
	case attributeRefAttrName:
		err = errors.New("it refers to an attribute of an enclosing function, but there is none")
	case attributeTensors, attributeSparseTensor, attributeSparseTensors, attributeTp, attributeTypeProtos:
		err = errors.New("its kind (tensor list, sparse tensor or type) is not supported")
	default:
		p.unknown(f, "an attribute")
	}
	return kind, err
}

// settle makes the kind of an attribute and the fields that occur agree. The kind may be missing, as in files of IR version
// 1; the field may be, as some writers leave zeros and empty lists out.
func (a *Attribute) settle(filled []AttributeKind) error {
	if a.Name == "" {
		return errors.New("it has no name")
	}
	if a.Kind == KindUndefined {
		if len(filled) == 0 {
			return errors.New("it has neither a type nor a value")
		}
		a.Kind = filled[0]
	}
	if _, ok := kindNames[a.Kind]; !ok {
		return fmt.Errorf("its %s (a graph, a list of tensors, a sparse tensor or a type) is not supported", a.Kind)
	}
	for _, kind := range filled {
		if kind != a.Kind {
			return fmt.Errorf("its type is %s, but it holds %s", a.Kind, kind)
		}
	}
	if a.Kind == KindTensor && a.Tensor == nil {
		return errors.New("its tensor is missing")
	}
	return nil
}

// ints reads a field of a repeated integer.
func (p *preflight) ints(f field, dst *[]int64) error {
	for bits, err := range p.src.scalars(f, protowire.VarintType) {
		if err != nil {
			return err
		}
		if err := p.spend(intCost); err != nil {
			return err
		}
		*dst = append(*dst, int64(bits))
	}
	return nil
}

// floats reads a field of a repeated float.
func (p *preflight) floats(f field, dst *[]float32) error {
	for bits, err := range p.src.scalars(f, protowire.Fixed32Type) {
		if err != nil {
			return err
		}
		if err := p.spend(floatCost); err != nil {
			return err
		}
		*dst = append(*dst, math.Float32frombits(uint32(bits)))
	}
	return nil
}
