package engine

import "fmt"

// Gemm computes C = alpha op(A) op(B) + beta C, where op(A) is m x k, op(B) is k x n, and op transposes its operand when
// transA or transB is set. As in BLAS, C is not read when beta is 0, nor A and B when alpha is 0. C may share memory with
// B, which is packed before C is written, but not with A.
func (e *Engine[T]) Gemm(transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	checkMatrix("c", m, n, c, ldc)
	if alpha == 0 || k == 0 {
		scale(m, n, beta, c, ldc)
		return
	}
	if transA {
		e.PackLeft(&e.left, true, m, k, a, lda)
	} else {
		e.ViewLeft(&e.left, m, k, a, lda)
		defer e.left.forget()
	}
	e.PackRight(&e.right, transB, k, n, b, ldb)
	e.Multiply(alpha, &e.left, &e.right, beta, c, ldc)
}

// forget lets go of a matrix that is the caller's.
func (l *Left[T]) forget() { l.data = nil }

// Multiply computes C = alpha A B + beta C for packed A and B. C is not read when beta is 0, nor A and B when alpha is 0.
func (e *Engine[T]) Multiply(alpha T, a *Left[T], b *Right[T], beta T, c []T, ldc int) {
	e.MultiplyThen(alpha, a, b, beta, c, ldc, nil)
}

// MultiplyThen is Multiply, and calls then for blocks of C that together cover it, each when it is complete and still in
// the cache: for elementwise functions of C. Several threads may call it at once. A func made at each call escapes to
// the heap; keep it where nothing may be allocated.
func (e *Engine[T]) MultiplyThen(alpha T, a *Left[T], b *Right[T], beta T, c []T, ldc int, then func(Block)) {
	e.multiply(product[T]{alpha: alpha, beta: beta, a: &a.operand, b: &b.operand, c: c, ldc: ldc, then: then})
}

// MultiplySymmetric computes C = A B where the caller knows that the product is symmetric, as A A^T is, at little more
// than half the cost.
func (e *Engine[T]) MultiplySymmetric(a *Left[T], b *Right[T], c []T, ldc int) {
	if a.outer != b.outer {
		panic(fmt.Sprintf("engine: symmetric product of %d rows and %d columns", a.outer, b.outer))
	}
	e.multiply(product[T]{alpha: 1, a: &a.operand, b: &b.operand, c: c, ldc: ldc, upper: true})
	mirror(a.outer, c, ldc)
}

// Block is the part of a matrix in rows [Row, ToRow) and columns [Col, ToCol).
type Block struct{ Row, ToRow, Col, ToCol int }

func (e *Engine[T]) multiply(p product[T]) {
	if p.a.depth != p.b.depth || p.a.kernel != e.kernel || p.b.kernel != e.kernel {
		panic(fmt.Sprintf("engine: product of %d columns and %d rows, or of operands packed for another kernel", p.a.depth, p.b.depth))
	}
	m, n := p.a.outer, p.b.outer
	checkMatrix("c", m, n, p.c, p.ldc)
	if m == 0 || n == 0 {
		return
	}
	if p.alpha == 0 || p.a.depth == 0 {
		scale(m, n, p.beta, p.c, p.ldc)
		if p.then != nil {
			p.then(Block{0, m, 0, n})
		}
		return
	}
	p.cut(e.kernel, e.Threads())
	e.product = p
	e.pool.run(p.down*p.across, 1, e.multiplyTask)
	e.product = product[T]{}
}

// product is one multiplication, cut into down x across blocks of C that are computed independently.
type product[T Float] struct {
	alpha, beta T
	a, b        *operand[T]
	c           []T
	ldc         int
	upper       bool // leave out what lies below the diagonal
	then        func(Block)

	rows, cols   int // of a block, multiples of the kernel's tile
	down, across int // blocks
	depth        int // of the panels that the kernel takes at a time
}

// The sizes below keep a block of A (blockRows x panelDepth), the block of C that it belongs to and a panel of B within
// the second-level cache, where 1 MB is common now. They were found by measurement: depths from 128 to 500 and rows
// from 120 to 480 differ by less than a twentieth.
const (
	panelDepth = 512
	blockRows  = 120
	blockCols  = 480
)

func (p *product[T]) cut(k *kernel[T], threads int) {
	rows, cols := blockRows, blockCols
	if k.block != nil {
		rows, cols = k.blockRows, k.blockCols
	}
	p.down, p.rows = divide(p.a.outer, rows, k.rows)
	p.across, p.cols = divide(p.b.outer, cols, k.cols)
	if wanted := 4 * threads; k.block == nil && threads > 1 && p.down*p.across < wanted {
		across := (wanted + p.down - 1) / p.down
		p.across, p.cols = divide(p.b.outer, (p.b.outer+across-1)/across, k.cols)
	}
	_, p.depth = divide(p.a.depth, panelDepth, 4)
}

// divide cuts n into equal parts of about most elements and of a multiple of unit.
func divide(n, most, unit int) (parts, size int) {
	parts = (n + most - 1) / most
	size = (n + parts - 1) / parts
	size = (size + unit - 1) / unit * unit
	return (n + size - 1) / size, size
}

// multiplyTiles computes blocks [lo, hi) of C, counted down the columns of blocks.
func (e *Engine[T]) multiplyTiles(_, lo, hi int) {
	p := &e.product
	for t := lo; t < hi; t++ {
		row, col := t%p.down*p.rows, t/p.down*p.cols
		block := Block{row, min(row+p.rows, p.a.outer), col, min(col+p.cols, p.b.outer)}
		if p.upper && block.Row >= block.ToCol {
			continue
		}
		e.multiplyBlock(block)
		if p.then != nil {
			p.then(block)
		}
	}
}

func (e *Engine[T]) multiplyBlock(block Block) {
	p := &e.product
	if e.kernel.block != nil {
		k := p.a.depth
		lda := max(p.a.ld, k)
		e.kernel.block(block.ToRow-block.Row, block.ToCol-block.Col, k, p.alpha, p.a.data[block.Row*lda:], lda,
			p.b.data[block.Col*k:], p.beta, p.c[block.Row*p.ldc+block.Col:], p.ldc)
		return
	}
	beta := p.beta
	for l := 0; l < p.a.depth; l += p.depth {
		depth := min(p.depth, p.a.depth-l)
		for j := block.Col; j < block.ToCol; j += e.kernel.cols {
			toRow := block.ToRow
			if p.upper {
				toRow = min(toRow, j+e.kernel.cols)
			}
			e.multiplyPanel(block.Row, toRow, j, l, depth, beta)
		}
		beta = 1
	}
}

// multiplyPanel multiplies rows [row, toRow) of A by the panel of B that begins with column j, over [l, l+depth). While
// the first tiles are computed, the next panel of B is fetched.
func (e *Engine[T]) multiplyPanel(row, toRow, j, l, depth int, beta T) {
	p, k := &e.product, e.kernel
	cols := min(k.cols, p.b.outer-j)
	width := (cols + k.vector - 1) / k.vector * k.vector
	b, ldb := p.b.data[p.b.ld*l+j:], p.b.ld
	next := b // a view's panels are fetched by the processor
	if ldb == 0 {
		b, ldb = p.b.data[j*p.b.depth+l*width:], width
		next = p.b.data[min((j+k.cols)*p.b.depth+l*width, len(p.b.data)-1):]
	}
	a, step, di, dl := p.a.from(row, l)
	k.gemm(depth, &a[0], step, di, dl, &b[0], ldb, &next[0], &p.c[row*p.ldc+j], p.ldc, p.alpha, beta, toRow-row, cols)
}

// mirror copies the upper triangle of the n x n matrix C to the lower one, by squares that fit the cache.
func mirror[T Float](n int, c []T, ldc int) {
	const side = 32
	for row := 0; row < n; row += side {
		for col := 0; col <= row; col += side {
			for i := row; i < min(row+side, n); i++ {
				for j := col; j < min(col+side, i); j++ {
					c[i*ldc+j] = c[j*ldc+i]
				}
			}
		}
	}
}

// from is a left operand from element (i, l) on, i being a panel's first row, and the distances of its panels, of a panel's
// rows and of columns.
func (o *operand[T]) from(i, l int) (a []T, step, di, dl int) {
	rows := o.kernel.rows
	if o.trans {
		return o.data[l*o.ld+i:], rows, 1, o.ld
	}
	if o.ld > 0 {
		return o.data[i*o.ld+l:], rows * o.ld, o.ld, 1
	}
	return o.data[i*o.depth+l*rows:], rows * o.depth, 1, rows
}

// scale computes C = beta C, without reading C when beta is 0.
func scale[T Float](m, n int, beta T, c []T, ldc int) {
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
