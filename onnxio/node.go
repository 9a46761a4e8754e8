package onnxio

import "fmt"

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
			n.Name, n.Op = p.find(sp, nodeName), p.find(sp, nodeOpType)
			return fmt.Errorf("%s: %w", n.label(), err)
		}
	}
	if p.connections += len(n.Inputs) * len(n.Outputs); p.connections > maxConnections {
		return fmt.Errorf("%s: with its %d inputs and %d outputs, inputs and outputs are connected in more than %d ways; no real classifier comes near",
			n.label(), len(n.Inputs), len(n.Outputs), maxConnections)
	}
	p.m.Nodes = append(p.m.Nodes, n)
	return nil
}

const maxConnections = 4 << 20

// label names a node in errors: its operator and its name, or the first output of one without a name.
func (n *Node) label() string {
	op := n.Op
	if op == "" {
		op = "no operator"
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
