package graph

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/engine"
	"unlearnguard/graph/internal/operation"
)

// networkOp is a network as one gorgonia operation: of a batch of samples and its parameters, to its output. Its adjoint
// is the program's reverse pass.
type networkOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
	types   []hm.Type // a type variable would not unify
	value   *tensor.Dense
}

var (
	_ gorgonia.SDOp = (*networkOp[float32])(nil)
	_ gorgonia.Op   = (*reverseOp[float32])(nil)
	_ gorgonia.Op   = (*gradientOp[float32])(nil)
)

// held is the shape that gorgonia holds a value in: a scalar becomes a vector of one, as gorgonia treats scalars as
// another kind of value.
func held(shape []int) tensor.Shape {
	if len(shape) == 0 {
		return tensor.Shape{1}
	}
	return append(tensor.Shape{}, shape...)
}

// tensorOf is a gorgonia value on the given elements.
func tensorOf[T engine.Float](shape []int, data []T) *tensor.Dense {
	return tensor.New(tensor.WithShape(held(shape)...), tensor.WithBacking(data))
}

func tensorType[T engine.Float](shape []int) hm.Type {
	return gorgonia.TensorType{Dims: len(held(shape)), Of: dtypeOf[T]()}
}

func dtypeOf[T engine.Float]() tensor.Dtype {
	if _, single := any(T(0)).(float32); single {
		return tensor.Float32
	}
	return tensor.Float64
}

func (op *networkOp[T]) Arity() int { return len(op.types) }

func (op *networkOp[T]) Type() hm.Type {
	return hm.NewFnType(append(op.types[:len(op.types):len(op.types)], tensorType[T](op.program.target.shape))...)
}

func (op *networkOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return held(op.program.target.shape), nil
}

// Do runs the network. The inputs' elements are the program's own, except where a caller has put others in their place. It
// turns a panic into an error.
func (op *networkOp[T]) Do(inputs ...gorgonia.Value) (out gorgonia.Value, err error) {
	defer recovered(op, &err)
	copy(op.program.input.data, inputs[0].Data().([]T))
	op.program.forward()
	return op.value, nil
}

func recovered(op gorgonia.Op, err *error) {
	if r := recover(); r != nil {
		*err = &DefectError{Op: fmt.Sprint(op), Panic: r}
	}
}

// DefectError is a panic of the program's own code: a defect of it, whatever the input was.
type DefectError struct {
	// Op is what was being computed.
	Op    string
	Panic any
}

// Error asks for a report.
func (e *DefectError) Error() string {
	return fmt.Sprintf("%s: %v: this is a defect, please report it", e.Op, e.Panic)
}

func (op *networkOp[T]) String() string { return "Network" }

// The address tells two of these apart: gorgonia merges nodes of equal hash.
func (op *networkOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "network %p", op.program) }
func (op *networkOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }

func (op *networkOp[T]) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	for i := range wrt {
		wrt[i] = i > 0 || op.program.input.wanted
	}
	return wrt
}

// SymDiff: one reverse pass computes all gradients, and an operation for each input hands its own out.
func (op *networkOp[T]) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	reverse, err := gorgonia.ApplyOp(&reverseOp[T]{program: op.program}, output, grad)
	if err != nil {
		return nil, err
	}
	grads := make(gorgonia.Nodes, len(inputs))
	for i, input := range inputs {
		storage := op.program.input.storage
		if i > 0 {
			storage = op.program.wantedParameters()[i-1]
		}
		if !storage.wanted {
			continue
		}
		g := &gradientOp[T]{program: op.program, index: i, shape: input.Shape(), storage: storage}
		if grads[i], err = gorgonia.ApplyOp(g, reverse); err != nil {
			return nil, err
		}
	}
	return grads, nil
}

// reverseOp runs the reverse pass for the gradient by the network's output, which it passes on.
type reverseOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
}

func (op *reverseOp[T]) Arity() int { return 2 }

func (op *reverseOp[T]) Type() hm.Type {
	t := tensorType[T](op.program.target.shape)
	return hm.NewFnType(t, t, t)
}

func (op *reverseOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return held(op.program.target.shape), nil
}

// Do takes the output only so that it runs after it.
func (op *reverseOp[T]) Do(inputs ...gorgonia.Value) (out gorgonia.Value, err error) {
	defer recovered(op, &err)
	op.program.reverse(inputs[1].Data().([]T))
	return inputs[1], nil
}

func (op *reverseOp[T]) String() string        { return "Adjoint of Network" }
func (op *reverseOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "reverse %p", op.program) }
func (op *reverseOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }

// gradientOp hands out a gradient that the reverse pass has computed.
type gradientOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
	index   int
	shape   tensor.Shape
	storage *storage[T]
}

func (op *gradientOp[T]) Arity() int { return 1 }

func (op *gradientOp[T]) Type() hm.Type {
	return hm.NewFnType(tensorType[T](op.program.target.shape), tensorType[T](op.shape))
}

func (op *gradientOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return op.shape, nil }

func (op *gradientOp[T]) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return tensorOf(op.shape, op.storage.grad), nil
}

func (op *gradientOp[T]) String() string { return fmt.Sprintf("Gradient %d of Network", op.index) }

func (op *gradientOp[T]) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "gradient %d of %p", op.index, op.program)
}
func (op *gradientOp[T]) Hashcode() uint32 { return operation.Hashcode(op) }
