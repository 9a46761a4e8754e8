package engine

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BLAS is gonum's BLAS with the matrix product of an engine. It may be used by several goroutines; their products run
// one after the other. Give it to gorgonia.Use, blas32.Use and blas64.Use.
type BLAS struct {
	gonum.Implementation
	single single
	double double
}

type (
	single = shared[float32]
	double = shared[float64]
)

// shared is an engine that goroutines take turns with.
type shared[T Float] struct {
	sync.Mutex
	engine *Engine[T]
}

var (
	_ blas.Float32 = (*BLAS)(nil)
	_ blas.Float64 = (*BLAS)(nil)
)

// NewBLAS returns a BLAS on engines with the given options.
func NewBLAS(o Options) (*BLAS, error) {
	f32, err := New[float32](o)
	if err != nil {
		return nil, err
	}
	f64, err := New[float64](o)
	if err != nil {
		return nil, err
	}
	return &BLAS{single: single{engine: f32}, double: double{engine: f64}}, nil
}

// tiny is the number of multiplications up to which gonum is done before the operands are packed.
const tiny = 1 << 10

// Sgemm computes C = alpha op(A) op(B) + beta C.
func (b *BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, bs []float32, ldb int, beta float32, c []float32, ldc int) {
	if m <= 0 || n <= 0 || k <= 0 || m*n*k <= tiny {
		b.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, bs, ldb, beta, c, ldc)
		return
	}
	b.single.gemm(tA, tB, m, n, k, alpha, a, lda, bs, ldb, beta, c, ldc)
}

// Dgemm computes C = alpha op(A) op(B) + beta C.
func (b *BLAS) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, bs []float64, ldb int, beta float64, c []float64, ldc int) {
	if m <= 0 || n <= 0 || k <= 0 || m*n*k <= tiny {
		b.Implementation.Dgemm(tA, tB, m, n, k, alpha, a, lda, bs, ldb, beta, c, ldc)
		return
	}
	b.double.gemm(tA, tB, m, n, k, alpha, a, lda, bs, ldb, beta, c, ldc)
}

func (s *shared[T]) gemm(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	s.Lock()
	defer s.Unlock()
	s.engine.Gemm(transposes(tA), transposes(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// transposes panics as gonum does on anything but the three values that BLAS knows.
func transposes(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans:
		return true
	}
	panic("engine: bad transpose")
}
