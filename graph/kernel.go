package graph

import "unlearnguard/graph/engine"

// op is one primitive of a lowered network. It is a description: a [kernel] made of it computes.
type op interface {
	// infer gives the shape of the result, or says why the operands do not fit.
	infer(in []Shape) (Shape, error)
	// kernels makes what computes the primitive, in both precisions.
	kernels() kernels
}

// What else a primitive may know of itself. One that is none of the first three joins the samples of a batch, for all that is
// known. The proofs are those of [rows].
type (
	// orderly leaves every element at its place in row-major order, for operands such as flat tells; it is nil for others.
	orderly interface {
		flat(in []*value, shape Shape) *rows
	}
	// carrier says where the samples of operand i, which lie along an axis, are in the result of the given shape. It is false
	// where they are joined. Constants stand still along that axis: they have one entry there, or shapes would not fit.
	carrier interface {
		carry(i int, from along, in []*value, shape Shape) (along, bool)
	}
	// follower says it for all operands together.
	follower interface {
		follow(in []*value, shape Shape) (along, error)
	}
	// scaler gives the degree of a step's result, and adds the equations under which it has one. What is no scaler moves the
	// elements of its first operand, averages them or takes their maximum, and scales as they do.
	scaler interface {
		degree(s *scaling, st *step) degree
	}
	// calculator works on integers that are known before the network runs.
	calculator interface {
		calculate(in []array[Size], shape []int) (array[Size], error)
	}
)

// kernels makes a primitive's kernel at a site, in either precision.
type kernels struct {
	single func(*site[float32]) kernel[float32]
	double func(*site[float64]) kernel[float64]
}

// kernel computes a primitive at one place of a network.
type kernel[T engine.Float] interface {
	// forward sets the result from the operands.
	forward()
	// reverse adds to the gradient of every operand whose gradient is wanted its part of the result's: the adjoint of
	// forward at the operands that forward read last.
	reverse()
}

// retainer is a kernel whose reverse does not read all of its operands and its result. What is not retained may have been
// overwritten when reverse runs.
type retainer interface {
	// retains says whether reverse reads operand i or, for i = result, the result.
	retains(i int) bool
}

// result is the retainer's index of the result.
const result = -1

// site is what a kernel works on: its operands, its result and the threads.
type site[T engine.Float] struct {
	in   []*operand[T]
	out  *operand[T]
	crew *crew[T]
	// training says that BatchNormalization takes its statistics from the batch.
	training bool
}

// operand is a value at run time: storage read under a shape. Values that are reshaped into each other share storage.
type operand[T engine.Float] struct {
	shape []int
	*storage[T]
}

// storage holds the elements of a value and of its gradient.
type storage[T engine.Float] struct {
	size int
	data []T
	// grad is the gradient, where one is wanted. It means nothing until it is touched in a reverse pass.
	grad    []T
	wanted  bool
	touched bool
	// statistic marks a running statistic of a normalisation.
	statistic bool
	// version changes whenever constant elements do: what was packed of them is kept until then.
	version int
	packed  map[packing]*packs[T]
}

// gradient is the gradient to add to; it is zero the first time in a reverse pass.
func (s *storage[T]) gradient() []T {
	grad, beta := s.accumulate()
	if beta == 0 {
		clear(grad)
	}
	return grad
}

// accumulate is the gradient for a kernel that computes grad = beta grad + part; with beta = 0 grad must not be read.
func (s *storage[T]) accumulate() (grad []T, beta T) {
	if s.touched {
		return s.grad, 1
	}
	s.touched = true
	return s.grad, 0
}

func newSite[T engine.Float](c *crew[T], in []array[T], out array[T]) *site[T] {
	s := &site[T]{crew: c, out: newOperand(out)}
	for _, a := range in {
		s.in = append(s.in, newOperand(a))
	}
	return s
}

func newOperand[T engine.Float](a array[T]) *operand[T] {
	return &operand[T]{a.shape, &storage[T]{size: len(a.data), data: a.data}}
}

// at makes the kernel for the site's precision.
func (k kernels) at(s any) any {
	if s, ok := s.(*site[float32]); ok {
		return k.single(s)
	}
	return k.double(s.(*site[float64]))
}

func kernelAt[T engine.Float](o op, s *site[T]) kernel[T] { return o.kernels().at(s).(kernel[T]) }

// compute carries out a primitive once; shape is that of the result. The result may share its elements with an operand, so
// neither is ever written to.
func compute[T engine.Float](o op, in []array[T], shape []int) array[T] {
	if _, ok := o.(reshape); ok {
		return array[T]{shape, in[0].data}
	}
	out := newArray[T](shape)
	c, err := newCrew[T](1)
	if err != nil {
		panic(err) // one thread can always be had
	}
	kernelAt(o, newSite(c, in, out)).forward()
	return out
}
