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
	// Batch is the most samples that are computed together. If 0, it is as many as keep the memory of values and gradients
	// within Memory, up to 256. Fewer are, where they fit a core's cache, unless Training is set, for which a batch is one. A network
	// that works at one batch size only uses that.
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
	// batch is the most samples that a stream takes at a time.
	batch int
	// streams work at the same time, on a thread each. A batch by itself is computed by the first, on all threads.
	streams []*stream[T]
	// separate says that batches have streams of their own; otherwise the first computes all of them.
	separate bool
	// sums are the gradients by parameters where every batch has its own; nil where the only stream adds them up.
	sums   map[*onnxio.Tensor][]T
	summed bool // there is something in sums to add to
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
	r := &Runner[T]{net: net, opts: opts, target: net.logits, sample: net.InputShape}
	if opts.Output {
		r.target = net.output
	}
	var ok bool
	if r.result, ok = net.sampleShape(r.target); !ok {
		return nil, fmt.Errorf("%soutput %q of shape %v does not keep the samples apart", prefix(net.model), net.OutputName, r.target.shape)
	}
	first, err := newStream[T](opts.Threads, nil)
	if err != nil {
		return nil, err
	}
	first.parameters.owned = opts.Training
	r.streams = []*stream[T]{first}
	if err = r.divide(); err != nil {
		return nil, fmt.Errorf("%s%w", prefix(r.net.model), err)
	}
	_, err = r.at(first, r.batch)
	return r, err
}

// at is the graph of a stream for a batch size.
func (r *Runner[T]) at(s *stream[T], batch int) (*expression[T], error) {
	e := s.graphs[batch]
	if e == nil {
		p, err := newProgram(r.net, r.target, batch, r.opts, s.crew, s.parameters)
		if err != nil {
			return nil, fmt.Errorf("%s%w", prefix(r.net.model), err)
		}
		if e, err = newExpression(p, r.opts); err != nil {
			return nil, fmt.Errorf("%s%w", prefix(r.net.model), err)
		}
		s.graphs[batch] = e
	}
	return e, s.load(e)
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
// Then visit is given what was computed. Neither is called by two goroutines at a time, and both are called in the samples' order. Gradients by parameters add up after [Runner.ZeroGradients].
func (r *Runner[T]) Run(ctx context.Context, x []T, weigh func(first, n int, y, weight []T), visit func(Pass[T]) error) error {
	size := volume(r.sample)
	if len(x) == 0 || len(x)%size != 0 {
		return fmt.Errorf("%sinput of %d elements is not a batch of samples of shape %v", prefix(r.net.model), len(x), r.sample)
	}
	samples := len(x) / size
	if r.net.batch.PerSample == 0 && samples%r.batch != 0 {
		return fmt.Errorf("%s%d samples are not a multiple of %d, the batch size that the network was exported for", prefix(r.net.model), samples, r.batch)
	}
	b := newBatches(r, x, weigh, visit)
	if err := b.plan(); err != nil {
		return err
	}
	return b.run(ctx)
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
	of := r.streams[0].parameters
	for _, t := range of.tensors {
		if t.Int64s != nil {
			continue
		}
		s := of.storages[t]
		p := Parameter[T]{Name: t.Name, Shape: t.Shape, Value: s.data, Gradient: s.grad, Statistic: s.statistic}
		if r.sums != nil {
			p.Gradient = r.sums[t]
		}
		out = append(out, p)
	}
	return out
}

// Changed says that elements of parameters have been changed.
func (r *Runner[T]) Changed() {
	for _, s := range r.streams {
		s.parameters.changed()
	}
}

// ZeroGradients has the next reverse pass set the gradients by parameters instead of adding to them. Until then they stay as
// they are: to write zeros first would take a tenth of the pass of a wide network.
func (r *Runner[T]) ZeroGradients() {
	r.summed = false
	r.streams[0].parameters.untouch()
}

// scaleParameters multiplies every tensor of the file by a factor, for all runs to come.
func (r *Runner[T]) scaleParameters(factor func(*onnxio.Tensor) float64) {
	for t, s := range r.streams[0].parameters.storages {
		f := T(factor(t))
		s.data = slices.Clone(elements[T](t))
		for i := range s.data {
			s.data[i] *= f
		}
		for _, other := range r.streams[1:] {
			if o := other.parameters.storages[t]; o != nil {
				o.data = s.data
			}
		}
	}
	r.Changed()
}
