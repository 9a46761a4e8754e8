// Package engine multiplies matrices, and maps functions over them, at the machine's speed.
//
// [New] makes an [Engine] for float32 or float64. [Engine.Gemm] is BLAS's general product; where an operand is used in
// product after product, pack it once with [Engine.PackLeft] or [Engine.PackRight] and call [Engine.Multiply]. The
// elementwise functions ([Engine.Activate], [Engine.Exp], ...) work on slices, and [Engine.Range] spreads them over
// threads.
//
// # Matrices
//
// A matrix is a slice in row-major order and the distance between the beginnings of two rows, its leading dimension.
// Shapes that do not fit their slices are programming errors and panic.
//
// # Kernels
//
// The inner loops are Go assembly for AVX-512, for AVX2 with FMA and for arm64's NEON, written by internal/gen; which one
// runs is decided by the processor. They work on packed panels (Goto and van de Geijn, Anatomy of High-Performance Matrix
// Multiplication, 2008), which are of a fixed width for each kernel. Where none fits, gonum multiplies.
//
// On one core of an AMD EPYC of the Zen 5 generation, float32 products of m x 1000 by 1000 x 1000 run at 205 to 225
// GFLOP/s for m from 40 to 1000 with AVX-512, packing of the left operand included, at 90 to 105 with AVX2 and at 27 with
// gonum; OpenBLAS 0.3.21 reaches 91 to 109 there. Float64 takes twice the time. See the benchmarks.
//
// # Threads, memory and repeatability
//
// An engine has one goroutine for each thread but the caller's; they sleep from some microseconds after a call until the
// next one, and end when the engine is garbage. An engine may be used by one goroutine at a time; engines are independent of each other. It keeps buffers
// for the operands that it packs, as large as the largest it has met, and allocates nothing once they have grown.
//
// Every element of a product is computed by one thread in an order that depends on the shapes and the kernel alone.
// So results are identical for any number of threads, and differ between kernels by rounding.
package engine

import (
	"fmt"
	"runtime"
)

// Float is the elements' type.
type Float interface{ float32 | float64 }

// Options choose how an engine runs. The zero value uses every core and the fastest kernel.
type Options struct {
	// Threads is the number of threads, the caller's included. 0 stands for GOMAXPROCS.
	Threads int
	// Kernel is the kernel to use, one of [Kernels], or "openblas" in a program built with -tags openblas. The empty
	// string stands for the first of Kernels.
	Kernel string
	// Library is the path of OpenBLAS for the kernel "openblas". The empty string stands for its usual names.
	Library string
}

// Engine multiplies matrices with elements of type T.
type Engine[T Float] struct {
	kernel *kernel[T]
	pool   *pool

	left    Left[T] // Gemm's operands
	right   Right[T]
	product product[T]
	packing packing[T]
	ranging func(lo, hi int) // what Range calls
	// The tasks of the pool, as values made once: a method value made at each call would be allocated.
	multiplyTask, packTask, rangeTask func(thread, lo, hi int)

	_ [128]byte // so that engines of different threads, which change with every product, are not on one cache line
}

// Kernels lists the kernels that this processor can run, fastest first.
func Kernels() []string {
	var names []string
	for _, k := range kernels[float32]() {
		names = append(names, k.name)
	}
	return names
}

// New returns an engine, or an error when there is no such kernel or fewer than no threads.
func New[T Float](o Options) (*Engine[T], error) {
	if o.Threads < 0 {
		return nil, fmt.Errorf("engine: %d threads; give 0 for all cores, or a positive number", o.Threads)
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	k, err := kernelFor[T](o)
	if err != nil {
		return nil, err
	}
	e := &Engine[T]{kernel: k, pool: newPool(o.Threads)}
	e.multiplyTask, e.packTask = e.multiplyTiles, e.packPanels
	e.rangeTask = func(_, lo, hi int) { e.ranging(lo, hi) }
	runtime.AddCleanup(e, (*pool).close, e.pool)
	return e, nil
}

// Kernel is the name of the kernel in use.
func (e *Engine[T]) Kernel() string { return e.kernel.name }

// Threads is the number of threads, the caller's included.
func (e *Engine[T]) Threads() int { return len(e.pool.workers) + 1 }

// Range calls f on parts [lo, hi) of [0, n) that together cover it, on all threads, and returns when all have returned.
// Parts begin at multiples of grain. f must not call methods that use threads themselves (products, packing, Range).
// A func made at each call escapes to the heap; keep it where nothing may be allocated. A panic of f on any thread is one
// of Range.
func (e *Engine[T]) Range(n, grain int, f func(lo, hi int)) {
	e.ranging = f
	e.pool.run(n, grain, e.rangeTask)
	e.ranging = nil
}

// Spread is Range for an f that is also told which thread calls it, from 0 on: for memory of its own. A thread begins with
// the same share of [0, n) in every call.
func (e *Engine[T]) Spread(n, grain int, f func(thread, lo, hi int)) { e.pool.run(n, grain, f) }
