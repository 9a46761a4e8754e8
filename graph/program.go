package graph

import (
	"fmt"
	"slices"

	"unlearnguard/graph/engine"
	"unlearnguard/onnxio"
)

// reverses says that a gradient is asked for.
func (o RunOptions) reverses() bool { return o.Input || o.Parameters || o.Layers }

// program runs a network's steps up to a target on batches of one size, forward and in reverse. The values share one
// arena, in which each has a place while it is needed.
type program[T engine.Float] struct {
	opts  RunOptions
	batch int
	// single says that samples are run one by one, so that all values hold those of one.
	single bool
	input  *operand[T]
	target *operand[T]
	// constants compute what depends on parameters alone, which is done again only when these change.
	constants, steps []instruction[T]
	parameters       *parameters[T]
	computed         int // version of the parameters that the constants were computed from
	layers           []layerOperands[T]
	operands         map[*value]*operand[T]
	readers          map[*value]int
	// planned are the places in the arena, which holds so many numbers.
	planned []place[T]
	arena   int
	// loaded says that the values have the arena's memory.
	loaded bool
}

// instruction is the kernel that carries out a step, and what it works on.
type instruction[T engine.Float] struct {
	site *site[T]
	kernel[T]
}

// layerOperands are the operands of a layer with a weight.
type layerOperands[T engine.Float] struct {
	step *step
	// samples is what the layer reads.
	samples, out *operand[T]
	batch        int
	layer        *Layer
}

// parameters are the numbers of the file that a network computes with, and their gradients, shared by the programs for
// different batch sizes.
type parameters[T engine.Float] struct {
	tensors  []*onnxio.Tensor
	storages map[*onnxio.Tensor]*storage[T]
	version  int
	// owned copies the file's elements, so that they can be changed.
	owned bool
	// from, if not nil, are those of another stream, whose elements these are.
	from *parameters[T]
}

func newParameters[T engine.Float]() *parameters[T] {
	return &parameters[T]{storages: map[*onnxio.Tensor]*storage[T]{}, version: 1}
}

// of is the storage of a tensor's elements; those of the file are read, never written.
func (p *parameters[T]) of(t *onnxio.Tensor, wanted bool) *storage[T] {
	s := p.storages[t]
	if s == nil {
		s = &storage[T]{size: volume(t.Shape), version: 1}
		if p.from != nil {
			s.data = p.from.of(t, false).data
		} else if s.data = elements[T](t); p.owned {
			s.data = slices.Clone(s.data)
		}
		p.storages[t] = s
		p.tensors = append(p.tensors, t)
	}
	if wanted && t.Int64s == nil && s.grad == nil {
		s.wanted, s.touched, s.grad = true, true, make([]T, s.size)
	}
	return s
}

// bytes are those of all elements.
func (p *parameters[T]) bytes() int {
	n := 0
	for _, s := range p.storages {
		n += s.size
	}
	return n * bytesOf[T]()
}

// untouch has the next reverse pass set the gradients instead of adding to them.
func (p *parameters[T]) untouch() {
	for _, s := range p.storages {
		s.touched = false
	}
}

// changed says that elements have been changed.
func (p *parameters[T]) changed() {
	p.version++
	for _, s := range p.storages {
		s.version++
	}
}

// wanted lists the tensors by which gradients are asked for.
func (p *parameters[T]) wanted() []*onnxio.Tensor {
	return slices.DeleteFunc(slices.Clone(p.tensors), func(t *onnxio.Tensor) bool { return !p.storages[t].wanted })
}

// wantedParameters are their storages.
func (b *program[T]) wantedParameters() []*storage[T] {
	var out []*storage[T]
	for _, t := range b.parameters.wanted() {
		out = append(out, b.parameters.storages[t])
	}
	return out
}

// newProgram plans the steps that target depends on, in order, for a batch of the given size.
func newProgram[T engine.Float](net *Network, target *value, batch int, opts RunOptions, c *crew[T], p *parameters[T]) (*program[T], error) {
	b := &program[T]{opts: opts, batch: batch, single: net.batch == fixed(1), parameters: p, operands: map[*value]*operand[T]{}}
	steps := net.stepsTo(target)
	var err error
	if b.input, err = b.operand(net.input, false); err != nil {
		return nil, err
	}
	b.input.wanted = opts.Input
	b.readers = readers(steps)
	for _, s := range steps {
		if err := b.add(s, net.varies(s), c); err != nil {
			return nil, at(s.node, "%w", err)
		}
	}
	if b.target, err = b.operand(target, false); err != nil {
		return nil, err
	}
	b.place()
	return b, nil
}

// operand is the value at run time: one that was made before, or one that starts here. statistic says that it is one of a
// normalisation, which gradients do not reach.
func (b *program[T]) operand(v *value, statistic bool) (*operand[T], error) {
	if o := b.operands[v]; o != nil {
		return o, nil
	}
	shape := v.shape.At(b.batch)
	if volume(shape) == 0 {
		return nil, fmt.Errorf("%q has no elements (shape %v)", v.name, v.shape)
	}
	o := &operand[T]{shape: shape}
	switch {
	case v.param != nil:
		o.storage = b.parameters.of(v.param, b.opts.Parameters && !statistic)
		o.statistic = o.statistic || statistic
	case v.reals != nil:
		o.storage = &storage[T]{size: len(v.reals.data), data: converted[T](v.reals.data), version: 1}
	default:
		o.storage = &storage[T]{size: volume(shape)}
	}
	b.operands[v] = o
	return o, nil
}

// add plans one step. varies says that it depends on the input.
func (b *program[T]) add(s *step, varies bool, c *crew[T]) error {
	at := &site[T]{crew: c, training: b.opts.Training}
	wanted := false
	_, normalises := s.op.(batchNorm)
	for i, v := range s.inputs {
		o, err := b.operand(v, normalises && i >= normMean)
		if err != nil {
			return err
		}
		wanted = wanted || o.wanted
		at.in = append(at.in, o)
	}
	if _, ok := s.op.(reshape); ok {
		b.operands[s.output] = &operand[T]{s.output.shape.At(b.batch), at.in[0].storage}
		return nil
	}
	if varies && b.inPlace(s) {
		b.operands[s.output] = &operand[T]{s.output.shape.At(b.batch), at.in[0].storage}
	}
	out, err := b.operand(s.output, false)
	if err != nil {
		return err
	}
	at.out = out
	samples, _, isLayer := s.layer()
	isLayer = isLayer && varies && (b.single || s.inputs[samples].inOrder() && s.output.inOrder())
	out.wanted = wanted || isLayer && b.opts.Layers
	if isLayer {
		b.layers = append(b.layers, layerOperands[T]{step: s, samples: at.in[samples], out: out, batch: b.batch})
	}
	i := instruction[T]{at, kernelAt(s.op, at)}
	if varies {
		b.steps = append(b.steps, i)
		return nil
	}
	out.data, out.version = make([]T, out.size), 1
	if out.wanted {
		out.grad = make([]T, out.size)
	}
	b.constants = append(b.constants, i)
	return nil
}

// readers counts the steps that read each value.
func readers(steps []*step) map[*value]int {
	n := map[*value]int{}
	for _, s := range steps {
		for _, v := range s.inputs {
			n[v]++
		}
	}
	return n
}

// inPlace says whether a step's result may take its operand's memory: a rectifier or a normalisation of what no other step and
// no reverse pass reads. It saves fetching other memory.
func (b *program[T]) inPlace(s *step) bool {
	switch o := s.op.(type) {
	case unary:
		if o.name != "Relu" && o.name != "LeakyRelu" {
			return false // some functions read their arguments twice
		}
	case batchNorm:
	default:
		return false
	}
	from := s.inputs[0]
	if b.opts.reverses() || b.opts.Training || b.readers[from] != 1 || from.step == nil {
		return false
	}
	_, reshaped := from.step.op.(reshape)
	return !reshaped && !from.constant()
}

// varies says whether a step depends on the input.
func (net *Network) varies(s *step) bool { return !s.output.constant() }

// layer says which of a step's operands are the samples' values and which is a weight, if it is a layer with one: a
// product or a convolution with what depends on parameters alone.
func (s *step) layer() (samples, weight int, ok bool) {
	switch s.op.(type) {
	case matmul:
		if s.inputs[0].constant() {
			return 1, 0, s.inputs[0].weighted
		}
		return 0, 1, s.inputs[1].constant() && s.inputs[1].weighted
	case convolution:
		return 0, 1, s.inputs[1].constant() && !s.inputs[0].constant()
	}
	return 0, 0, false
}

// load makes the arena's memory the values'.
func (b *program[T]) load(arena []T) {
	for _, p := range b.planned {
		p.load(arena)
	}
}

// forward runs the network on the samples in the input's storage.
func (b *program[T]) forward() {
	if b.computed != b.parameters.version {
		for _, i := range b.constants {
			i.forward()
			i.site.out.version++
		}
		b.computed = b.parameters.version
	}
	for _, i := range b.steps {
		i.forward()
	}
}

// reverse takes the gradient of sum(weight * target) back to what it is wanted by. The gradients of parameters are added
// to those that are there.
func (b *program[T]) reverse(weight []T) {
	for _, i := range b.steps {
		i.site.out.touched = false
	}
	for _, i := range b.constants {
		i.site.out.touched = false
	}
	b.input.touched = false
	for _, l := range b.layers {
		l.out.touched = false
	}
	defer b.settle()
	if !b.target.wanted {
		return
	}
	for i, g := range b.target.gradient() {
		b.target.grad[i] = g + weight[i]
	}
	b.reverseSteps(b.steps)
	b.reverseSteps(b.constants)
}

// settle makes gradients zero that nothing was added to.
func (b *program[T]) settle() {
	for _, s := range append(b.wantedParameters(), b.input.storage) {
		if s.wanted {
			s.gradient()
		}
	}
	for _, l := range b.layers {
		if l.samples.wanted {
			l.samples.gradient() // zero where nothing came back
		}
	}
}

func (b *program[T]) reverseSteps(steps []instruction[T]) {
	for k := len(steps) - 1; k >= 0; k-- {
		i := steps[k]
		if !i.site.out.wanted {
			continue
		}
		if !i.site.out.touched && !b.opts.Layers {
			continue // nothing after it has a gradient
		}
		i.site.out.gradient()
		i.reverse()
	}
}
