//go:build !amd64

package engine

// vectorKernels are the assembly kernels of this architecture: none yet.
func vectorKernels[T Float]() []*kernel[T] { return nil }
