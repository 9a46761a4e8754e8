package graph

import "unlearnguard/graph/engine"

// multiplication computes numpy.matmul: for each index of the batch axes, a product of an m x k by a k x n matrix.
type multiplication[T engine.Float] struct {
	*site[T]
	op      matmul
	m, k, n int
	// products are the offsets, in elements, of each product's operands and result.
	products [][3]int
	left     engine.Left[T]
}

func productAt[T engine.Float](o matmul) func(*site[T]) kernel[T] {
	return func(s *site[T]) kernel[T] { return newMultiplication(o, s) }
}

func newMultiplication[T engine.Float](o matmul, s *site[T]) *multiplication[T] {
	a, b := s.in[0].shape, s.in[1].shape
	rows, inner, batchA := matrixShape(fixedShape(a), o.transA, true)
	_, columns, batchB := matrixShape(fixedShape(b), o.transB, false)
	p := &multiplication[T]{site: s, op: o, m: rows.Fixed, k: inner.Fixed, n: columns.Fixed}
	as, bs := batchA.At(1), batchB.At(1)
	if volume(bs) == 1 && !o.transA {
		// One right-hand side: all rows at once.
		p.m *= volume(as)
		p.products = [][3]int{{0, 0, 0}}
		return p
	}
	batch, _ := broadcast(batchA, batchB) // infer has done so
	shape := batch.At(1)
	at := 0
	walk(shape, [][]int{broadcastStrides(as, shape), broadcastStrides(bs, shape)}, func(i []int) {
		p.products = append(p.products, [3]int{i[0] * p.m * p.k, i[1] * p.k * p.n, at})
		at += p.m * p.n
	})
	return p
}

func (p *multiplication[T]) retains(i int) bool {
	return i == 0 && p.in[1].wanted || i == 1 && p.in[0].wanted
}

// ld are the leading dimensions of the operands as they are stored.
func (p *multiplication[T]) ld() (lda, ldb int) {
	lda, ldb = p.k, p.n
	if p.op.transA {
		lda = p.m
	}
	if p.op.transB {
		ldb = p.k
	}
	return lda, ldb
}

func (p *multiplication[T]) forward() {
	a, b, c := p.in[0].data, p.in[1].data, p.out.data
	lda, ldb := p.ld()
	if len(p.products) == 1 && p.in[1].version > 0 {
		p.forwardConstant()
		return
	}
	p.each(func(e *engine.Engine[T], o [3]int) {
		e.Gemm(p.op.transA, p.op.transB, p.m, p.n, p.k, 1, a[o[0]:], lda, b[o[1]:], ldb, 0, c[o[2]:], p.n)
	})
}

// forwardConstant multiplies by a constant, which stays packed.
func (p *multiplication[T]) forwardConstant() {
	e := p.crew.engine
	lda, ldb := p.ld()
	right := p.constant(p.k, p.n, ldb, p.op.transB)
	if p.op.transA {
		e.PackLeft(&p.left, true, p.m, p.k, p.in[0].data, lda)
	} else {
		e.ViewLeft(&p.left, p.m, p.k, p.in[0].data, lda)
	}
	e.Multiply(1, &p.left, right, 0, p.out.data, p.n)
}

// constant is the second operand or its transpose as a matrix of rows x columns, packed.
func (p *multiplication[T]) constant(rows, columns, ld int, transposed bool) *engine.Right[T] {
	operands := p.in[1].packedAs(packing{packedProduct, rows, transposed}, 1, func(o []engine.Right[T]) {
		p.crew.engine.PackRight(&o[0], transposed, rows, columns, p.in[1].data, ld)
	})
	return &operands[0]
}

// each multiplies for every product: one at a time on all threads, or many on a thread each.
func (p *multiplication[T]) each(f func(e *engine.Engine[T], o [3]int)) {
	if len(p.products) < 2*len(p.crew.lanes) {
		for _, o := range p.products {
			f(p.crew.engine, o)
		}
		return
	}
	p.crew.split(len(p.products), max(1, worthwhile/(p.m*p.n)), func(l *lane[T], lo, hi int) {
		for _, o := range p.products[lo:hi] {
			f(l.engine, o)
		}
	})
}

// reverse: with C = A B, A's gradient is that of C times B^T and B's is A^T times that of C, each transposed where the
// operand is stored so.
func (p *multiplication[T]) reverse() {
	if p.in[0].wanted {
		p.reverseLeft()
	}
	if p.in[1].wanted {
		p.reverseRight()
	}
}

func (p *multiplication[T]) reverseLeft() {
	grad, beta := p.in[0].accumulate()
	g, b := p.out.grad, p.in[1].data
	lda, ldb := p.ld()
	if len(p.products) == 1 && p.in[1].version > 0 && !p.op.transA {
		p.reverseConstant(grad, beta)
		return
	}
	p.accumulate(0, grad, beta, func(e *engine.Engine[T], o [3]int, beta T) {
		if p.op.transA { // stored k x m: B G^T
			e.Gemm(p.op.transB, true, p.k, p.m, p.n, 1, b[o[1]:], ldb, g[o[2]:], p.n, beta, grad[o[0]:], lda)
		} else { // G B^T
			e.Gemm(false, !p.op.transB, p.m, p.k, p.n, 1, g[o[2]:], p.n, b[o[1]:], ldb, beta, grad[o[0]:], lda)
		}
	})
}

// reverseConstant multiplies by the transpose of a constant, which stays packed: packing takes a fourth of the product's time
// where there are 64 rows.
func (p *multiplication[T]) reverseConstant(grad []T, beta T) {
	e := p.crew.engine
	lda, ldb := p.ld()
	right := p.constant(p.n, p.k, ldb, !p.op.transB)
	e.ViewLeft(&p.left, p.m, p.n, p.out.grad, p.n)
	e.Multiply(1, &p.left, right, beta, grad, lda)
}

func (p *multiplication[T]) reverseRight() {
	grad, beta := p.in[1].accumulate()
	g, a := p.out.grad, p.in[0].data
	lda, ldb := p.ld()
	p.accumulate(1, grad, beta, func(e *engine.Engine[T], o [3]int, beta T) {
		if p.op.transB { // stored n x k: G^T A
			e.Gemm(true, p.op.transA, p.n, p.k, p.m, 1, g[o[2]:], p.n, a[o[0]:], lda, beta, grad[o[1]:], ldb)
		} else { // A^T G
			e.Gemm(!p.op.transA, false, p.k, p.n, p.m, 1, a[o[0]:], lda, g[o[2]:], p.n, beta, grad[o[1]:], ldb)
		}
	})
}

// accumulate adds every product's part to an operand's gradient. Products that share a matrix of the operand add to it in
// their order.
func (p *multiplication[T]) accumulate(operand int, grad []T, beta T, f func(e *engine.Engine[T], o [3]int, beta T)) {
	offsets := map[int]bool{}
	shared := false
	for _, o := range p.products {
		shared = shared || offsets[o[operand]]
		offsets[o[operand]] = true
	}
	if !shared {
		p.each(func(e *engine.Engine[T], o [3]int) { f(e, o, beta) })
		return
	}
	if beta == 0 {
		clear(grad)
	}
	for _, o := range p.products {
		f(p.crew.engine, o, 1)
	}
}
