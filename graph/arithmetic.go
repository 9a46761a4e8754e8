package graph

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

// binary combines two operands element by element, with broadcasting.
type binary struct{ f binaryFunc }

func (binary) infer(in []Shape) (Shape, error) { return broadcast(in[0], in[1]) }

// binaryFunc names a function of two numbers.
type binaryFunc int

const (
	add binaryFunc = iota
	sub
	mul
	div
	maximum
	minimum
	power
	prelu // the first operand where it is not negative, else both multiplied
	modulo
	equal
)

func apply[T float](f binaryFunc, x, y T) T {
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
		return T(math.Pow(float64(x), float64(y)))
	case prelu:
		if x < 0 {
			return x * y
		}
		return x
	}
	panic(fmt.Sprintf("graph: binary function %d is for integers only", f))
}

func elementwise[T float](f binaryFunc, a, b array[T], shape []int) array[T] {
	out := newArray[T](shape)
	if len(shape) == 0 {
		out.data[0] = apply(f, a.data[0], b.data[0])
		return out
	}
	// The innermost axis is a plain loop; each operand moves along it or stands still.
	last := len(shape) - 1
	sa, sb := broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)
	at := 0
	walk(shape[:last], [][]int{sa[:last], sb[:last]}, func(o []int) {
		i, j := o[0], o[1]
		row := out.data[at : at+shape[last]]
		for k := range row {
			row[k] = apply(f, a.data[i], b.data[j])
			i += sa[last]
			j += sb[last]
		}
		at += len(row)
	})
	return out
}

// arithmetic lowers an operator of two operands.
func arithmetic(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(2); err != nil {
			return nil, err
		}
		if (f == modulo || f == equal) && !all(k.in, (*value).integer) {
			return nil, refuse("keep it to shapes", "it is supported for known integers only")
		}
		b, err := k.legacyBroadcast(k.in[0], k.in[1])
		if err != nil {
			return nil, err
		}
		return k.one(binary{f}, k.in[0], b)
	}
}

// legacyBroadcast aligns the second operand of a node of opset 6 or before, whose attribute axis says where it starts.
func (k *call) legacyBroadcast(a, b *value) (*value, error) {
	if k.opset >= 7 || k.attribute("axis") == nil {
		return b, nil
	}
	axis, err := axisOf(k.intAttr("axis", 0), len(a.shape))
	if err != nil {
		return nil, err
	}
	to := append(Shape{}, b.shape...)
	for len(to) < len(a.shape)-axis {
		to = append(to, fixed(1))
	}
	return k.apply(reshape{to}, b)
}

// many lowers an operator of any number of operands, combined pair by pair. A maximum with zero is a Relu.
func many(f binaryFunc) lowering {
	return func(k *call) ([]*value, error) {
		if err := k.required(max(1, len(k.in))); err != nil {
			return nil, err
		}
		if f == maximum && len(k.in) == 2 {
			for i, v := range k.in {
				x := k.in[1-i]
				if s, err := broadcast(v.shape, x.shape); err == nil && s.equal(x.shape) {
					v = v.once()
				}
				if v.reals != nil && x.reals == nil && !anyOther(v.reals.data, 0) && len(v.shape) <= len(x.shape) && volume(v.shape.At(1)) == 1 {
					return k.one(unary{name: "Relu", at: functions["Relu"]}, x)
				}
			}
		}
		y := k.in[0]
		for _, v := range k.in[1:] {
			var err error
			if y, err = k.apply(binary{f}, y, v); err != nil {
				return nil, err
			}
		}
		return []*value{y}, nil
	}
}

// average is Mean, of any number of operands.
func average(k *call) ([]*value, error) {
	sum, err := many(add)(k)
	if err != nil {
		return nil, err
	}
	return k.one(binary{mul}, sum[0], number(1/float64(len(k.in))))
}

// raise is Pow, whose exponents may be integers.
func raise(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	x, y := k.in[0], k.in[1]
	if x.integer() {
		return nil, refuse("", "powers of integers are not supported")
	}
	if y.integer() {
		exponents, err := y.exact()
		if err != nil {
			return nil, err
		}
		y = known(y.name, exponents)
	}
	return k.one(binary{power}, x, y)
}

// number is a constant of the architecture.
func number(x float64) *value { return known(fmt.Sprint(x), array[float64]{[]int{}, []float64{x}}) }

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

// product is numpy.matmul; gonum's current BLAS does the work.
func product[T float](o matmul, a, b array[T], shape []int) array[T] {
	out := newArray[T](shape)
	rows, inner, batchA := matrixShape(fixedShape(a.shape), o.transA, true)
	_, columns, batchB := matrixShape(fixedShape(b.shape), o.transB, false)
	m, k, n := rows.Fixed, inner.Fixed, columns.Fixed
	if volume(shape) == 0 || k == 0 {
		return out
	}
	if as := batchA.At(1); volume(batchB.At(1)) == 1 && (!o.transA || volume(as) == 1) {
		// One right-hand side: all rows at once.
		gemm(o, m*volume(as), n, k, a.data, b.data, out.data)
		return out
	}
	batch, _ := broadcast(batchA, batchB)
	strides := [][]int{broadcastStrides(batchA.At(1), batch.At(1)), broadcastStrides(batchB.At(1), batch.At(1))}
	at := 0
	walk(batch.At(1), strides, func(i []int) {
		gemm(o, m, n, k, a.data[i[0]*m*k:], b.data[i[1]*k*n:], out.data[at:])
		at += m * n
	})
	return out
}

// gemm is c = a b for row-major a (m x k), b (k x n) and c (m x n), where a and b may be stored transposed.
func gemm[T float](o matmul, m, n, k int, a, b, c []T) {
	transA, transB, lda, ldb := blas.NoTrans, blas.NoTrans, k, n
	if o.transA {
		transA, lda = blas.Trans, m
	}
	if o.transB {
		transB, ldb = blas.Trans, k
	}
	switch a := any(a).(type) {
	case []float32:
		blas32.Implementation().Sgemm(transA, transB, m, n, k, 1, a, lda, any(b).([]float32), ldb, 0, any(c).([]float32), n)
	case []float64:
		blas64.Implementation().Dgemm(transA, transB, m, n, k, 1, a, lda, any(b).([]float64), ldb, 0, any(c).([]float64), n)
	}
}

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
