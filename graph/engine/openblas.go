//go:build openblas && (linux || darwin || freebsd)

package engine

import (
	"fmt"
	"sync"

	"github.com/ebitengine/purego"
)

// openblas is the library's functions that are used, with their C prototypes' types.
type openblas struct {
	sgemm      func(order, tA, tB, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, beta float32, c *float32, ldc int32)
	dgemm      func(order, tA, tB, m, n, k int32, alpha float64, a *float64, lda int32, b *float64, ldb int32, beta float64, c *float64, ldc int32)
	setThreads func(int32)
}

// libraryNames are tried in turn where no path is given.
var libraryNames = []string{
	"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib",
	"/opt/homebrew/opt/openblas/lib/libopenblas.dylib", "/usr/local/opt/openblas/lib/libopenblas.dylib",
}

// openblasKernel multiplies by OpenBLAS, which has threads of its own: one number of them for the whole process.
func openblasKernel[T Float](o Options) (*kernel[T], error) {
	lib, err := openLibrary(o.Library)
	if err != nil {
		return nil, err
	}
	lib.setThreads(int32(o.Threads))
	k := *kernels[T]()[0]
	k.name, k.gemm, k.block = "openblas", nil, blockOf[T](lib)
	k.rows, k.cols, k.vector = 1, 1, 1
	k.blockRows, k.blockCols = 1<<30, 1<<30
	plain := plainKernel[T]()
	k.transpose, k.group, k.step, k.copyColumns = plain.transpose, plain.group, plain.step, plain.copyColumns
	return &k, nil
}

var openLibraries sync.Map // by path: a library stays open, and gives the same functions again

func openLibrary(path string) (*openblas, error) {
	if lib, ok := openLibraries.Load(path); ok {
		return lib.(*openblas), nil
	}
	names := libraryNames
	if path != "" {
		names = []string{path}
	}
	var err error
	for _, name := range names {
		var handle uintptr
		if handle, err = purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL); err != nil {
			continue
		}
		lib := &openblas{}
		for symbol, f := range map[string]any{
			"cblas_sgemm": &lib.sgemm, "cblas_dgemm": &lib.dgemm, "openblas_set_num_threads": &lib.setThreads,
		} {
			address, err := purego.Dlsym(handle, symbol)
			if err != nil {
				return nil, fmt.Errorf("engine: %s is no OpenBLAS: %w", name, err)
			}
			purego.RegisterFunc(f, address)
		}
		openLibraries.Store(path, lib)
		return lib, nil
	}
	return nil, fmt.Errorf("engine: OpenBLAS cannot be loaded; install it or give its path: %w", err)
}

// blockOf is the library's product in T.
func blockOf[T Float](lib *openblas) func(m, n, k int, alpha T, a []T, lda int, b []T, beta T, c []T, ldc int) {
	const rowMajor, plain, transposed = 101, 111, 112
	var f any
	if _, ok := any(T(0)).(float32); ok {
		f = func(m, n, k int, alpha float32, a []float32, lda int, b []float32, beta float32, c []float32, ldc int) {
			lib.sgemm(rowMajor, plain, transposed, int32(m), int32(n), int32(k), alpha, &a[0], int32(lda), &b[0], int32(k), beta, &c[0], int32(ldc))
		}
	} else {
		f = func(m, n, k int, alpha float64, a []float64, lda int, b []float64, beta float64, c []float64, ldc int) {
			lib.dgemm(rowMajor, plain, transposed, int32(m), int32(n), int32(k), alpha, &a[0], int32(lda), &b[0], int32(k), beta, &c[0], int32(ldc))
		}
	}
	return f.(func(m, n, k int, alpha T, a []T, lda int, b []T, beta T, c []T, ldc int))
}
