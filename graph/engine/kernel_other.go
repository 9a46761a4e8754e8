//go:build !amd64 && !arm64

package engine

// vectorKernels are the assembly kernels of this architecture: none.
func vectorKernels[T Float]() []*kernel[T] { return nil }
