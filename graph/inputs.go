package graph

import (
	"fmt"
	"slices"

	"unlearnguard/onnxio"
)

// chooseInput takes the one input that the output depends on, with a batch that is open.
func (c *compiler) chooseInput(sample []int) error {
	in, err := c.neededInput()
	if err != nil {
		return err
	}
	if len(in.Shape) == 1 && in.Shape[0].Size > 0 || len(in.Shape) == 1 && len(sample) == 1 {
		return c.chooseWhole(in, sample)
	}
	shape, err := c.sampleShape(in, sample)
	if err != nil {
		return err
	}
	if len(in.Shape) > 0 && in.Shape[0].Size > 0 {
		c.batch = int(in.Shape[0].Size)
	}
	return c.begin(in.Name, append(Shape{{PerSample: 1}}, fixedShape(shape)...))
}

func (c *compiler) begin(name string, shape Shape) error {
	c.input = &value{name: name, shape: shape}
	if shape.batchAxis() >= 0 {
		c.input.rows = &rows{inner: volume(shape[1:].At(1))}
	}
	c.values[name] = c.input
	return shape.bounded()
}

// chooseWhole takes an input of a single axis as one sample: those of a batch would be single numbers.
func (c *compiler) chooseWhole(in onnxio.Value, sample []int) error {
	n := int(in.Shape[0].Size)
	if len(sample) == 1 && (n <= 0 || n == sample[0]) {
		n = sample[0]
	} else if sample != nil {
		return fmt.Errorf("input %q is stated to be %v, not a sample of shape %v", in.Name, valueReport(in), sample)
	}
	if n <= 0 {
		return fmt.Errorf("input shape %v is not positive", sample)
	}
	c.whole = true
	return c.begin(in.Name, Shape{fixed(n)})
}

// neededInput gives the input that the output depends on. What only other outputs read, or nothing, is left out.
func (c *compiler) neededInput() (onnxio.Value, error) {
	read := map[string]bool{c.output: true}
	for i, needed := range c.needed() {
		if needed {
			for _, name := range c.model.Nodes[i].Inputs {
				read[name] = true
			}
		}
	}
	var used []onnxio.Value
	var names, ignored []string
	for _, in := range c.model.Inputs {
		if read[in.Name] || len(c.model.Inputs) == 1 {
			used, names = append(used, in), append(names, in.Name)
		} else {
			ignored = append(ignored, in.Name)
		}
	}
	if len(used) != 1 {
		return onnxio.Value{}, fmt.Errorf("output %q depends on %d inputs %q: a classifier of single images has one", c.output, len(used), names)
	}
	if ignored != nil {
		c.note("inputs %q are ignored: output %q does not depend on them", ignored, c.output)
	}
	return used[0], nil
}

// sampleShape is the shape of one sample: the one given, or what the file states, or what the first weight says of it.
func (c *compiler) sampleShape(in onnxio.Value, sample []int) ([]int, error) {
	if sample != nil {
		if !fits(in.Shape, sample) {
			return nil, fmt.Errorf("input %q is stated to be %v, not a batch of samples of shape %v", in.Name, valueReport(in), sample)
		}
		return sample, nil
	}
	if in.Shape != nil && len(in.Shape) == 0 {
		return nil, fmt.Errorf("input %q is a single number: a classifier's is a batch of samples", in.Name)
	}
	shape, open := []int{}, []int(nil)
	for i, d := range in.Shape {
		if i > 0 {
			shape = append(shape, int(d.Size))
			if d.Size <= 0 {
				open = append(open, i-1)
			}
		}
	}
	if in.Shape != nil && open == nil {
		return shape, nil
	}
	why := fmt.Sprintf("input %v leaves its shape open: give the shape of one sample", valueReport(in))
	w := c.firstWeight(in.Name)
	if w == nil {
		return nil, fmt.Errorf("%s", why)
	}
	if err := w.complete(&shape, open, in.Shape == nil); err != nil {
		return nil, fmt.Errorf("%s (%w)", why, err)
	}
	c.note("samples are assumed to have the shape %v: input %v leaves it open, and node %q reads %s", shape, valueReport(in), w.node, w)
	return shape, nil
}

// fits says whether what the file states of an input's shape, if anything, allows for samples of the given shape.
func fits(stated []onnxio.Dim, sample []int) bool {
	positive := !slices.ContainsFunc(sample, func(n int) bool { return n <= 0 })
	if stated == nil || !positive {
		return positive
	}
	if len(stated) != len(sample)+1 {
		return false
	}
	for i, n := range sample {
		if d := stated[i+1].Size; d > 0 && d != int64(n) {
			return false
		}
	}
	return true
}

// firstWeight is what the first layer says of the samples that it reads: the size of their last axis or, once they are
// flattened, of all; the number of channels of a convolution.
type firstWeight struct {
	node                string
	size                int
	flattened, channels bool
}

func (w *firstWeight) String() string {
	switch {
	case w.channels:
		return fmt.Sprintf("%d channels", w.size)
	case w.flattened:
		return fmt.Sprintf("%d elements a sample", w.size)
	}
	return fmt.Sprintf("rows of %d elements", w.size)
}

// complete fills the open axes of a shape, whose rank is unknown if unranked, or says what is still missing.
func (w *firstWeight) complete(shape *[]int, open []int, unranked bool) error {
	s := *shape
	known := 1
	for _, d := range s {
		if d > 0 {
			known *= d
		}
	}
	switch {
	case unranked && !w.channels:
		*shape = []int{w.size}
		return nil
	case unranked || len(open) != 1:
	case w.flattened && !w.channels && w.size%known == 0:
		s[open[0]] = w.size / known
		return nil
	case !w.flattened && !w.channels && open[0] == len(s)-1, w.channels && open[0] == 0 && len(s) > 1:
		s[open[0]] = w.size
		return nil
	}
	return fmt.Errorf("node %q reads %s", w.node, w)
}

// firstWeight follows the input through the nodes that keep its shape to the first layer, nil where another stands between.
func (c *compiler) firstWeight(name string) *firstWeight {
	flattened := false
	needed := c.needed()
	for i := range c.model.Nodes {
		n := &c.model.Nodes[i]
		if !needed[i] || n.Op == "Shape" || len(n.Inputs) == 0 || !slices.Contains(n.Inputs, name) {
			continue
		}
		first := n.Inputs[0] == name
		switch {
		case first && (n.Op == "Gemm" || n.Op == "MatMul" || n.Op == "Conv") && len(n.Inputs) > 1:
			return c.weightOf(n, flattened)
		case first && n.Op == "Flatten" && (&call{Node: n}).intAttr("axis", 1) == 1:
			flattened = true
		case first && (isFunction(n.Op) || n.Op == "Identity" || n.Op == "Cast" || n.Op == "Dropout"):
		case len(n.Inputs) == 2 && slices.Contains([]string{"Add", "Sub", "Mul", "Div"}, n.Op) && c.isNumber(n, name):
		default:
			return nil
		}
		name = n.Outputs[0]
	}
	return nil
}

// isNumber says whether the other operand of a node is a single number, which says nothing of the shape.
func (c *compiler) isNumber(n *onnxio.Node, name string) bool {
	other := n.Inputs[0]
	if other == name {
		other = n.Inputs[1]
	}
	s := c.constantShape(other)
	return s != nil && volume(s) == 1 && len(s) <= 1
}

func (c *compiler) weightOf(n *onnxio.Node, flattened bool) *firstWeight {
	s, k := c.constantShape(n.Inputs[1]), &call{Node: n}
	w := &firstWeight{node: nodeName(n), flattened: flattened}
	switch {
	case n.Op == "Conv" && len(s) > 2:
		w.channels, w.size = true, s[1]*k.intAttr("group", 1)
	case n.Op == "Gemm" && len(s) == 2 && k.intAttr("transA", 0) == 0:
		w.size = s[0]
		if k.intAttr("transB", 0) != 0 {
			w.size = s[1]
		}
	case n.Op == "MatMul" && len(s) == 2:
		w.size = s[0]
	default:
		return nil
	}
	return w
}

// constantShape is the shape of a tensor of the file, nil for any other value.
func (c *compiler) constantShape(name string) []int {
	if v := c.values[name]; v != nil && v.constant() {
		return v.shape.At(1)
	}
	for _, n := range c.model.Nodes {
		if n.Op == "Constant" && slices.Contains(n.Outputs, name) {
			for _, a := range n.Attributes {
				if a.Tensor != nil {
					return a.Tensor.Shape
				}
			}
		}
	}
	return nil
}
