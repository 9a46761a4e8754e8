package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// primitive is an op as gorgonia runs it. Its shapes are fixed when the graph is built.
type primitive struct {
	op op
	// step tells apart primitives that would otherwise look the same: gorgonia merges nodes of equal hash.
	step     int
	dtype    tensor.Dtype
	operands [][]int
	shape    []int
}

var _ gorgonia.Op = (*primitive)(nil)

func (p *primitive) Arity() int { return len(p.operands) }

// Type is made of the operands' own types: gorgonia cannot unify type variables of a custom op.
func (p *primitive) Type() hm.Type {
	var types []hm.Type
	for _, s := range append(p.operands[:len(p.operands):len(p.operands)], p.shape) {
		types = append(types, gorgonia.TensorType{Dims: len(held(s)), Of: p.dtype})
	}
	return hm.NewFnType(types...)
}

func (p *primitive) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	if volume(p.shape) == 0 {
		return nil, fmt.Errorf("its result has no elements (shape %v)", p.shape)
	}
	return held(p.shape), nil
}

// Do turns a panic into an error, since it runs on a goroutine of the machine's, where no caller can recover.
func (p *primitive) Do(values ...gorgonia.Value) (out gorgonia.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v: %v", p, r)
		}
	}()
	if p.dtype == tensor.Float64 {
		return run[float64](p, values), nil
	}
	return run[float32](p, values), nil
}

func run[T float](p *primitive, values []gorgonia.Value) gorgonia.Value {
	in := make([]array[T], len(values))
	for i, v := range values {
		in[i] = array[T]{p.operands[i], v.Data().([]T)}
	}
	out := compute(p.op, in, p.shape)
	return tensor.New(tensor.WithShape(held(p.shape)...), tensor.WithBacking(out.data))
}

func (p *primitive) ReturnsPtr() bool     { return true }
func (p *primitive) CallsExtern() bool    { return false }
func (p *primitive) OverwritesInput() int { return -1 }

func (p *primitive) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%T %d %v", p.op, p.step, p.shape) }

func (p *primitive) Hashcode() uint32 {
	h := fnv.New32a()
	p.WriteHash(h)
	return h.Sum32()
}

func (p *primitive) String() string { return fmt.Sprintf("%T -> %v", p.op, p.shape) }
