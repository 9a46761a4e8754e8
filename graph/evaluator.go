package graph

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/onnxio"
)

// EvaluatorOptions says how to run a network. The zero value runs float32 up to the model's output.
type EvaluatorOptions struct {
	// Float64 computes in float64 instead of float32.
	Float64 bool
	// Logits stops before the head.
	Logits bool
	// Batch is the number of samples that are computed together. If 0, it is as many, up to 64, as keep all values of
	// the network within 2^24 numbers. A network that works at one batch size only uses that.
	Batch int
}

// Evaluator runs a network forward. It is a gorgonia graph whose operators are the network's primitives; build it once and
// run it often. It is not safe for concurrent use.
type Evaluator struct {
	net    *Network
	target *value
	// result is the shape of one sample's result.
	result []int
	batch  int
	dtype  tensor.Dtype

	graph   *gorgonia.ExprGraph
	machine gorgonia.VM
	nodes   map[*value]*gorgonia.Node
	// parameters are the nodes that hold the file's tensors.
	parameters map[*onnxio.Tensor][]*gorgonia.Node
}

// Evaluator builds the graph that runs the network.
func (net *Network) Evaluator(opts EvaluatorOptions) (*Evaluator, error) {
	e := &Evaluator{
		net: net, target: net.output, dtype: tensor.Float32, graph: gorgonia.NewGraph(),
		nodes: map[*value]*gorgonia.Node{}, parameters: map[*onnxio.Tensor][]*gorgonia.Node{},
	}
	if opts.Float64 {
		e.dtype = tensor.Float64
	}
	if opts.Logits {
		e.target = net.logits
	}
	var ok bool
	if e.result, ok = net.sampleShape(e.target); !ok {
		return nil, fmt.Errorf("%soutput %q of shape %v does not keep the samples apart", prefix(net.model), net.OutputName, e.target.shape)
	}
	steps := net.stepsTo(e.target)
	batch, err := comfortableBatch(steps)
	if err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net.model), err)
	}
	switch e.batch = opts.Batch; {
	case net.batch.PerSample == 0:
		e.batch = net.batch.Fixed
	case e.batch == 0:
		e.batch = batch
	}
	if err := e.build(steps); err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net.model), err)
	}
	e.machine = gorgonia.NewTapeMachine(e.graph)
	return e, nil
}

// stepsTo gives the steps that a value depends on, in order.
func (net *Network) stepsTo(v *value) []*step {
	needed := map[*value]bool{v: true}
	var steps []*step
	for _, s := range slices.Backward(net.steps) {
		if needed[s.output] {
			steps = append(steps, s)
			for _, in := range s.inputs {
				needed[in] = true
			}
		}
	}
	slices.Reverse(steps)
	return steps
}

// comfortableBatch refuses a network whose values would fill the memory with a single sample.
func comfortableBatch(steps []*step) (int, error) {
	perSample := 1
	for _, s := range steps {
		if perSample += volume(s.output.shape.At(1)); perSample > maxTotal {
			return 0, fmt.Errorf("the network holds more than %d numbers for a single sample", maxTotal)
		}
	}
	return min(max(1<<24/perSample, 1), 64), nil
}

func (e *Evaluator) build(steps []*step) error {
	if _, err := e.node(e.net.input); err != nil {
		return err
	}
	for i, s := range steps {
		p := &primitive{op: s.op, step: i, dtype: e.dtype, shape: s.output.shape.At(e.batch)}
		var inputs []*gorgonia.Node
		for _, v := range s.inputs {
			n, err := e.node(v)
			if err != nil {
				return err
			}
			inputs = append(inputs, n)
			p.operands = append(p.operands, v.shape.At(e.batch))
		}
		n, err := gorgonia.ApplyOp(p, inputs...)
		if err != nil {
			return at(s.node, "%w", err)
		}
		e.nodes[s.output] = n
	}
	_, err := e.node(e.target)
	return err
}

// node gives the graph's node for a value that is computed already or starts here: the input, a parameter, a constant.
func (e *Evaluator) node(v *value) (*gorgonia.Node, error) {
	if n := e.nodes[v]; n != nil {
		return n, nil
	}
	shape := held(v.shape.At(e.batch))
	if volume(shape) == 0 {
		return nil, fmt.Errorf("%q has no elements (shape %v)", v.name, v.shape)
	}
	// gorgonia takes leaves of equal name and shape for one.
	name := fmt.Sprintf("%s (%d)", v.name, len(e.nodes))
	n := gorgonia.NewTensor(e.graph, e.dtype, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name))
	e.nodes[v] = n
	switch {
	case v == e.net.input:
		return n, nil
	case v.param != nil:
		e.parameters[v.param] = append(e.parameters[v.param], n)
		return n, gorgonia.Let(n, e.parameter(shape, v.param))
	case v.reals != nil:
		return n, gorgonia.Let(n, e.holding(shape, v.reals.data))
	}
	return nil, fmt.Errorf("%q is not known", v.name)
}

// Run computes the results of any number of samples, which lie in x one after the other.
func (e *Evaluator) Run(ctx context.Context, x []float64) ([]float64, error) {
	size := volume(e.net.InputShape)
	if len(x)%size != 0 {
		return nil, fmt.Errorf("%d numbers are no whole number of samples of shape %v", len(x), e.net.InputShape)
	}
	if n := e.net.batch.Fixed; n > 0 && len(x)%(size*n) != 0 {
		return nil, fmt.Errorf("%d samples are no multiple of %d, the batch size that the network was exported for", len(x)/size, n)
	}
	var y []float64
	for samples := len(x) / size; samples > 0; samples -= e.batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := min(samples, e.batch)
		out, err := e.runBatch(x[:n*size])
		if err != nil {
			return nil, fmt.Errorf("%s%w", prefix(e.net.model), err)
		}
		y = append(y, out[:len(out)/e.batch*n]...)
		x = x[n*size:]
	}
	return y, nil
}

// runBatch runs once; samples that are missing from a batch are zeros.
func (e *Evaluator) runBatch(x []float64) ([]float64, error) {
	defer e.machine.Reset()
	in := e.nodes[e.net.input]
	whole := make([]float64, in.Shape().TotalSize())
	copy(whole, x)
	if err := gorgonia.Let(in, e.holding(in.Shape(), whole)); err != nil {
		return nil, err
	}
	if err := e.machine.RunAll(); err != nil {
		return nil, err
	}
	switch data := e.nodes[e.target].Value().Data().(type) {
	case []float32:
		return converted[float64](data), nil
	case []float64:
		return slices.Clone(data), nil
	default:
		return nil, fmt.Errorf("output %q holds %T", e.target.name, data)
	}
}

// ResultShape is the shape of one sample's result.
func (e *Evaluator) ResultShape() []int { return e.result }

// Close releases the graph's machine.
func (e *Evaluator) Close() error { return e.machine.Close() }

// held is the shape that gorgonia holds a value in: a scalar becomes a vector of one, as gorgonia treats scalars as
// another kind of value.
func held(shape []int) []int {
	if len(shape) == 0 {
		return []int{1}
	}
	return shape
}

// holding makes a value of the evaluator's type.
func (e *Evaluator) holding(shape []int, data []float64) tensor.Tensor {
	if e.dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(converted[float32](data)))
}

// parameter holds a tensor of the file, sharing its elements where they are of the evaluator's type.
func (e *Evaluator) parameter(shape []int, t *onnxio.Tensor) tensor.Tensor {
	if e.dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements[float64](t)))
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements[float32](t)))
}

// scaleParameters multiplies every parameter by a factor, for all runs to come.
func (e *Evaluator) scaleParameters(factor func(*onnxio.Tensor) float64) error {
	for t, nodes := range e.parameters {
		f := factor(t)
		data := elements[float64](t)
		if t.Float64s != nil {
			data = slices.Clone(data)
		}
		for i := range data {
			data[i] *= f
		}
		for _, n := range nodes {
			if err := gorgonia.Let(n, e.holding(n.Shape(), data)); err != nil {
				return err
			}
		}
	}
	return nil
}
