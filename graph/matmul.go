package graph

import "fmt"

// matmul is numpy.matmul: a product of matrices, batched and broadcast over the axes before the last two. transA and
// transB exchange the last two axes of an operand first.
type matmul struct{ transA, transB bool }

func (o matmul) infer(in []Shape) (Shape, error) {
	if len(in[0]) == 0 || len(in[1]) == 0 {
		return nil, fmt.Errorf("shapes %v and %v: a scalar has no matrix product", in[0], in[1])
	}
	m, k, batchA := matrixShape(in[0], o.transA, true)
	l, n, batchB := matrixShape(in[1], o.transB, false)
	if k != l {
		return nil, fmt.Errorf("shapes %v and %v have no matrix product", in[0], in[1])
	}
	out, err := broadcast(batchA, batchB)
	if err != nil {
		return nil, err
	}
	out = append(Shape{}, out...)
	if len(in[0]) > 1 {
		out = append(out, m)
	}
	if len(in[1]) > 1 {
		out = append(out, n)
	}
	return out, nil
}

// matrixShape splits a shape into rows, columns and batch axes; a vector is a row on the left and a column on the right.
func matrixShape(s Shape, transposed, left bool) (rows, columns Size, batch Shape) {
	if len(s) == 1 {
		if left {
			return fixed(1), s[0], nil
		}
		return s[0], fixed(1), nil
	}
	rows, columns, batch = s[len(s)-2], s[len(s)-1], s[:len(s)-2]
	if transposed {
		rows, columns = columns, rows
	}
	return rows, columns, batch
}

func (o matmul) carry(i int, from along, in []*value, shape Shape) (along, bool) {
	axis, ok := o.carried(i, from.axis, in, shape)
	from.axis = axis
	return from, ok
}

// carried is the axis of the result that an operand's axis becomes. It is false for the axis that a product sums over.
func (o matmul) carried(i, axis int, in []*value, shape Shape) (int, bool) {
	rank, vector := len(in[i].shape), len(in[1-i].shape) == 1
	if rank == 1 {
		return 0, false
	}
	transposed := [2]bool{o.transA, o.transB}[i]
	kept := rank - 2 // the operand's axis that the product keeps: the rows of the first, the columns of the second
	if transposed != (i == 1) {
		kept = rank - 1
	}
	last := len(shape)
	switch {
	case axis < rank-2:
		matrix := 2
		if vector {
			matrix = 1
		}
		return axis + last - matrix - (rank - 2), true
	case axis != kept:
		return 0, false
	case i == 0 && !vector:
		return last - 2, true
	}
	return last - 1, true
}

func (matmul) degree(s *scaling, st *step) degree {
	in := s.operands(st)
	return in[0].plus(1, in[1])
}

func (o matmul) kernels() kernels { return kernels{productAt[float32](o), productAt[float64](o)} }

func matrixProduct(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	return k.one(matmul{}, k.in[0], k.in[1])
}

// generalProduct is Gemm: alpha A' B' + beta C.
func generalProduct(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	for i, v := range k.in[:2] {
		if len(v.shape) != 2 {
			return nil, fmt.Errorf("operand %d has shape %v, not that of a matrix", i, v.shape)
		}
	}
	o := matmul{k.intAttr("transA", 0) != 0, k.intAttr("transB", 0) != 0}
	y, err := k.apply(o, k.in[0], k.in[1])
	if err != nil {
		return nil, err
	}
	if y, err = k.scaled(y, k.floatAttr("alpha", 1)); err != nil {
		return nil, err
	}
	c, beta := k.input(2), k.floatAttr("beta", 1)
	if c == nil || beta == 0 {
		return []*value{y}, nil
	}
	if c, err = k.scaled(c, beta); err != nil {
		return nil, err
	}
	return k.one(binary{add}, y, c)
}

// scaled multiplies by a constant of the architecture.
func (k *call) scaled(v *value, factor float64) (*value, error) {
	if factor == 1 {
		return v, nil
	}
	return k.apply(binary{mul}, v, number(factor))
}
