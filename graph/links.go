package graph

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"unlearnguard/onnxio"
)

// Link is one step of a network without branches: what it does to the values of the step before, for a single sample. That the
// samples of a batch are treated alike was proven when the model was compiled.
type Link struct {
	// Node is the name of the ONNX node that the step was lowered from.
	Node string
	// Input and Output name the values that the step reads and computes, with their shapes for the batch.
	Input, Output LinkValue
	// Operation is a [ProductLink], [ConvolutionLink], [ElementwiseLink], [ActivationLink], [PoolingLink], [ReductionLink],
	// [PaddingLink] or [MovementLink], and nil for any other.
	Operation any

	node *onnxio.Node
}

// LinkValue is a value between two links.
type LinkValue struct {
	Name  string
	Shape Shape
}

// Errorf is an error that names the link's node.
func (l Link) Errorf(format string, args ...any) error { return at(l.node, format, args...) }

// Constant is an operand that is known before the network runs.
type Constant struct{ value *value }

// Name is that of the value.
func (c Constant) Name() string { return c.value.name }

// Parameter is the name of the tensor of the file that the constant was made from.
func (c Constant) Parameter() string { return weightName(c.value) }

// Source tells parameters apart: constants that were made from the same one have the same source.
func (c Constant) Source() any { return parameterOf(c.value) }

// Shape is the constant's shape.
func (c Constant) Shape() Shape { return c.value.shape }

// Numbers are the constant's elements in row-major order, and its shape. They are shared with the model.
func (c Constant) Numbers() (shape []int, data []float64) {
	a := c.value.numbers()
	return a.shape, a.data
}

// ProductLink multiplies by a matrix W: the constant, or its transpose where Transposed is set.
type ProductLink struct {
	Weight     Constant
	Transposed bool
}

// ConvolutionLink applies a weight of shape [filters, channels/groups, kernel...] at each position of the input.
type ConvolutionLink struct {
	// Weight is the kernel. Computed says that it is none: it is computed from the samples, and the constant is what it is
	// applied to.
	Weight   Constant
	Computed bool
	// Parts is the number of parts of a sample that the convolution reads one by one.
	Parts, Groups int
	// Plane is the number of elements of an input channel, Positions that of an output channel, Kernel that of a window.
	Plane, Positions, Kernel int

	window             window
	spatial, positions []int
}

// Offsets are, position by position, the elements of a channel under the window, -1 for padding.
func (o ConvolutionLink) Offsets() []int { return o.window.offsets(o.spatial, o.positions) }

// ElementwiseLink combines the values with a constant, element by element.
type ElementwiseLink struct {
	Constant Constant

	f    binaryFunc
	left bool
	fits bool
	to   []int
}

// Fits says whether the constant broadcasts to the values.
func (o ElementwiseLink) Fits() bool { return o.fits }

// Numbers are the constant's, one for each of a sample's values. The constant must fit.
func (o ElementwiseLink) Numbers() []float64 {
	return broadcastTo(o.Constant.value.numbers(), o.to).data
}

// Adds says that the constant is added or subtracted.
func (o ElementwiseLink) Adds() bool { return o.f == add || o.f == sub }

// Affine is scale x + shift combined with the number c, as the factor and offset of x. It is false for a function that is not
// affine.
func (o ElementwiseLink) Affine(scale, shift, c float64) (float64, float64, bool) {
	switch {
	case o.f == add:
		return scale, shift + c, true
	case o.f == sub && o.left:
		return scale, shift - c, true
	case o.f == sub:
		return -scale, c - shift, true
	case o.f == mul:
		return scale * c, shift * c, true
	case o.f == div && o.left:
		return scale / c, shift / c, true
	}
	return 0, 0, false
}

// ActivationLink applies a function to each element.
type ActivationLink struct {
	// Function names it as ONNX does; Slope is that of a LeakyRelu for negative arguments.
	Function string
	Slope    float64
}

// PoolingLink takes the maximum or the mean under a window, channel by channel.
type PoolingLink struct {
	Mean bool

	o         pooling
	input, to []int
}

// Windows are the elements of the input that each element of the result is made of, and by what a mean of them is divided.
func (p PoolingLink) Windows() (windows [][]int, divisors []int) {
	plane, places, size := volume(p.input[2:]), volume(p.to[2:]), volume(p.o.kernel)
	offsets, counts := p.o.offsets(p.input[2:], p.to[2:]), p.o.padded(p.input[2:], p.to[2:])
	windows, divisors = make([][]int, volume(p.to)), make([]int, volume(p.to))
	for i := range windows {
		channel, place := i/places, i%places
		for _, offset := range offsets[place*size : (place+1)*size] {
			if offset >= 0 {
				windows[i] = append(windows[i], channel*plane+offset)
			}
		}
		if divisors[i] = len(windows[i]); p.o.pads {
			divisors[i] = counts[place]
		}
	}
	return windows, divisors
}

// ReductionLink reduces axes: to their mean, or in another way where Mean is not set.
type ReductionLink struct {
	Mean bool

	axes, input []int
}

// Windows are the elements of the input that each element of the result is made of.
func (r ReductionLink) Windows() [][]int {
	strides := rowMajor(r.input)
	for _, axis := range r.axes {
		strides[axis] = 0
	}
	windows, place, n := [][]int{}, map[int]int{}, 0
	walk(r.input, [][]int{strides}, func(kept []int) {
		if _, known := place[kept[0]]; !known {
			place[kept[0]] = len(windows)
			windows = append(windows, nil)
		}
		windows[place[kept[0]]] = append(windows[place[kept[0]]], n)
		n++
	})
	return windows
}

// PaddingLink adds elements around the input: zeros, or others where Zeros is not set.
type PaddingLink struct {
	Zeros bool

	o         padding
	input, to []int
}

// Places are the elements of the input that stand at each place of the result, -1 for a zero. It is for padding with zeros.
func (p PaddingLink) Places() []int {
	numbered := newArray[float64](p.input)
	for i := range numbered.data {
		numbered.data[i] = float64(i + 1)
	}
	moved := compute(p.o, []array[float64]{numbered}, p.to)
	places := make([]int, len(moved.data))
	for i, x := range moved.data {
		places[i] = int(x) - 1
	}
	return places
}

// MovementLink moves the input's elements.
type MovementLink struct {
	o         op
	input, to []int
}

// Places are the elements of the input that stand at each place of the result.
func (m MovementLink) Places() []int {
	from := newArray[int](m.input)
	for i := range from.data {
		from.data[i] = i
	}
	moved, _ := move(m.o, []array[int]{from}, m.to)
	return moved.data
}

// Links walks from the input to the logits of a classifier. Normalisations and choices by a constant are given as the products and
// sums that they amount to. It ends with an error that names the node where the network branches. The first error is for a model
// that is no classifier, or that works on several samples at a time only.
func (net *Network) Links() (iter.Seq2[Link, error], error) {
	if err := net.classifier(); err != nil {
		return nil, err
	}
	if net.batch != (Size{PerSample: 1}) && net.batch != fixed(1) {
		return nil, fmt.Errorf("the network works on %v samples at a time only: export it with batch size 1", net.batch)
	}
	return func(yield func(Link, error) bool) {
		users := net.users()
		for v := net.input; v != net.logits; {
			s, err := onlyUser(users[v], v)
			if err == nil {
				err = eachLink(s, v, func(l Link) error {
					if !yield(l, nil) {
						return errStopped
					}
					return nil
				})
			}
			if errors.Is(err, errStopped) {
				return
			}
			if err != nil {
				yield(Link{}, err)
				return
			}
			v = s.output
		}
	}, nil
}

// errStopped says that the caller has seen enough.
var errStopped = errors.New("stopped")

// Path names the model's file; it is empty for a model that was decoded from memory.
func (net *Network) Path() string { return net.model.Path }

// users lists the steps that read each value, the last one first, among those that the logits depend on.
func (net *Network) users() map[*value][]*step {
	users := map[*value][]*step{}
	for _, s := range slices.Backward(net.stepsTo(net.logits)) {
		for _, in := range s.inputs {
			users[in] = append(users[in], s)
		}
	}
	return users
}

// onlyUser is the one step that reads a value.
func onlyUser(users []*step, v *value) (*step, error) {
	switch {
	case len(users) == 0:
		return nil, fmt.Errorf("the output does not depend on %q", v.name)
	case len(users) > 1 && users[0].node == users[1].node:
		return nil, at(users[0].node, "it reads %q more than once: the network branches", v.name)
	case len(users) > 1:
		return nil, at(users[0].node, "it reads %q, which node %q reads too: the network branches", v.name, nodeName(users[1].node))
	}
	return users[0], nil
}

// eachLink visits the links that a step, which reads v, amounts to.
func eachLink(s *step, v *value, visit func(Link) error) error {
	for _, in := range s.inputs {
		if in != v && !in.constant() {
			return at(s.node, "it joins %q and %q: the network branches", v.name, in.name)
		}
	}
	again := func(s *step, v *value) error { return eachLink(s, v, visit) }
	switch o := s.op.(type) {
	case batchNorm:
		return o.each(s, again)
	case choice:
		return o.each(s, v, again)
	}
	operation, err := linkOperation(s, v)
	if err != nil {
		return err
	}
	return visit(Link{
		Node: nodeName(s.node), Input: LinkValue{v.name, v.shape}, Output: LinkValue{s.output.name, s.output.shape},
		Operation: operation, node: s.node,
	})
}

func linkOperation(s *step, v *value) (any, error) {
	from, to := v.shape.At(1), s.output.shape.At(1)
	first := s.inputs[0] == v
	other := s.inputs[0]
	if first && len(s.inputs) > 1 {
		other = s.inputs[1]
	}
	switch o := s.op.(type) {
	case matmul:
		return ProductLink{Constant{other}, first && !o.transB || !first && o.transA}, nil
	case convolution:
		return ConvolutionLink{
			Weight: Constant{other}, Computed: !first, Parts: from[0], Groups: o.groups,
			Plane: volume(from[2:]), Positions: volume(to[2:]), Kernel: volume(o.kernel),
			window: o.window, spatial: from[2:], positions: to[2:],
		}, nil
	case binary:
		return ElementwiseLink{Constant{other}, o.f, first, s.output.shape.equal(v.shape), from}, nil
	case unary:
		return ActivationLink{o.name, o.slope}, nil
	case pooling:
		return PoolingLink{o.mean, o, from, to}, nil
	case reduction:
		return ReductionLink{o.f == reduceMean, o.axes, from}, nil
	case padding:
		return PaddingLink{o.mode == padConstant && o.fill == 0, o, from, to}, nil
	case reshape, transpose, slice, gather, concat, expand:
		if len(s.inputs) != 1 {
			return nil, at(s.node, "it joins %q with a constant", v.name)
		}
		return MovementLink{o, from, to}, nil
	}
	return nil, nil
}

// weightName is the name of the parameter that a constant value was made from.
func weightName(v *value) string { return parameterOf(v).name }

func parameterOf(v *value) *value {
	for v.step != nil {
		v = v.step.inputs[0]
	}
	return v
}
