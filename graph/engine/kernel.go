package engine

import (
	"fmt"
	"strings"
)

// kernel is one implementation of the inner loops. The elementwise functions take n elements from each pointer.
type kernel[T Float] struct {
	name string
	// rows and cols are the shape of the tile that gemm computes; a right operand's last panel is as wide as the
	// vectors of `vector` elements that hold it.
	rows, cols, vector int

	// One of the two computes products: gemm a strip of tiles, from A, whose panels are step apart and have element (i, l) at
	// a[i*di+l*dl], and a panel of B with rows ldb apart; or block a part of C, from B as n x k, both row-major.
	gemm  func(k int, a *T, step, di, dl int, b *T, ldb int, next, c *T, ldc int, alpha, beta T, rows, cols int)
	block func(m, n, k int, alpha T, a []T, lda int, b []T, beta T, c []T, ldc int)
	// panels says that gemm ignores di, dl and ldb and needs A and B in panels.
	panels bool
	// blockRows and blockCols are the size of the parts of C that block takes at most, a thread at a time.
	blockRows, blockCols int

	transpose   func(k int, src *T, ld, rows int, dst *T, width int) // for group rows, and k a multiple of step
	group, step int
	copyColumns func(k int, src *T, ld int, dst *T, width int)
	exp         func(n int, dst, x *T)
	sigmoid     func(n int, dst, z *T, alpha T)
	relu        func(n int, dst, z *T, slope T)
	activate    func(n int, h, s, z, b *T, alpha, slope, rise T)
	tangent     func(n int, ubar, zbar, g, u, s *T, scale, slope T)
	excess      func(n int, dst, x *T, low, high T)
	reluGrad    func(n int, dst, g, y *T, slope T)
	affine      func(n int, dst, x *T, factor, offset T)
	add         func(n int, dst, x, y *T)
	mul         func(n int, dst, x, y *T)
	mulAdd      func(n int, dst, x, y *T)
	axpy        func(n int, dst, x *T, alpha T)
	dot         func(n int, x, y *T) float64
	sum         func(n int, x *T) float64
	// The two of 2x2 squares take rows x cols results.
	maxSquares     func(rows, cols int, x *T, ld int, y *T)
	maxSquaresGrad func(rows, cols int, x *T, ld int, y, g, dx *T)
	winograd       [transforms]func(squares, n int, src *T, step, row, col int, dst *T, dstStep, dstRow, dstCol int)
}

// kernels are those for T that this processor can run, fastest first.
func kernels[T Float]() []*kernel[T] { return append(vectorKernels[T](), gonumKernel[T]()) }

// kernelFor is the kernel that the options name.
func kernelFor[T Float](o Options) (*kernel[T], error) {
	if o.Kernel == "openblas" {
		return openblasKernel[T](o)
	}
	all := kernels[T]()
	if o.Kernel == "" {
		return all[0], nil
	}
	for _, k := range all {
		if k.name == o.Kernel {
			return k, nil
		}
	}
	return nil, fmt.Errorf("engine: no kernel %q here; there are %s", o.Kernel, strings.Join(Kernels(), ", "))
}
