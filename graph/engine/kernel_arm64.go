package engine

import "unsafe"

// vectorKernels are the assembly kernels that this processor can run: NEON belongs to every arm64. It multiplies
// matrices; the rest is Go's.
func vectorKernels[T Float]() []*kernel[T] {
	k := *plainKernel[T]()
	k.name, k.gemm, k.panels = "neon", neonGemm[T], true
	k.rows, k.cols = neonRows, neonWidth[T]()
	k.vector = k.cols // the assembly knows whole panels only
	return []*kernel[T]{&k}
}

const neonRows = 8

// neonWidth is the number of elements in three vectors.
func neonWidth[T Float]() int { return 48 / int(unsafe.Sizeof(*new(T))) }

// neonGemm computes a strip of C, tile by tile.
func neonGemm[T Float](k int, a *T, step, _, _ int, b *T, _ int, _, c *T, ldc int, alpha, beta T, rows, cols int) {
	panels := unsafe.Slice(a, (rows-1)/neonRows*step+k*neonRows)
	out := unsafe.Slice(c, (rows-1)*ldc+cols)
	for i := 0; i < rows; i += neonRows {
		neonPart(k, &panels[i/neonRows*step], b, out[i*ldc:], ldc, alpha, beta, min(neonRows, rows-i), cols)
	}
}

// neonPart computes a tile beside C where C has only part of it.
func neonPart[T Float](k int, a, b *T, c []T, ldc int, alpha, beta T, rows, cols int) {
	width := neonWidth[T]()
	if rows == neonRows && cols == width {
		neonTile(k, a, b, &c[0], ldc, alpha, beta)
		return
	}
	var tile [neonRows * 12]T
	neonTile(k, a, b, &tile[0], width, alpha, 0)
	for i := range rows {
		for j, row := 0, c[i*ldc:i*ldc+cols]; j < cols; j++ {
			if beta == 0 {
				row[j] = tile[i*width+j]
			} else {
				row[j] = tile[i*width+j] + beta*row[j]
			}
		}
	}
}

func neonTile[T Float](k int, a, b, c *T, ldc int, alpha, beta T) {
	if unsafe.Sizeof(*a) == 4 {
		gemmNEONF32(k, (*float32)(unsafe.Pointer(a)), (*float32)(unsafe.Pointer(b)), (*float32)(unsafe.Pointer(c)), ldc, float32(alpha), float32(beta))
		return
	}
	gemmNEONF64(k, (*float64)(unsafe.Pointer(a)), (*float64)(unsafe.Pointer(b)), (*float64)(unsafe.Pointer(c)), ldc, float64(alpha), float64(beta))
}
