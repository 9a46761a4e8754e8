//go:build !openblas || !(linux || darwin || freebsd)

package engine

import "errors"

// openblasKernel is not in this program: loading a library makes it depend on the system's C library.
func openblasKernel[T Float](Options) (*kernel[T], error) {
	return nil, errors.New("engine: this program was built without OpenBLAS; build it with -tags openblas")
}
