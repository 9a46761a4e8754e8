package engine

import "fmt"

// Left is the left operand of products: a view of a row-major matrix, or panels of as many rows as the kernel's tile,
// each stored column after column. It is good for engines with the kernel of the one that made it.
type Left[T Float] struct{ operand[T] }

// Right is the right operand of products: a view of a row-major matrix, or panels of as many columns as the kernel's tile, the last one only as
// wide as it must be, each stored row after row. It is good for engines with the kernel of the one that packed it.
type Right[T Float] struct{ operand[T] }

// operand is what both sides have in common. `outer` is the number of rows of a left operand and of columns of a right
// one; depth is the dimension that the product sums over.
type operand[T Float] struct {
	kernel       *kernel[T]
	outer, depth int
	data         []T  // panels in memory, or a view's matrix with leading dimension ld
	ld           int  // 0 for panels
	trans        bool // a view's matrix is the operand's transpose
	memory       []T
}

// ViewLeft makes dst the m x k matrix a, without a copy where the kernel can do without: the elements of a must stay as
// they are while dst is used.
func (e *Engine[T]) ViewLeft(dst *Left[T], m, k int, a []T, lda int) {
	if e.kernel.panels {
		e.PackLeft(dst, false, m, k, a, lda)
		return
	}
	checkMatrix("operand", m, k, a, lda)
	dst.kernel, dst.outer, dst.depth, dst.data, dst.ld, dst.trans = e.kernel, m, k, a, lda, false
}

// ViewLeftTransposed is ViewLeft of the transpose of a, which is k x m. Leading dimensions that are multiples of a large
// power of two make the rows of a share few lines of the cache: then pack it.
func (e *Engine[T]) ViewLeftTransposed(dst *Left[T], m, k int, a []T, lda int) {
	if e.kernel.panels || e.kernel.block != nil {
		e.PackLeft(dst, true, m, k, a, lda)
		return
	}
	checkMatrix("operand", k, m, a, lda)
	dst.kernel, dst.outer, dst.depth, dst.data, dst.ld, dst.trans = e.kernel, m, k, a, lda, true
}

// ViewRight makes dst the k x n matrix b, without a copy where the kernel can do without, as ViewLeftTransposed does.
func (e *Engine[T]) ViewRight(dst *Right[T], k, n int, b []T, ldb int) {
	if e.kernel.panels || e.kernel.block != nil || n%e.kernel.vector != 0 {
		e.PackRight(dst, false, k, n, b, ldb)
		return
	}
	checkMatrix("operand", k, n, b, ldb)
	dst.kernel, dst.outer, dst.depth, dst.data, dst.ld = e.kernel, n, k, b, ldb
}

// PackLeft packs the m x k matrix op(a) into dst, reusing dst's memory. op(a) is a, or its transpose when trans is set
// (a is then k x m).
func (e *Engine[T]) PackLeft(dst *Left[T], trans bool, m, k int, a []T, lda int) {
	width := e.kernel.rows
	e.pack(&dst.operand, !trans, m, k, (m+width-1)/width*width, width, a, lda)
}

// PackRight packs the k x n matrix op(b) into dst, reusing dst's memory. op(b) is b, or its transpose when trans is set
// (b is then n x k).
func (e *Engine[T]) PackRight(dst *Right[T], trans bool, k, n int, b []T, ldb int) {
	padded := (n + e.kernel.vector - 1) / e.kernel.vector * e.kernel.vector
	e.pack(&dst.operand, trans, n, k, padded, e.kernel.cols, b, ldb)
}

// packing is the job of packing one operand: `outer` vectors of length depth, which are the rows of src when rows is
// set and its columns otherwise, by panels of `width` of them. The last panel has room for `padded` in all; what
// stands in for those that are missing does not matter, as it is never stored in a product.
type packing[T Float] struct {
	rows                        bool
	outer, depth, padded, width int
	src                         []T
	ld                          int
	dst                         []T
}

func (e *Engine[T]) pack(dst *operand[T], rows bool, outer, depth, padded, width int, src []T, ld int) {
	if rows {
		checkMatrix("operand", outer, depth, src, ld)
	} else {
		checkMatrix("operand", depth, outer, src, ld)
	}
	dst.memory = sized(dst.memory, padded*depth)
	dst.kernel, dst.outer, dst.depth, dst.data, dst.ld, dst.trans = e.kernel, outer, depth, dst.memory, 0, false
	e.packing = packing[T]{rows, outer, depth, padded, width, src, ld, dst.data}
	panels := (outer + width - 1) / width
	e.pool.run(panels, grainOf(panels, width*depth, e.Threads()), e.packTask)
	e.packing = packing[T]{}
}

// packPanels packs panels [lo, hi).
func (e *Engine[T]) packPanels(_, lo, hi int) {
	p := &e.packing
	for panel := lo; panel < hi; panel++ {
		first := panel * p.width
		width := min(p.width, p.padded-first) // in dst
		have := min(width, p.outer-first)     // in src
		dst := p.dst[first*p.depth : (first+width)*p.depth]
		if p.rows {
			e.packRows(dst, p.src[first*p.ld:], have, width, p)
		} else {
			e.packColumns(dst, p.src[first:], have, width, p)
		}
	}
}

// packRows interleaves `have` rows of src, a group at a time. The last group may be wider than what is left of the
// panel: what it writes beyond belongs to the next column, which is written later, and so the last columns are left to
// scalar code. So is what the kernel's step does not divide.
func (e *Engine[T]) packRows(dst, src []T, have, width int, p *packing[T]) {
	k := e.kernel
	for i := (have - 1) / k.group * k.group; i >= 0; i -= k.group {
		rows := min(k.group, have-i)
		whole := p.depth / k.step * k.step
		if i+k.group > width {
			whole = (p.depth - 1) / k.step * k.step
		}
		if whole > 0 {
			k.transpose(whole, &src[i*p.ld], p.ld, rows, &dst[i], width)
		}
		for r := i; r < i+rows; r++ {
			for l, v := range src[r*p.ld+whole : r*p.ld+p.depth] {
				dst[(whole+l)*width+r] = v
			}
		}
	}
}

// packColumns takes `have` neighbouring elements from each row of src.
func (e *Engine[T]) packColumns(dst, src []T, have, width int, p *packing[T]) {
	if have == width {
		e.kernel.copyColumns(p.depth, &src[0], p.ld, &dst[0], width)
		return
	}
	for l := range p.depth {
		copy(dst[l*width:(l+1)*width], src[l*p.ld:l*p.ld+have])
	}
}

// sized is a slice of length n in s's memory where that suffices.
func sized[T Float](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// grainOf is how many parts of a job a thread takes at a time: a few turns each, but no fewer than are worth waking a
// thread for.
func grainOf(parts, elements, threads int) int {
	const turns, worthwhile = 4, 1 << 14
	return max((parts+turns*threads-1)/(turns*threads), worthwhile/max(elements, 1), 1)
}

// checkMatrix panics unless a holds rows x cols elements with leading dimension ld.
func checkMatrix[T Float](name string, rows, cols int, a []T, ld int) {
	if rows < 0 || cols < 0 || ld < max(cols, 1) {
		panic(fmt.Sprintf("engine: %s: %d x %d with leading dimension %d", name, rows, cols, ld))
	}
	if rows > 0 && cols > 0 && len(a) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("engine: %s: %d elements for %d x %d with leading dimension %d", name, len(a), rows, cols, ld))
	}
}
