//go:build !linux

package machine

import "runtime/debug"

// limits are those that are known.
func limits() []int64 { return []int64{debug.SetMemoryLimit(-1)} }
