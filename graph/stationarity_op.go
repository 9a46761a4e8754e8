package graph

import (
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/engine"
)

// stationarityOp is the loss as a gorgonia operation of the candidates and the multipliers. It computes the gradients as
// it goes; the operations that its SymDiff returns only hand them out.
type stationarityOp[T engine.Float] struct {
	fused *fusedStationarity[T]
	types [2]hm.Type // of the inputs: a type variable would not unify
	value gorgonia.Value
}

var (
	_ gorgonia.SDOp = (*stationarityOp[float32])(nil)
	_ gorgonia.Op   = (*stationarityGradOp[float32])(nil)
)

func newStationarityOp[T engine.Float](f *fusedStationarity[T], x, lambda *gorgonia.Node) *stationarityOp[T] {
	return &stationarityOp[T]{fused: f, types: [2]hm.Type{x.Type(), lambda.Type()}, value: newScalar[T]()}
}

// newScalar is a gorgonia scalar of type T, and setScalar overwrites it.
func newScalar[T engine.Float]() gorgonia.Value {
	if _, single := any(T(0)).(float32); single {
		return gorgonia.NewF32(0)
	}
	return gorgonia.NewF64(0)
}

func setScalar(v gorgonia.Value, x float64) {
	switch v := v.(type) {
	case *gorgonia.F32:
		*v = gorgonia.F32(x)
	case *gorgonia.F64:
		*v = gorgonia.F64(x)
	}
}

func (op *stationarityOp[T]) Arity() int { return 2 }

func (op *stationarityOp[T]) Type() hm.Type {
	return hm.NewFnType(op.types[0], op.types[1], tensor.New(tensor.FromScalar(T(0))).Dtype())
}

func (op *stationarityOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.ScalarShape(), nil
}

func (op *stationarityOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	x, lambda, err := op.fused.operands(inputs)
	if err != nil {
		return nil, err
	}
	setScalar(op.value, op.fused.run(x, lambda))
	return op.value, nil
}

// operands are the elements of the two inputs.
func (f *fusedStationarity[T]) operands(inputs []gorgonia.Value) (x, lambda []T, err error) {
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

func (op *stationarityOp[T]) ReturnsPtr() bool     { return true }
func (op *stationarityOp[T]) CallsExtern() bool    { return false }
func (op *stationarityOp[T]) OverwritesInput() int { return -1 }
func (op *stationarityOp[T]) String() string       { return "Stationarity" }

// The address tells two of these apart. Nodes of equal hash would be merged, and with them the buffers.
func (op *stationarityOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "stationarity %p", op.fused) }
func (op *stationarityOp[T]) Hashcode() uint32      { return hashOf(op) }

func (op *stationarityOp[T]) DiffWRT(int) []bool { return []bool{true, true} }

// SymDiff returns the gradients as operations on the output, so that they come after it.
func (op *stationarityOp[T]) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	buffers := [2][]T{op.fused.gradX, op.fused.gradMultipliers}
	var grads gorgonia.Nodes
	for i, input := range inputs {
		g := &stationarityGradOp[T]{name: input.Name(), of: op, buffer: buffers[i], input: input.Type(), shape: input.Shape()}
		g.value = tensor.New(tensor.WithShape(input.Shape()...), tensor.WithBacking(buffers[i]))
		node, err := gorgonia.ApplyOp(g, output, grad)
		if err != nil {
			return nil, err
		}
		grads = append(grads, node)
	}
	return grads, nil
}

// stationarityGradOp hands out one gradient that stationarityOp has computed, times the gradient of what is made of the
// loss.
type stationarityGradOp[T engine.Float] struct {
	name   string
	of     *stationarityOp[T]
	buffer []T
	value  gorgonia.Value // on the buffer
	input  hm.Type
	shape  tensor.Shape
}

func (op *stationarityGradOp[T]) Arity() int { return 2 }

func (op *stationarityGradOp[T]) Type() hm.Type {
	scalar := tensor.New(tensor.FromScalar(T(0))).Dtype()
	return hm.NewFnType(scalar, scalar, op.input)
}

func (op *stationarityGradOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return op.shape, nil
}

func (op *stationarityGradOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
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

func (op *stationarityGradOp[T]) ReturnsPtr() bool     { return true }
func (op *stationarityGradOp[T]) CallsExtern() bool    { return false }
func (op *stationarityGradOp[T]) OverwritesInput() int { return -1 }
func (op *stationarityGradOp[T]) String() string       { return "GradStationarity " + op.name }

func (op *stationarityGradOp[T]) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "gradient of stationarity %p by %s", op.of.fused, op.name)
}
func (op *stationarityGradOp[T]) Hashcode() uint32 { return hashOf(op) }
