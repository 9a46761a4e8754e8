package graph

import (
	"errors"
	"fmt"
	"hash"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/engine"
	"unlearnguard/graph/internal/operation"
)

// weighOp gives the weight of each output, which the caller chooses when the outputs are known. It counts as constant.
type weighOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
	// weigh sets the weights of the outputs y.
	weigh func(y, weight []T)
	value *tensor.Dense
}

// weightedSumOp is sum(weight * y) of outputs y.
type weightedSumOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
	value   gorgonia.Value
}

// seedOp is the gradient of the weighted sum by y: the weight.
type seedOp[T engine.Float] struct {
	operation.Owner
	program *program[T]
}

var (
	_ gorgonia.SDOp = (*weighOp[float32])(nil)
	_ gorgonia.SDOp = (*weightedSumOp[float32])(nil)
	_ gorgonia.Op   = (*seedOp[float32])(nil)
)

func (op *weighOp[T]) Arity() int { return 1 }

func (op *weighOp[T]) Type() hm.Type {
	t := tensorType[T](op.program.target.shape)
	return hm.NewFnType(t, t)
}

func (op *weighOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return held(op.program.target.shape), nil
}

func (op *weighOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	op.weigh(inputs[0].Data().([]T), op.value.Data().([]T))
	return op.value, nil
}

func (op *weighOp[T]) String() string        { return "Weight" }
func (op *weighOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "weight %p", op) }
func (op *weighOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }
func (op *weighOp[T]) DiffWRT(int) []bool    { return []bool{false} }

func (op *weighOp[T]) SymDiff(gorgonia.Nodes, *gorgonia.Node, *gorgonia.Node) (gorgonia.Nodes, error) {
	return nil, errors.New("graph: the weight of the outputs is a constant")
}

func (op *weightedSumOp[T]) Arity() int { return 2 }

func (op *weightedSumOp[T]) Type() hm.Type {
	t := tensorType[T](op.program.target.shape)
	return hm.NewFnType(t, t, dtypeOf[T]())
}

func (op *weightedSumOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.ScalarShape(), nil
}

func (op *weightedSumOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	y, weight := inputs[0].Data().([]T), inputs[1].Data().([]T)
	sum := 0.0
	for i, v := range y {
		sum += float64(v) * float64(weight[i])
	}
	operation.SetScalar(op.value, sum)
	return op.value, nil
}

func (op *weightedSumOp[T]) String() string        { return "WeightedSum" }
func (op *weightedSumOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "weighted sum %p", op.program) }
func (op *weightedSumOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }
func (op *weightedSumOp[T]) DiffWRT(int) []bool    { return []bool{true, false} }

func (op *weightedSumOp[T]) SymDiff(inputs gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	seed, err := gorgonia.ApplyOp(&seedOp[T]{program: op.program}, inputs[1], grad)
	return gorgonia.Nodes{seed, nil}, err
}

func (op *seedOp[T]) Arity() int { return 2 }

func (op *seedOp[T]) Type() hm.Type {
	t := tensorType[T](op.program.target.shape)
	return hm.NewFnType(t, dtypeOf[T](), t)
}

func (op *seedOp[T]) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return held(op.program.target.shape), nil
}

func (op *seedOp[T]) Do(inputs ...gorgonia.Value) (gorgonia.Value, error) {
	scale, ok := inputs[1].Data().(T)
	if !ok || scale != 1 {
		return nil, fmt.Errorf("graph: the weighted sum is the cost itself, not part of one (gradient %v)", inputs[1])
	}
	return inputs[0], nil
}

func (op *seedOp[T]) String() string        { return "Seed" }
func (op *seedOp[T]) WriteHash(h hash.Hash) { fmt.Fprintf(h, "seed %p", op.program) }
func (op *seedOp[T]) Hashcode() uint32      { return operation.Hashcode(op) }
