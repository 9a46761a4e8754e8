package engine

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// gonumKernel multiplies by gonum's BLAS, for processors that no assembly here fits. The blocks are small enough for
// gonum to leave them to one thread.
func gonumKernel[T Float]() *kernel[T] {
	k := plainKernel[T]()
	k.name, k.block = "gonum", gonumBlock[T]
	k.rows, k.cols, k.vector = 1, 1, 1
	k.blockRows, k.blockCols = 64, 128
	return k
}

func gonumBlock[T Float](m, n, k int, alpha T, a []T, lda int, b []T, beta T, c []T, ldc int) {
	switch c := any(c).(type) {
	case []float32:
		gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, m, n, k, float32(alpha), any(a).([]float32), lda, any(b).([]float32), k, float32(beta), c, ldc)
	case []float64:
		gonum.Implementation{}.Dgemm(blas.NoTrans, blas.Trans, m, n, k, float64(alpha), any(a).([]float64), lda, any(b).([]float64), k, float64(beta), c, ldc)
	}
}
