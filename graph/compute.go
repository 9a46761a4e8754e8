package graph

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// compute carries out a primitive; shape is that of the result. The result may share its elements with an operand and
// must not be written to.
func compute[T float](o op, in []array[T], shape []int) array[T] {
	if out, ok := move(o, in, shape); ok {
		return out
	}
	switch o := o.(type) {
	case binary:
		return elementwise(o.f, in[0], in[1], shape)
	case unary:
		out := newArray[T](shape)
		for i, x := range in[0].data {
			out.data[i] = T(o.f.apply(float64(x)))
		}
		return out
	case matmul:
		return product(in[0], in[1], shape)
	case softmax:
		return normalise(in[0], o)
	}
	panic(fmt.Sprintf("graph: no kernel for %T", o))
}

// binaryFunc names an elementwise function of two operands.
type binaryFunc int

const (
	add binaryFunc = iota
	sub
	mul
	div
	maximum
	minimum
	power
	prelu // x where x >= 0, else x times the second operand
)

func (f binaryFunc) apply(x, y float64) float64 {
	switch f {
	case add:
		return x + y
	case sub:
		return x - y
	case mul:
		return x * y
	case div:
		return x / y
	case maximum:
		return max(x, y)
	case minimum:
		return min(x, y)
	case power:
		return math.Pow(x, y)
	case prelu:
		if x < 0 {
			return x * y
		}
		return x
	}
	panic("graph: unknown binary function")
}

func elementwise[T float](f binaryFunc, a, b array[T], shape []int) array[T] {
	out := array[T]{shape, make([]T, 0, volume(shape))}
	strides := [][]int{broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)}
	walk(shape, strides, func(o []int) {
		out.data = append(out.data, T(f.apply(float64(a.data[o[0]]), float64(b.data[o[1]]))))
	})
	return out
}

// product is numpy.matmul; gonum's current BLAS does the work.
func product[T float](a, b array[T], shape []int) array[T] {
	out := newArray[T](shape)
	as, bs := a.shape, b.shape
	if len(as) == 1 {
		as = []int{1, as[0]}
	}
	if len(bs) == 1 {
		bs = []int{bs[0], 1}
	}
	m, k, n := as[len(as)-2], as[len(as)-1], bs[len(bs)-1]
	if volume(shape) == 0 || k == 0 {
		return out
	}
	batchA, batchB := as[:len(as)-2], bs[:len(bs)-2]
	if volume(batchB) == 1 {
		// One right-hand side: all rows at once.
		gemm(volume(batchA)*m, n, k, a.data, b.data, out.data)
		return out
	}
	batch := make([]int, max(len(batchA), len(batchB)))
	for i := range batch {
		batch[i] = 1
		if j := i - len(batch) + len(batchA); j >= 0 {
			batch[i] = batchA[j]
		}
		if j := i - len(batch) + len(batchB); j >= 0 && batchB[j] != 1 {
			batch[i] = batchB[j]
		}
	}
	at := 0
	walk(batch, [][]int{broadcastStrides(batchA, batch), broadcastStrides(batchB, batch)}, func(o []int) {
		gemm(m, n, k, a.data[o[0]*m*k:], b.data[o[1]*k*n:], out.data[at:])
		at += m * n
	})
	return out
}

// gemm is c = a b for row-major a (m x k), b (k x n) and c (m x n).
func gemm[T float](m, n, k int, a, b, c []T) {
	switch a := any(a).(type) {
	case []float32:
		blas32.Implementation().Sgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, any(b).([]float32), n, 0, any(c).([]float32), n)
	case []float64:
		blas64.Implementation().Dgemm(blas.NoTrans, blas.NoTrans, m, n, k, 1, a, k, any(b).([]float64), n, 0, any(c).([]float64), n)
	}
}

func normalise[T float](a array[T], o softmax) array[T] {
	out := newArray[T](a.shape)
	size, inner := a.shape[o.axis], volume(a.shape[o.axis+1:])
	for outer := range volume(a.shape[:o.axis]) {
		for i := range inner {
			at := func(j int) int { return (outer*size+j)*inner + i }
			top, sum := math.Inf(-1), 0.0
			for j := range size {
				top = max(top, float64(a.data[at(j)]))
			}
			for j := range size {
				sum += math.Exp(float64(a.data[at(j)]) - top)
			}
			for j := range size {
				z := float64(a.data[at(j)]) - top - math.Log(sum)
				if !o.log {
					z = math.Exp(z)
				}
				out.data[at(j)] = T(z)
			}
		}
	}
	return out
}
