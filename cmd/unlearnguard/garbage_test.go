package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 6400, 1 << 20: 6400, 64 << 20: 100, 128 << 20: 50, 1 << 30: garbageShare} {
		if got := garbagePercent(live); got != want {
			t.Errorf("%d MB in use: %d %%, want %d", live>>20, got, want)
		}
	}
}

// The percentage follows what is in use, collection after collection.
func TestGarbageIsLimited(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	limitGarbage()
	percent := func() int {
		got := debug.SetGCPercent(100)
		debug.SetGCPercent(got)
		return got
	}
	for _, c := range []struct {
		held int
		want func(percent int) bool
	}{
		{200 << 20, func(p int) bool { return p < 100 }},
		{1 << 10, func(p int) bool { return p > 100 }},
	} {
		held := make([]byte, c.held)
		for begun := time.Now(); !c.want(percent()); runtime.GC() {
			if time.Since(begun) > 10*time.Second {
				t.Fatalf("%d bytes more in use: %d %%", c.held, percent())
			}
		}
		runtime.KeepAlive(held)
	}
}
