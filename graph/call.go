package graph

import (
	"fmt"

	"unlearnguard/onnxio"
)

// lowering turns a node into primitives and gives its outputs, the first ones at least.
type lowering func(*call) ([]*value, error)

// call is one node in the course of being lowered.
type call struct {
	*onnxio.Node
	c     *compiler
	in    []*value
	opset int64
}

func (k *call) apply(o op, in ...*value) (*value, error) { return k.c.apply(k.Node, o, in...) }

// one lowers to a single primitive.
func (k *call) one(o op, in ...*value) ([]*value, error) {
	v, err := k.apply(o, in...)
	return []*value{v}, err
}

// input is an operand, nil where it is omitted.
func (k *call) input(i int) *value {
	if i >= len(k.in) {
		return nil
	}
	return k.in[i]
}

// required refuses a node that omits one of its first n operands.
func (k *call) required(n int) error {
	for i := range n {
		if k.input(i) == nil {
			return fmt.Errorf("operand %d is missing", i)
		}
	}
	return nil
}

func (k *call) attribute(name string) *onnxio.Attribute {
	for i := range k.Attributes {
		if k.Attributes[i].Name == name {
			return &k.Attributes[i]
		}
	}
	return nil
}

func (k *call) intAttr(name string, otherwise int) int {
	if a := k.attribute(name); a != nil {
		return int(a.Int)
	}
	return otherwise
}

func (k *call) floatAttr(name string, otherwise float64) float64 {
	if a := k.attribute(name); a != nil {
		return float64(a.Float)
	}
	return otherwise
}

func (k *call) stringAttr(name, otherwise string) string {
	if a := k.attribute(name); a != nil {
		return a.String
	}
	return otherwise
}

// intsAttr is nil where the attribute is absent.
func (k *call) intsAttr(name string) []int {
	a := k.attribute(name)
	if a == nil {
		return nil
	}
	out := make([]int, len(a.Ints))
	for i, n := range a.Ints {
		out[i] = int(n)
	}
	return out
}

// sizes gives an integer operand, which must be known before the network runs; nil where it is omitted.
func (k *call) sizes(i int) ([]Size, error) {
	v := k.input(i)
	if v == nil {
		return nil, nil
	}
	a, err := v.integers()
	if err != nil {
		return nil, refuse("export with fixed sizes, or simplify the model first", "operand %d: %v", i, err)
	}
	return a.data, nil
}

// ints is sizes where none may depend on the batch.
func (k *call) ints(i int) ([]int, error) {
	sizes, err := k.sizes(i)
	if err != nil || sizes == nil {
		return nil, err
	}
	out := make([]int, len(sizes))
	for j, s := range sizes {
		if s.PerSample != 0 {
			return nil, fmt.Errorf("operand %d (%v) depends on the batch size", i, s)
		}
		out[j] = s.Fixed
	}
	return out, nil
}

// intsSince reads a list that an operand has held since an opset, and an attribute before it.
func (k *call) intsSince(opset int64, name string, operand int) ([]int, error) {
	if k.opset >= opset {
		return k.ints(operand)
	}
	return k.intsAttr(name), nil
}
