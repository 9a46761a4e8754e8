package graph

import (
	"errors"
	"fmt"
	"slices"

	"unlearnguard/onnxio"
)

// Options says how to read a model. The zero value reads what the file states.
type Options struct {
	// InputShape is the shape of one sample, without the batch. It is needed only where the file leaves it open.
	InputShape []int
	// Output names the output to use. If empty, the model's first is used.
	Output string
}

// Compile reads a model as a network. If any node that the output depends on cannot be read, the error is an
// *UnsupportedError that names them all.
func Compile(m *onnxio.Model, opts Options) (*Network, error) {
	c, net, err := read(m, opts)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s%w", prefix(m), err)
	case net == nil:
		return nil, &UnsupportedError{Path: m.Path, Findings: c.findings}
	}
	return net, nil
}

// readOutput lowers what one output depends on. The network is nil if nodes cannot be read, the compiler if nothing can.
func readOutput(m *onnxio.Model, opts Options) (*compiler, *Network, error) {
	c, err := lowered(m, opts)
	if err != nil || len(c.findings) > 0 {
		return c, nil, err
	}
	net, err := c.network()
	return c, net, err
}

// lowered lowers a model for any batch size or, where samples cannot be proven to stay apart at any, for the one of the file:
// the size that it fixes, or one sample where it leaves the batch open but works on single samples only.
func lowered(m *onnxio.Model, opts Options) (*compiler, error) {
	c, err := newCompiler(m, opts)
	if err != nil {
		return nil, err
	}
	c.lowerAll()
	c.requireOrder()
	if len(c.findings) == 0 || c.mixes && c.batch == 0 && !c.literal {
		return c, nil
	}
	still, err := loweredAtOneSize(m, opts)
	if err != nil || len(still.findings) >= len(c.findings) {
		return c, err
	}
	first := c.findings[0]
	first.Advice = ""
	still.noteSize(first.String())
	return still, nil
}

// loweredAtOneSize lowers a model for the batch size of its file, which is 1 where the file leaves it open.
func loweredAtOneSize(m *onnxio.Model, opts Options) (*compiler, error) {
	c, err := newCompiler(m, opts)
	if err != nil {
		return nil, err
	}
	if d := c.input.shape[0]; d.PerSample != 0 {
		c.input.shape[0], c.input.rows = fixed(d.At(max(c.batch, 1))), nil
	}
	c.lowerAll()
	return c, nil
}

func (c *compiler) noteSize(reason string) {
	if c.batch > 0 {
		c.note("the network works at the exported batch size of %d only: %s", c.batch, reason)
	} else {
		c.note("the network works on one sample at a time only: %s", reason)
	}
}

// requireOrder refuses an output whose samples do not lie one after the other.
func (c *compiler) requireOrder() {
	out := c.values[c.output]
	if len(c.findings) > 0 || out == nil || out.step == nil || out.inOrder() || out.rows == nil && c.batch == 0 {
		return
	}
	c.find(out.step.node, mixed("the output of shape %v does not hold one sample after the other", out.shape))
}

func prefix(m *onnxio.Model) string {
	if m.Path == "" {
		return ""
	}
	return m.Path + ": "
}

// compiler lowers ONNX nodes to steps, one after the other.
type compiler struct {
	model    *onnxio.Model
	opset    map[string]int64
	values   map[string]*value
	input    *value
	sample   []int // the shape of one sample, where it was given
	output   string
	steps    []*step
	findings []Finding
	notes    []string
	// known counts the elements of values that were worked out.
	known int
	// batch is the batch size that the exporter fixed, 0 where it left it open.
	batch int
	// mixes says that a node joins the samples of a batch of any size; literal that a batch size of 1 is written into a file
	// that leaves the batch open otherwise; whole that the input is a single sample, without a batch.
	mixes, literal, whole bool
}

func newCompiler(m *onnxio.Model, opts Options) (*compiler, error) {
	c := &compiler{model: m, sample: opts.InputShape, opset: map[string]int64{}, values: map[string]*value{}}
	for _, o := range m.Opsets {
		domain := o.Domain
		if domain == "ai.onnx" {
			domain = ""
		}
		c.opset[domain] = o.Version
	}
	if v := c.opset[""]; v > latestOpset {
		c.note("operator set %d is later than any that is known here (%d): its operators are read as those of %[2]d", v, latestOpset)
	}
	for _, t := range m.Initializers {
		c.values[t.Name] = constantValue(t)
	}
	if err := c.chooseOutput(opts.Output); err != nil {
		return nil, err
	}
	return c, c.chooseInput(opts.InputShape)
}

// latestOpset is that of ONNX 1.20.
const latestOpset = 25

// constantValue is a tensor of the file. A scalar is part of the architecture (an epsilon, a factor); everything with a
// shape may be a parameter.
func constantValue(t *onnxio.Tensor) *value {
	v := &value{name: t.Name, shape: fixedShape(t.Shape)}
	if t.Int64s != nil {
		v.dtype = t.DType
	}
	if t.DType == onnxio.String {
		v.text = true
		return v
	}
	if len(t.Shape) == 0 && t.Int64s == nil {
		v.reals = &array[float64]{t.Shape, elements[float64](t)}
	} else {
		v.param, v.weighted = t, t.Int64s == nil
	}
	return v
}

func (c *compiler) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// lowerAll lowers every node that the output depends on.
func (c *compiler) lowerAll() {
	needed := c.needed()
	read := map[string]bool{c.output: true}
	for i := range c.model.Nodes {
		for _, in := range c.model.Nodes[i].Inputs {
			read[in] = read[in] || needed[i]
		}
	}
	for i := range c.model.Nodes {
		if needed[i] {
			c.lower(&c.model.Nodes[i], read)
		}
	}
}

// needed marks the nodes that the output depends on; nodes are in topological order.
func (c *compiler) needed() []bool {
	names := map[string]bool{c.output: true}
	needed := make([]bool, len(c.model.Nodes))
	for i := len(needed) - 1; i >= 0; i-- {
		for _, out := range c.model.Nodes[i].Outputs {
			needed[i] = needed[i] || out != "" && names[out]
		}
		if needed[i] {
			for _, in := range c.model.Nodes[i].Inputs {
				names[in] = true
			}
		}
	}
	return needed
}

// lower reads one node. One that cannot be read becomes a finding, and what it computes is unread: a node after it is
// only checked for being known. So is an output that is not computed, such as the positions of maxima, where it is read.
func (c *compiler) lower(n *onnxio.Node, read map[string]bool) {
	outputs, err := c.outputs(n)
	for i, name := range n.Outputs {
		if err == nil && outputs != nil && i >= len(outputs) && name != "" && read[name] {
			err = refuse("use the node's first output only", "its output %q is not computed", name)
		}
	}
	if err != nil {
		c.find(n, err)
	}
	for i, name := range n.Outputs {
		switch {
		case name == "":
		case i < len(outputs) && outputs[i] != nil:
			c.values[name] = outputs[i]
		default:
			c.values[name] = &value{name: name, unread: true}
		}
	}
}

func (c *compiler) outputs(n *onnxio.Node) ([]*value, error) {
	lowering, ok := operators[n.Op]
	if n.Domain == "ai.onnx.ml" {
		lowering, ok = classifierOperators[n.Op], classifierOperators[n.Op] != nil
	} else if n.Domain != "" && n.Domain != "ai.onnx" {
		ok = false
	}
	if !ok {
		return nil, refuse(wayOut(n), "operator %s is not supported", operatorName(n))
	}
	k := &call{Node: n, c: c, opset: c.opset[""]}
	for _, name := range n.Inputs {
		var v *value
		if name != "" {
			if v = c.values[name]; v == nil {
				return nil, fmt.Errorf("input %q is not defined", name)
			}
			if v.unread {
				return nil, nil
			}
			if v.text {
				return nil, refuse("export the logits without the names of the classes", "input %q holds text", name)
			}
		}
		k.in = append(k.in, v)
	}
	return lowering(k)
}

func (c *compiler) find(n *onnxio.Node, err error) {
	f := Finding{Node: nodeName(n), Op: operatorName(n), Reason: err.Error()}
	if r := (*refusal)(nil); errors.As(err, &r) {
		f.Advice = r.advice
		c.mixes = c.mixes || r.mixes
	}
	c.findings = append(c.findings, f)
}

func nodeName(n *onnxio.Node) string {
	if n.Name != "" {
		return n.Name
	}
	for _, out := range n.Outputs {
		if out != "" {
			return out
		}
	}
	return ""
}

func operatorName(n *onnxio.Node) string {
	if n.Domain == "" {
		return n.Op
	}
	return n.Domain + "." + n.Op
}

// apply applies a primitive: at once where its operands are known, as a step of the network otherwise.
func (c *compiler) apply(n *onnxio.Node, o op, in ...*value) (*value, error) {
	shapes := make([]Shape, len(in))
	for i, v := range in {
		shapes[i] = v.shape
	}
	shape, err := o.infer(shapes)
	if err != nil {
		return nil, err
	}
	if err := shape.bounded(); err != nil {
		return nil, err
	}
	out := &value{name: nodeName(n), shape: shape}
	if out.rows, err = rowsOf(o, in, shape); err != nil {
		return nil, err
	}
	if all(in, (*value).isInteger) {
		if err := c.hold(shape); err != nil {
			return nil, err
		}
		out.dtype = resultType(o, in)
		known, err := foldIntegers(o, in, shape, out.dtype)
		out.sizes = &known
		return out, err
	}
	for _, v := range in {
		if v.isInteger() {
			return nil, refuse("keep the network's values real numbers", "%q holds integers, other operands real numbers", v.name)
		}
	}
	if out.rows == nil && all(in, func(v *value) bool { return v.reals != nil }) {
		if err := c.hold(shape); err != nil {
			return nil, err
		}
		numbers := make([]array[float64], len(in))
		for i, v := range in {
			numbers[i] = v.numbers()
		}
		known := compute(o, numbers, shape.At(1))
		for i, x := range known.data {
			known.data[i] = float64(float32(x)) // as runtimes compute, so that what is cut or rounded after it is the same
		}
		out.reals = &known
		return out, nil
	}
	if _, elementwise := o.(binary); elementwise {
		in = freezeNormalization(withoutRepeats(in, shape))
	}
	for _, v := range in {
		out.weighted = out.weighted || v.weighted
	}
	out.step = &step{op: o, inputs: in, output: out, node: n}
	c.steps = append(c.steps, out.step)
	return out, nil
}

// hold accounts for a value that is worked out at once.
func (c *compiler) hold(shape Shape) error {
	if c.known += volume(shape.At(1)); c.known > maxKnown {
		return fmt.Errorf("more than %d numbers would be worked out before the network runs", maxKnown)
	}
	return nil
}

// withoutRepeats puts constants that are repeated to the size of the batch back to what they were before, where they
// broadcast to the same shape.
func withoutRepeats(in []*value, shape Shape) []*value {
	for i, v := range in {
		once := v.beforeExpand()
		if s, err := broadcast(once.shape, in[1-i].shape); once != v && err == nil && s.equal(shape) {
			in = slices.Clone(in)
			in[i] = once
		}
	}
	return in
}

// freezeNormalization makes what is combined with the input, before any weight, part of the architecture: means and
// standard deviations that the input is normalised by are stored as parameters are, but are not trained.
func freezeNormalization(in []*value) []*value {
	for i, v := range in {
		if other := in[1-i]; v.weighted && v.constant() && v.rows == nil && !other.weighted && !other.constant() {
			in = slices.Clone(in)
			in[i] = known(v.name, v.numbers())
		}
	}
	return in
}

func all(in []*value, is func(*value) bool) bool {
	for _, v := range in {
		if !is(v) {
			return false
		}
	}
	return true
}

// network wraps up what was lowered.
func (c *compiler) network() (*Network, error) {
	out := c.values[c.output]
	if out == nil {
		return nil, fmt.Errorf("%soutput %q is not defined", prefix(c.model), c.output)
	}
	net := &Network{
		model:      c.model,
		input:      c.input,
		output:     out,
		steps:      c.steps,
		InputName:  c.input.name,
		InputShape: c.input.shape[1:].At(1),
		OutputName: c.output,
		Notes:      c.notes,
		batch:      c.input.shape[0],
		sample:     c.sample,
	}
	switch b := net.batch; {
	case c.whole, b.PerSample == 0 && b.Fixed > 1 && (len(out.shape) == 0 || out.shape[0] != b || volume(net.InputShape) == 1):
		// The output has no such dimension, or samples would be single numbers: the input's first dimension is none of samples.
		net.batch, net.InputShape = fixed(1), c.input.shape.At(1)
	}
	net.stripHead()
	return net, nil
}
