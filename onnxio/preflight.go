package onnxio

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	// connections counts inputs times outputs of the nodes, which decoders connect pairwise.
	connections int
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
	intCost       = 24
	floatCost     = 12
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
	return p.src.string(f.body)
}

// name reads a string that identifies something.
func (p *preflight) name(f field) (string, error) {
	s, err := p.text(f)
	if err == nil && !utf8.ValidString(s) {
		return "", fmt.Errorf("the name %s is not UTF-8", quote(s))
	}
	return s, err
}

// find returns a string field of a message, for an error about a message that has not been read to its end.
func (p *preflight) find(sp span, num protowire.Number) (s string) {
	for f, err := range p.src.fields(sp) {
		if err != nil {
			break
		}
		if f.num == num && f.typ == protowire.BytesType {
			s, _ = p.src.string(f.body)
		}
	}
	return s
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
	}
	if err := p.graph(graph); err != nil {
		return err
	}
	if p.m.IRVersion < 1 {
		return fmt.Errorf("ir_version is %d; every ONNX model states a positive one", p.m.IRVersion)
	}
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
	for i := range p.m.Opsets {
		other := &p.m.Opsets[i]
		if other.Domain != o.Domain {
			continue
		}
		// Tools that merge models leave the imports of all of them. The nodes are those of the latest, as runtimes take them.
		if other.Version != o.Version {
			p.ignore(fmt.Sprintf("opset version %d of domain %s, which is imported in version %d as well",
				min(other.Version, o.Version), quote(o.Domain), max(other.Version, o.Version)))
		}
		other.Version = max(other.Version, o.Version)
		return nil
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
