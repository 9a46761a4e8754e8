package onnxio

import (
	"errors"
	"fmt"
	"math"
)

// value reads a ValueInfoProto.
func (p *preflight) value(f field, dst *[]Value, kind string) error {
	var v Value
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(valueCost); err != nil {
		return err
	}
	var types int
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case valueName:
			v.Name, err = p.name(f)
		case valueType:
			if types++; types > 1 {
				err = errors.New("it has several types, which protobuf would merge into one")
			} else {
				err = p.valueType(f, &v)
			}
		case valueDocString:
			v.Doc, err = p.text(f)
		case valueMetadataProps:
			err = p.property(f, &v.Metadata)
		default:
			p.unknown(f, "a value")
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", kind, quote(p.find(sp, valueName)), err)
		}
	}
	*dst = append(*dst, v)
	return nil
}

// valueType reads a TypeProto. Sequences, maps and the like have neither element type nor shape here.
func (p *preflight) valueType(f field, v *Value) error {
	sp, err := f.message()
	if err != nil {
		return err
	}
	var tensors int
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case typeTensor:
			if tensors++; tensors > 1 {
				err = errors.New("it has several tensor types, which protobuf would merge into one")
			} else {
				err = p.tensorType(f, v)
			}
		case typeDenotation:
			p.ignore("the denotation of a type")
		default:
			p.ignore("the type of a value that is not a tensor")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tensorType reads a TypeProto.Tensor.
func (p *preflight) tensorType(f field, v *Value) error {
	sp, err := f.message()
	if err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case tensorTypeElem:
			v.DType, err = f.dtype()
		case tensorTypeShape:
			if v.Shape != nil {
				err = errors.New("it has several shapes, which protobuf would merge into one")
			} else {
				v.Shape, err = p.shape(f)
			}
		default:
			p.unknown(f, "a tensor type")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dtype reads an element type.
func (f field) dtype() (DType, error) {
	v, err := f.int()
	if err == nil && (v < 0 || v > math.MaxInt32) {
		err = fmt.Errorf("element type %d does not exist", v)
	}
	return DType(v), err
}

// shape reads a TensorShapeProto.
func (p *preflight) shape(f field) ([]Dim, error) {
	sp, err := f.message()
	if err != nil {
		return nil, err
	}
	dims := []Dim{}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return nil, err
		}
		if f.num != shapeDim {
			p.unknown(f, "a shape")
			continue
		}
		d, err := p.dim(f)
		if err != nil {
			return nil, err
		}
		dims = append(dims, d)
	}
	return dims, nil
}

// dim reads a TensorShapeProto.Dimension. A negative size, which some exporters write, is an unknown one.
func (p *preflight) dim(f field) (Dim, error) {
	d := Dim{Size: -1}
	sp, err := f.message()
	if err != nil {
		return d, err
	}
	if err := p.spend(textCost); err != nil {
		return d, err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return d, err
		}
		switch f.num {
		case dimValue:
			var size int64
			size, err = f.int()
			d = Dim{Size: max(size, -1)}
		case dimParam:
			d = Dim{Size: -1}
			d.Param, err = p.name(f)
		case dimDenotation:
			p.ignore("the denotation of a dimension")
		default:
			p.unknown(f, "a dimension")
		}
		if err != nil {
			return d, err
		}
	}
	return d, nil
}
