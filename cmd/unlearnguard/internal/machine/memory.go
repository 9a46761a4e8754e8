// Package machine says what the machine has.
package machine

import "math"

// Memory is the most memory, in bytes, that this process can have: that of the machine, or less where a limit was set for its group
// (cgroup), for its addresses (ulimit -v) or for Go (GOMEMLIMIT). Where nothing is known it is the largest number.
func Memory() int64 {
	least := int64(math.MaxInt64)
	for _, n := range limits() {
		if n > 0 {
			least = min(least, n)
		}
	}
	return least
}
