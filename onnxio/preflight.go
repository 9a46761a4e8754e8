package onnxio

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// preflight is one pass over the bytes of a model that fills m with everything but the tensors' elements. Each message
// of onnx.proto has one method; none calls itself, directly or through others, so that no nesting can exhaust the stack.
type preflight struct {
	ctx context.Context
	src *source
	m   *Model

	// tensors are the initializers and the tensors of attributes, their elements still to be read.
	tensors []*pendingTensor
	// memory is what is left of structureLimit.
	memory int64
	// ignored counts what Model.Ignored will list.
	ignored map[string]int
}

// structureLimit bounds the memory of everything but the elements of tensors. The largest published classifiers, with a
// stack trace at every node, take a tenth of it.
const structureLimit = 48 << 20

// What an entry of each kind costs of structureLimit: its own size and what later passes allocate for it.
const (
	nodeCost      = 512
	attributeCost = 256
	valueCost     = 256
	tensorCost    = 512
	textCost      = 64
)

// spend takes n bytes from the budget.
func (p *preflight) spend(n int64) error {
	if p.memory -= n; p.memory < 0 {
		return fmt.Errorf("nodes, names and attributes would take more than %d MB of memory; no real classifier does", structureLimit>>20)
	}
	return p.ctx.Err()
}

// ignore notes something that Model does not hold.
func (p *preflight) ignore(what string) {
	if len(p.ignored) < 1000 {
		p.ignored[what]++
	}
}

func (p *preflight) unknown(f field, message string) {
	p.ignore(fmt.Sprintf("field %d of %s, which this reader does not know", f.num, message))
}

// ignoredLines returns what was ignored, sorted.
func (p *preflight) ignoredLines() []string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(p.ignored)) {
		if n := p.ignored[what]; n > 1 {
			what = fmt.Sprintf("%s (%d times)", what, n)
		}
		lines = append(lines, what)
	}
	return lines
}

// text reads a string that is only read by people, and so may hold any bytes.
func (p *preflight) text(f field) (string, error) {
	if err := f.want(protowire.BytesType); err != nil {
		return "", err
	}
	if err := p.spend(f.body.len() + textCost); err != nil {
		return "", err
	}
	b, err := p.src.bytes(f.body)
	return string(b), err
}

// name reads a string that identifies something.
func (p *preflight) name(f field) (string, error) {
	s, err := p.text(f)
	if err == nil && !utf8.ValidString(s) {
		return "", fmt.Errorf("the name %s is not UTF-8", quote(s))
	}
	return s, err
}

// quote shows a name in an error, cut where it is long.
func quote(name string) string {
	if len(name) > 80 {
		return fmt.Sprintf("%.80q...", name)
	}
	return fmt.Sprintf("%q", name)
}

// model reads a ModelProto.
func (p *preflight) model(sp span) error {
	var graph span
	var graphs int
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case modelIRVersion:
			p.m.IRVersion, err = f.int()
		case modelProducerName:
			p.m.Producer, err = p.text(f)
		case modelProducerVersion:
			p.m.ProducerVersion, err = p.text(f)
		case modelDomain:
			p.m.Domain, err = p.text(f)
		case modelModelVersion:
			p.m.ModelVersion, err = f.int()
		case modelDocString:
			p.m.Doc, err = p.text(f)
		case modelGraph:
			graphs++
			graph, err = f.message()
		case modelOpsetImport:
			err = p.opset(f)
		case modelMetadataProps:
			err = p.property(f, &p.m.Metadata)
		case modelFunctions:
			err = errors.New("the model defines functions of its own, which are not supported; export without them, or inline them (onnx.inliner)")
		case modelTrainingInfo:
			p.ignore("training_info: a graph for training")
		default:
			p.unknown(f, "the model")
		}
		if err != nil {
			return err
		}
	}
	switch {
	case graphs == 0:
		return errors.New("there is no graph; is this an ONNX model?")
	case graphs > 1:
		return errors.New("there are several graphs, which protobuf would merge into one; a model has one")
	case p.m.IRVersion < 1:
		return fmt.Errorf("ir_version is %d; it must be stated and positive", p.m.IRVersion)
	case p.m.Opset("") == 0 && len(p.m.Opsets) == 0:
		return errors.New("no opset is imported, so that the operators' meaning is unknown; add an opset_import")
	}
	if err := p.graph(graph); err != nil {
		return err
	}
	p.m.Ignored = p.ignoredLines()
	return nil
}

// opset reads an OperatorSetIdProto.
func (p *preflight) opset(f field) error {
	var o Opset
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(textCost); err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case opsetDomain:
			o.Domain, err = p.domain(f)
		case opsetVersion:
			o.Version, err = f.int()
		default:
			p.unknown(f, "an opset import")
		}
		if err != nil {
			return err
		}
	}
	if o.Version < 1 {
		return fmt.Errorf("opset version of domain %s is %d; it must be positive", quote(o.Domain), o.Version)
	}
	for _, other := range p.m.Opsets {
		if other.Domain == o.Domain {
			if other.Version != o.Version {
				return fmt.Errorf("opset versions %d and %d are both imported for domain %s", other.Version, o.Version, quote(o.Domain))
			}
			return nil
		}
	}
	if len(p.m.Opsets) == 1000 {
		return errors.New("more than 1000 opsets are imported")
	}
	p.m.Opsets = append(p.m.Opsets, o)
	return nil
}

// domain reads the domain of an operator; "ai.onnx" is another name of the standard one.
func (p *preflight) domain(f field) (string, error) {
	s, err := p.name(f)
	if s == "ai.onnx" {
		s = ""
	}
	return s, err
}

// property reads a StringStringEntryProto.
func (p *preflight) property(f field, dst *[]Property) error {
	var entry Property
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(textCost); err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case entryKey:
			entry.Key, err = p.text(f)
		case entryValue:
			entry.Value, err = p.text(f)
		default:
			p.unknown(f, "a metadata entry")
		}
		if err != nil {
			return err
		}
	}
	*dst = append(*dst, entry)
	return nil
}

// graph reads a GraphProto.
func (p *preflight) graph(sp span) error {
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case graphNode:
			if err = p.node(f); err != nil {
				err = fmt.Errorf("node %d: %w", len(p.m.Nodes), err)
			}
		case graphName:
			p.m.GraphName, err = p.text(f)
		case graphInitializer:
			err = p.initializer(f)
		case graphDocString:
			p.m.GraphDoc, err = p.text(f)
		case graphInput:
			err = p.value(f, &p.m.Inputs, "input")
		case graphOutput:
			err = p.value(f, &p.m.Outputs, "output")
		case graphValueInfo:
			err = p.value(f, &p.m.Values, "value_info")
		case graphQuantization:
			err = p.annotation(f)
		case graphSparseInitializer:
			err = errors.New("the graph has a sparse_initializer, which is not supported; store the tensor densely")
		case graphMetadataProps:
			err = p.property(f, &p.m.GraphMetadata)
		default:
			p.unknown(f, "the graph")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// annotation reads a TensorAnnotation.
func (p *preflight) annotation(f field) error {
	var a Annotation
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(textCost); err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case annotationTensorName:
			a.Tensor, err = p.name(f)
		case annotationParameters:
			err = p.property(f, &a.Params)
		default:
			p.unknown(f, "a quantization_annotation")
		}
		if err != nil {
			return err
		}
	}
	p.m.Quantization = append(p.m.Quantization, a)
	return nil
}

// node reads a NodeProto.
func (p *preflight) node(f field) error {
	var n Node
	sp, err := f.message()
	if err != nil {
		return err
	}
	if err := p.spend(nodeCost); err != nil {
		return err
	}
	for f, err := range p.src.fields(sp) {
		if err != nil {
			return err
		}
		switch f.num {
		case nodeInput:
			err = p.names(f, &n.Inputs)
		case nodeOutput:
			err = p.names(f, &n.Outputs)
		case nodeName:
			n.Name, err = p.text(f)
		case nodeOpType:
			n.Op, err = p.name(f)
		case nodeAttribute:
			err = p.attribute(f, &n)
		case nodeDocString:
			n.Doc, err = p.text(f)
		case nodeDomain:
			n.Domain, err = p.domain(f)
		case nodeOverload:
			n.Overload, err = p.name(f)
		case nodeMetadataProps:
			err = p.property(f, &n.Metadata)
		default:
			p.unknown(f, "a node")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", n.label(), err)
		}
	}
	p.m.Nodes = append(p.m.Nodes, n)
	return nil
}

// label names a node in errors: its operator and its name, or the first output of one without a name.
func (n *Node) label() string {
	op := n.Op
	if op == "" {
		op = "operator"
	}
	switch {
	case n.Name != "":
		return fmt.Sprintf("%.80s %s", op, quote(n.Name))
	case len(n.Outputs) > 0 && n.Outputs[0] != "":
		return fmt.Sprintf("%.80s of %s", op, quote(n.Outputs[0]))
	}
	return fmt.Sprintf("%.80s", op)
}

// names reads one element of a repeated name field.
func (p *preflight) names(f field, dst *[]string) error {
	s, err := p.name(f)
	*dst = append(*dst, s)
	return err
}

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
			return fmt.Errorf("%s %s: %w", kind, quote(v.Name), err)
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
