package graph

import (
	"context"
	"fmt"
	"strings"

	"unlearnguard/onnxio"
)

// Report is what can be said about a model without data, whatever it is to be used for.
type Report struct {
	File FileReport `json:"file"`
	// Nodes are those of the file, in topological order.
	Nodes []NodeReport `json:"nodes"`
	// Parameters is the number of trained numbers that the logits depend on.
	Parameters int `json:"parameters"`
	// InputShape is the shape of one sample; Outputs the number of logits, 0 for a model that is no classifier. Head
	// names the operators that turn the logits into the output.
	InputShape []int    `json:"input_shape,omitempty"`
	Outputs    int      `json:"outputs"`
	Head       []string `json:"head,omitempty"`
	// Unsupported lists the nodes that cannot be read. Homogeneity is missing if there are any.
	Unsupported []Finding          `json:"unsupported,omitempty"`
	Homogeneity *HomogeneityReport `json:"homogeneity,omitempty"`
	Notes       []string           `json:"notes,omitempty"`
	// Network is the model as it was read, nil where it cannot be, of which Unreadable gives the reason.
	Network    *Network `json:"-"`
	Unreadable string   `json:"-"`
}

// FileReport says what the file is.
type FileReport struct {
	Path            string                `json:"path,omitempty"`
	SHA256          string                `json:"sha256"`
	Size            int64                 `json:"size"`
	External        []onnxio.ExternalFile `json:"external,omitempty"`
	IRVersion       int64                 `json:"ir_version"`
	Producer        string                `json:"producer,omitempty"`
	ProducerVersion string                `json:"producer_version,omitempty"`
	Opsets          []OpsetReport         `json:"opsets"`
	Inputs          []ValueReport         `json:"inputs"`
	Outputs         []ValueReport         `json:"outputs"`
	// Ignored says what the file holds that nothing is computed from.
	Ignored []string `json:"ignored,omitempty"`
}

// OpsetReport is one operator-set import; the standard domain is "".
type OpsetReport struct {
	Domain  string `json:"domain"`
	Version int64  `json:"version"`
}

// ValueReport is an input or output as the file states it.
type ValueReport struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	// Shape is nil where the file states none; an open dimension is its name, or ?.
	Shape []string `json:"shape"`
}

// String writes input [float32, batch x 1 x 28 x 28].
func (v ValueReport) String() string {
	shape := strings.Join(v.Shape, " x ")
	switch {
	case v.Shape == nil:
		shape = "no shape"
	case len(v.Shape) == 0:
		shape = "scalar"
	}
	return fmt.Sprintf("%s [%s, %s]", v.Name, v.DType, shape)
}

// NodeReport is one node of the file.
type NodeReport struct {
	// Name is the node's name, or that of its first output.
	Name string `json:"name"`
	Op   string `json:"op"`
	// Shape is that of the first output, the batch open; empty where it is unknown or nothing depends on the node.
	Shape string `json:"shape,omitempty"`
	// Parameters counts the trained numbers that the node is the first to read.
	Parameters int `json:"parameters"`
}

// HomogeneityReport is homogeneity by structure and by measurement.
type HomogeneityReport struct {
	*Homogeneity
	// Deviation is what [Network.MeasureHomogeneity] found, and is missing where the logits were not finite.
	Deviation *float64 `json:"deviation,omitempty"`
}

// Inspect reports on a model. A model that is out of scope is no error: the report says so.
func Inspect(ctx context.Context, m *onnxio.Model, opts Options) (*Report, error) {
	r := &Report{File: fileReport(m)}
	c, net, err := read(m, opts)
	r.describeNodes(m, c)
	if c != nil {
		r.Notes = c.notes
	}
	switch {
	case err != nil:
		r.Unreadable = err.Error()
		return r, nil
	case net == nil:
		r.Unsupported = c.findings
		r.Unreadable = fmt.Sprintf("%d of %d nodes cannot be read", len(c.findings), len(m.Nodes))
		return r, nil
	}
	return r, r.describeNetwork(ctx, net)
}

func (r *Report) describeNetwork(ctx context.Context, net *Network) error {
	r.Network = net
	r.Notes, r.Head, r.InputShape, r.Outputs = net.Notes, net.Head, net.InputShape, net.Outputs
	r.Homogeneity = &HomogeneityReport{Homogeneity: net.Homogeneity()}
	deviation, err := net.MeasureHomogeneity(ctx, r.Homogeneity.Homogeneity, 1)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.Notes = append(r.Notes, err.Error())
	default:
		r.Homogeneity.Deviation = &deviation
	}
	return nil
}

func fileReport(m *onnxio.Model) FileReport {
	f := FileReport{
		Path: m.Path, SHA256: m.SHA256, Size: m.Size, External: m.External, IRVersion: m.IRVersion,
		Producer: m.Producer, ProducerVersion: m.ProducerVersion, Ignored: m.Ignored,
	}
	for _, o := range m.Opsets {
		f.Opsets = append(f.Opsets, OpsetReport(o))
	}
	for _, v := range m.Inputs {
		f.Inputs = append(f.Inputs, valueReport(v))
	}
	for _, v := range m.Outputs {
		f.Outputs = append(f.Outputs, valueReport(v))
	}
	return f
}

func valueReport(v onnxio.Value) ValueReport {
	r := ValueReport{Name: v.Name, DType: v.DType.String()}
	if v.Shape != nil {
		r.Shape = []string{}
	}
	for _, d := range v.Shape {
		switch {
		case d.Size >= 0:
			r.Shape = append(r.Shape, fmt.Sprint(d.Size))
		case d.Param != "":
			r.Shape = append(r.Shape, d.Param)
		default:
			r.Shape = append(r.Shape, "?")
		}
	}
	return r
}

// describeNodes lists the nodes; c is nil where none could be lowered.
func (r *Report) describeNodes(m *onnxio.Model, c *compiler) {
	counts := map[*onnxio.Node]int{}
	if c != nil {
		counts = c.parameterCounts()
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		d := NodeReport{Name: nodeName(n), Op: operatorName(n), Parameters: counts[n]}
		if c != nil && len(n.Outputs) > 0 {
			if v := c.values[n.Outputs[0]]; v != nil && !v.unread {
				d.Shape = v.shape.String()
			}
		}
		r.Nodes = append(r.Nodes, d)
		r.Parameters += d.Parameters
	}
}

// parameterCounts counts the trained numbers by the node that reads them first.
func (c *compiler) parameterCounts() map[*onnxio.Node]int {
	counts, seen := map[*onnxio.Node]int{}, map[*onnxio.Tensor]bool{}
	for _, s := range c.steps {
		for _, v := range s.inputs {
			if v.param != nil && !seen[v.param] {
				seen[v.param] = true
				counts[s.node] += volume(v.param.Shape)
			}
		}
	}
	return counts
}
