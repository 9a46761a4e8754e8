package stationarity

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/engine"
	"unlearnguard/graph/internal/operation"
)

// lossOp is the loss as a gorgonia operation of the candidates and the multipliers. It computes the gradients as
// it goes; the operations that its SymDiff returns only hand them out.
type lossOp[T engine.Float] struct {
	operation.Owner
	fused *fusedLoss[T]
	types [2]hm.Type // of the inputs: a type variable would not unify
	value gorgonia.Value
}

var (
	_ gorgonia.SDOp = (*lossOp[float32])(nil)
	_ gorgonia.Op   = (*gradientOp[float32])(nil)
)

func newLossOp[T engine.Float](f *fusedLoss[T], x, lambda *gorgonia.Node) *lossOp[T] {
	return &lossOp[T]{fused: f, types: [2]hm.Type{x.Type(), lambda.Type()}, value: operation.NewScalar[T]()}
}

func (op *lossOp[T]) Arity() int { return 2 }

func (op *lossOp[T]) Type() hm.Type {
	return hm.NewFnType(op.types[0], op.types[1], tensor.New(tensor.FromScalar(T(0))).Dtype())
}

func (op *lossOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.ScalarShape(), nil
}

func (op *lossOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	x, lambda, err := op.fused.operands(inputs)
	if err != nil {
		return nil, err
	}
	operation.SetScalar(op.value, op.fused.run(x, lambda))
	return op.value, nil
}

// operands are the elements of the two inputs.
func (f *fusedLoss[T]) operands(inputs []gorgonia.Value) (x, lambda []T, err error) {
	if len(inputs) != 2 {
		return nil, nil, fmt.Errorf("stationarity takes 2 inputs, not %d", len(inputs))
	}
	x, okX := inputs[0].Data().([]T)
	lambda, okL := inputs[1].Data().([]T)
	if !okX || !okL || len(x) != f.m*f.inputs() || len(lambda) != f.m*f.outputs() {
		return nil, nil, fmt.Errorf("stationarity of %d samples of %d elements: inputs of shape %v and %v",
			f.m, f.inputs(), inputs[0].Shape(), inputs[1].Shape())
	}
	return x, lambda, nil
}

func (op *lossOp[T]) String() string { return "Stationarity" }

// The address tells two of these apart. Nodes of equal hash would be merged, and with them the buffers.
func (op *lossOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "stationarity %p", op.fused) }
func (op *lossOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }

func (op *lossOp[T]) DiffWRT(int) []bool { return []bool{true, true} }

// SymDiff returns the gradients as operations on the output, so that they come after it.
func (op *lossOp[T]) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	buffers := [2][]T{op.fused.gradX, op.fused.gradMultipliers}
	var grads gorgonia.Nodes
	for i, input := range inputs {
		g := &gradientOp[T]{name: input.Name(), of: op, buffer: buffers[i], input: input.Type(), shape: input.Shape()}
		g.value = tensor.New(tensor.WithShape(input.Shape()...), tensor.WithBacking(buffers[i]))
		node, err := gorgonia.ApplyOp(g, output, grad)
		if err != nil {
			return nil, err
		}
		grads = append(grads, node)
	}
	return grads, nil
}

// gradientOp hands out one gradient that lossOp has computed, times the gradient of what is made of the
// loss.
type gradientOp[T engine.Float] struct {
	operation.Owner
	name   string
	of     *lossOp[T]
	buffer []T
	value  gorgonia.Value // on the buffer
	input  hm.Type
	shape  tensor.Shape
}

func (op *gradientOp[T]) Arity() int { return 2 }

func (op *gradientOp[T]) Type() hm.Type {
	scalar := tensor.New(tensor.FromScalar(T(0))).Dtype()
	return hm.NewFnType(scalar, scalar, op.input)
}

func (op *gradientOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return op.shape, nil
}

func (op *gradientOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	if len(inputs) != 2 {
		return nil, fmt.Errorf("gradient of stationarity takes 2 inputs, not %d", len(inputs))
	}
	scale, ok := inputs[1].Data().(T)
	if !ok {
		return nil, fmt.Errorf("gradient of stationarity: output gradient of type %T", inputs[1].Data())
	}
	if scale != 1 {
		for i := range op.buffer {
			op.buffer[i] *= scale
		}
	}
	return op.value, nil
}

func (op *gradientOp[T]) String() string { return "GradStationarity " + op.name }

func (op *gradientOp[T]) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "gradient of stationarity %p by %s", op.of.fused, op.name)
}
func (op *gradientOp[T]) Hashcode() uint32 { return operation.Hashcode(op) }
