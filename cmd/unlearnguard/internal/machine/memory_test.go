package machine

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// The least limit counts.
func TestMemory(t *testing.T) {
	if n := Memory(); runtime.GOOS == "linux" && (n < 64<<20 || n == math.MaxInt64) {
		t.Errorf("%d bytes", n)
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(12 << 20))
	if n := Memory(); n != 12<<20 {
		t.Errorf("%d bytes where 12 MB are allowed", n)
	}
}
