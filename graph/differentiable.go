package graph

import (
	"context"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"unlearnguard/graph/engine"
	"unlearnguard/graph/internal/operation"
	"unlearnguard/onnxio"
)

// RunOptions says how a network is run. The zero value runs it forward to the logits.
type RunOptions struct {
	// Output runs up to the model's output instead of the logits before its head.
	Output bool
	// Input, Parameters and Layers ask for gradients: by the samples, by every parameter, and by the output of every layer
	// with a weight, whose input is kept as well. Layers implies Input.
	Input, Parameters, Layers bool
	// Training normalises by the statistics of each batch (BatchNormalization) and moves the running ones, which are then
	// copies of the file's, as parameters are.
	Training bool
	// Batch is the number of samples that are computed together. If 0, it is as many as keep the memory of values and
	// gradients within Memory, up to 256. A network that works at one batch size only uses that.
	Batch int
	// Memory is the budget for values and gradients in bytes. If 0, it is 512 MiB. A single sample may need more.
	Memory int
	// Threads is the number of threads; 0 stands for GOMAXPROCS. Results do not depend on it.
	Threads int
}

// Runner runs a network on samples, forward and in reverse, as a gorgonia graph of one operation that owns its adjoint.
// It computes in T. Build it once and run it often; it is not safe for concurrent use.
type Runner[T engine.Float] struct {
	net    *Network
	opts   RunOptions
	target *value
	sample []int
	result []int
	batch  int

	crew       *crew[T]
	parameters *parameters[T]
	// graphs are those for the batch sizes that were met; all programs lie in one arena.
	graphs map[int]*expression[T]
	arena  []T
}

// expression is the gorgonia graph for one batch size.
type expression[T engine.Float] struct {
	program *program[T]
	machine *operation.Machine
	x, y    *gorgonia.Node
	weigh   *weighOp[T]
}

// NewRunner prepares to run a network.
func NewRunner[T engine.Float](net *Network, opts RunOptions) (*Runner[T], error) {
	opts.Input = opts.Input || opts.Layers
	r := &Runner[T]{net: net, opts: opts, target: net.logits, sample: net.InputShape, graphs: map[int]*expression[T]{}}
	if opts.Output {
		r.target = net.output
	}
	var ok bool
	if r.result, ok = net.sampleShape(r.target); !ok {
		return nil, fmt.Errorf("%soutput %q of shape %v does not keep the samples apart", prefix(net.model), net.OutputName, r.target.shape)
	}
	var err error
	if r.crew, err = newCrew[T](opts.Threads); err != nil {
		return nil, err
	}
	r.parameters = newParameters[T]()
	r.parameters.owned = opts.Training
	if r.batch, err = r.comfortableBatch(); err != nil {
		return nil, fmt.Errorf("%s%w", prefix(net.model), err)
	}
	_, err = r.at(r.batch)
	return r, err
}

// mostBatch is the most samples that are computed together by default: products of more rows are no faster.
const mostBatch = 256

// comfortableBatch chooses the batch size, and refuses a network whose values would fill the memory with a single sample.
func (r *Runner[T]) comfortableBatch() (int, error) {
	perSample := 1
	for _, s := range r.net.stepsTo(r.target) {
		if perSample += volume(s.output.shape.At(1)); perSample > maxTotal {
			return 0, fmt.Errorf("the network holds more than %d numbers for a single sample", maxTotal)
		}
	}
	switch {
	case r.net.batch.PerSample == 0:
		return r.net.batch.Fixed, nil
	case r.opts.Batch > 0:
		return r.opts.Batch, nil
	}
	one, err := r.plan(1)
	if err != nil {
		return 0, err
	}
	memory := r.opts.Memory
	if memory == 0 {
		memory = 512 << 20
	}
	return min(max(memory/(bytesOf[T]()*max(one.arena, 1)), 1), mostBatch), nil
}

func bytesOf[T engine.Float]() int { return int(dtypeOf[T]().Size()) }

func (r *Runner[T]) plan(batch int) (*program[T], error) {
	return newProgram(r.net, r.target, batch, r.opts, r.crew, r.parameters)
}

// at is the graph for a batch size.
func (r *Runner[T]) at(batch int) (*expression[T], error) {
	e := r.graphs[batch]
	if e == nil {
		p, err := r.plan(batch)
		if err != nil {
			return nil, fmt.Errorf("%s%w", prefix(r.net.model), err)
		}
		if e, err = newExpression(p, r.opts); err != nil {
			return nil, fmt.Errorf("%s%w", prefix(r.net.model), err)
		}
		r.graphs[batch] = e
	}
	return e, e.load(r)
}

// load gives the programs memory, and the graph values on it.
func (e *expression[T]) load(r *Runner[T]) error {
	p := e.program
	if len(r.arena) < p.arena {
		r.arena = make([]T, p.arena)
		for _, other := range r.graphs {
			other.program.loaded = false
		}
	}
	if p.loaded {
		return nil
	}
	p.load(r.arena)
	p.loaded = true
	if err := gorgonia.Let(e.x, tensorOf(p.input.shape, p.input.data)); err != nil {
		return err
	}
	e.y.Op().(*networkOp[T]).value = tensorOf(p.target.shape, p.target.data)
	return nil
}

// newExpression builds the graph of sum(weight * network(x, parameters)) and takes its gradient once.
func newExpression[T engine.Float](p *program[T], opts RunOptions) (*expression[T], error) {
	g, e := gorgonia.NewGraph(), &expression[T]{program: p}
	leaf := func(name string, shape []int) *gorgonia.Node {
		return gorgonia.NewTensor(g, dtypeOf[T](), len(held(shape)), gorgonia.WithShape(held(shape)...), gorgonia.WithName(name))
	}
	e.x = leaf("x", p.input.shape)
	inputs := gorgonia.Nodes{e.x}
	for i, t := range p.parameters.wanted() {
		n := leaf(fmt.Sprintf("%s (%d)", t.Name, i), t.Shape)
		if err := gorgonia.Let(n, tensorOf(t.Shape, p.parameters.storages[t].data)); err != nil {
			return nil, err
		}
		inputs = append(inputs, n)
	}
	network := &networkOp[T]{program: p}
	for _, n := range inputs {
		network.types = append(network.types, n.Type())
	}
	var err error
	if e.y, err = gorgonia.ApplyOp(network, inputs...); err != nil {
		return nil, err
	}
	if opts.Input || opts.Parameters {
		if err := e.differentiate(inputs, opts.Input); err != nil {
			return nil, err
		}
	}
	e.machine, err = operation.NewMachine(g)
	return e, err
}

func (e *expression[T]) differentiate(inputs gorgonia.Nodes, byInput bool) error {
	p := e.program
	e.weigh = &weighOp[T]{program: p, value: tensorOf(p.target.shape, make([]T, p.target.size))}
	weight, err := gorgonia.ApplyOp(e.weigh, e.y)
	if err != nil {
		return err
	}
	cost, err := gorgonia.ApplyOp(&weightedSumOp[T]{program: p, value: operation.NewScalar[T]()}, e.y, weight)
	if err != nil {
		return err
	}
	if !byInput {
		inputs = inputs[1:]
	}
	if len(inputs) == 0 {
		return nil
	}
	_, err = gorgonia.Grad(cost, inputs...)
	return err
}

// Pass is what was computed for consecutive samples. Its slices are valid until the next.
type Pass[T engine.Float] struct {
	// First is the first sample's index, Samples their number.
	First, Samples int
	// Output holds the logits, or the model's output; Input the gradient by the samples where it was asked for.
	Output, Input []T
	// Layers are the layers with a weight, in order.
	Layers []LayerPass[T]
}

// LayerPass is what a layer with a weight saw.
type LayerPass[T engine.Float] struct {
	*Layer
	// Activations holds the layer's input and InputGradient the gradient by it, Signals the gradient by the layer's output:
	// sample after sample.
	Activations, InputGradient, Signals []T
}

// Run runs the network on samples x, which lie one after the other. After each batch is computed forward, weigh sets the
// weight of every output, of samples first to first+n, for the reverse pass; it may be nil where no gradient was asked for.
// Then visit is given what was computed. Gradients by parameters add up after [Runner.ZeroGradients].
func (r *Runner[T]) Run(ctx context.Context, x []T, weigh func(first, n int, y, weight []T), visit func(Pass[T]) error) error {
	size := volume(r.sample)
	if len(x) == 0 || len(x)%size != 0 {
		return fmt.Errorf("%sinput of %d elements is not a batch of samples of shape %v", prefix(r.net.model), len(x), r.sample)
	}
	samples := len(x) / size
	if r.net.batch.PerSample == 0 && samples%r.batch != 0 {
		return fmt.Errorf("%s%d samples are not a multiple of %d, the batch size that the network was exported for", prefix(r.net.model), samples, r.batch)
	}
	for first := 0; first < samples; first += r.batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(r.batch, samples-first)
		if err := r.runBatch(first, n, x[first*size:(first+n)*size], weigh, visit); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner[T]) runBatch(first, n int, x []T, weigh func(first, n int, y, weight []T), visit func(Pass[T]) error) error {
	e, err := r.at(n)
	if err != nil {
		return err
	}
	p := e.program
	r.crew.split(len(x), worthwhile, func(_ *lane[T], lo, hi int) { copy(p.input.data[lo:hi], x[lo:hi]) })
	if e.weigh != nil {
		if weigh == nil {
			return fmt.Errorf("%sgradients are asked for, but no weight of the outputs", prefix(r.net.model))
		}
		e.weigh.weigh = func(y, weight []T) { weigh(first, n, y, weight) }
	}
	if err := e.machine.RunAll(); err != nil {
		return fmt.Errorf("%s%w", prefix(r.net.model), err)
	}
	if visit == nil {
		return nil
	}
	pass := Pass[T]{First: first, Samples: n, Output: p.target.data}
	if r.opts.Input {
		pass.Input = p.input.grad
	}
	if r.opts.Layers {
		for i := range p.layers {
			l := &p.layers[i]
			pass.Layers = append(pass.Layers, LayerPass[T]{l.describe(), l.samples.data, l.samples.grad, l.out.grad})
		}
	}
	return visit(pass)
}

// Outputs runs the network forward and gives its outputs, sample after sample.
func (r *Runner[T]) Outputs(ctx context.Context, x []T) ([]T, error) {
	y := make([]T, 0, len(x)/max(volume(r.sample), 1)*volume(r.result))
	zero := func(_, _ int, _, weight []T) { clear(weight) }
	err := r.Run(ctx, x, zero, func(p Pass[T]) error {
		y = append(y, p.Output...)
		return nil
	})
	return y, err
}

// ResultShape is the shape of one sample's output.
func (r *Runner[T]) ResultShape() []int { return r.result }

// Parameter is a tensor of the file that the network computes with, as a runner holds it.
type Parameter[T engine.Float] struct {
	// Name is the tensor's in the file.
	Name  string
	Shape []int
	// Value is the elements. Those of a runner that trains may be changed, followed by [Runner.Changed]; any other's are the
	// file's.
	Value []T
	// Gradient is the sum of the gradients since [Runner.ZeroGradients] or the beginning, nil where none is asked for.
	Gradient []T
	// Statistic says that it is a running statistic of a BatchNormalization.
	Statistic bool
}

// Parameters lists the parameters, in order of their first use.
func (r *Runner[T]) Parameters() []Parameter[T] {
	var out []Parameter[T]
	for _, t := range r.parameters.tensors {
		s := r.parameters.storages[t]
		if t.Int64s == nil {
			out = append(out, Parameter[T]{Name: t.Name, Shape: t.Shape, Value: s.data, Gradient: s.grad, Statistic: s.statistic})
		}
	}
	return out
}

// Changed says that elements of parameters have been changed.
func (r *Runner[T]) Changed() {
	r.parameters.version++
	for _, s := range r.parameters.storages {
		s.version++
	}
}

// ZeroGradients has the next reverse pass set the gradients by parameters instead of adding to them. Until then they stay as
// they are: to write zeros first would take a tenth of the pass of a wide network.
func (r *Runner[T]) ZeroGradients() {
	for _, s := range r.parameters.storages {
		s.touched = false
	}
}

// scaleParameters multiplies every tensor of the file by a factor, for all runs to come.
func (r *Runner[T]) scaleParameters(factor func(*onnxio.Tensor) float64) {
	for t, s := range r.parameters.storages {
		f := T(factor(t))
		s.data = slices.Clone(elements[T](t))
		for i := range s.data {
			s.data[i] *= f
		}
	}
	r.Changed()
}
