package graph

import "slices"

func identity(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	v := k.in[0]
	if v.param != nil && v.weighted && k.Op == "Identity" && k.c.readers(v.param.Name) > 1 {
		// PyTorch's exporter stores equal initial values once, and gives each parameter its own name so.
		own := *v.param
		own.Name = k.Outputs[0]
		return []*value{constantValue(&own)}, nil
	}
	return k.in[:1], nil
}

// readers counts the nodes that read a name.
func (c *compiler) readers(name string) int {
	n := 0
	for i := range c.model.Nodes {
		if slices.Contains(c.model.Nodes[i].Inputs, name) {
			n++
		}
	}
	return n
}

// dropout is the identity at inference.
func dropout(k *call) ([]*value, error) {
	if training := k.input(2); k.opset >= 12 && training != nil {
		if on, err := training.integers(); err != nil || len(on.data) > 0 && on.data[0].Fixed != 0 {
			k.c.note("Dropout node %q was exported in training mode; it is left out, as at inference", nodeName(k.Node))
		}
	}
	return identity(k)
}
