package onnxio

import (
	"fmt"

	onnx "github.com/owulveryck/onnx-go"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/simple"
)

// recorder is a backend of onnx-go that writes down what the decoder builds instead of building it. Its nodes are values,
// and carry no tensors, so that onnx-go allocates nothing for the shapes that a file declares.
type recorder struct {
	graph.Directed // queries, which the decoder never makes

	values []*recordedValue
	inputs []string // of the operation being decoded: the targets of the edges of its first output, by weight
	source int64    // that output's ID
	nodes  []recordedNode
}

var _ onnx.Backend = (*recorder)(nil)

// recordedNode is an operation as onnx-go understood it.
type recordedNode struct {
	op              string
	attributes      map[string]any
	inputs, outputs []string
}

// recordedValue is a value of the graph.
type recordedValue struct {
	id   int64
	name string
}

func (v *recordedValue) ID() int64           { return v.id }
func (v *recordedValue) SetName(name string) { v.name = name }
func (v *recordedValue) GetName() string     { return v.name }

func (r *recorder) NewNode() graph.Node {
	return &recordedValue{id: int64(len(r.values))}
}

func (r *recorder) AddNode(n graph.Node) {
	r.values = append(r.values, n.(*recordedValue))
}

// name returns the name of the value that onnx-go knows by id.
func (r *recorder) name(id int64) string { return r.values[id].name }

func (r *recorder) NewWeightedEdge(from, to graph.Node, weight float64) graph.WeightedEdge {
	return simple.WeightedEdge{F: from, T: to, W: weight}
}

// SetWeightedEdge records that the input numbered by the weight of an output's operation is the edge's target. Every output
// of an operation has the same inputs, so those of the first are kept.
func (r *recorder) SetWeightedEdge(e graph.WeightedEdge) {
	at := int(e.Weight())
	if len(r.inputs) == 0 {
		r.source = e.From().ID()
	}
	if e.From().ID() == r.source && at == len(r.inputs) {
		r.inputs = append(r.inputs, e.To().(*recordedValue).name)
	}
}

// ApplyOperation records an operation whose edges have all been set.
func (r *recorder) ApplyOperation(op onnx.Operation, outputs ...graph.Node) error {
	n := recordedNode{op: op.Name, attributes: op.Attributes, inputs: r.inputs}
	for _, o := range outputs {
		v, ok := o.(*recordedValue)
		if !ok {
			return fmt.Errorf("an output of %s is not a value", op.Name)
		}
		n.outputs = append(n.outputs, v.name)
	}
	r.nodes = append(r.nodes, n)
	r.inputs = nil
	return nil
}
