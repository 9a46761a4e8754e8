package engine

import (
	"slices"
	"sync/atomic"
	"testing"
)

// Every item is taken once, by no more goroutines than there may be.
func TestShare(t *testing.T) {
	for _, threads := range []int{0, 1, 3, 50} {
		for _, n := range []int{0, 1, 20} {
			times, workers := make([]int, n), atomic.Int64{}
			Share(threads, n, func(next func() (int, bool)) {
				workers.Add(1)
				for i, ok := next(); ok; i, ok = next() {
					times[i]++
				}
			})
			if slices.ContainsFunc(times, func(k int) bool { return k != 1 }) {
				t.Errorf("%d threads: %v", threads, times)
			}
			if w := int(workers.Load()); w > n || threads > 0 && w > threads {
				t.Errorf("%d threads, %d items: %d workers", threads, n, w)
			}
		}
	}
}

// A panic is one of the caller, and the other items are done.
func TestSharePanics(t *testing.T) {
	var done atomic.Int64
	defer func() {
		if r := recover(); r != "no" || done.Load() != 9 {
			t.Errorf("%v, %d done", r, done.Load())
		}
	}()
	Share(2, 10, func(next func() (int, bool)) {
		for i, ok := next(); ok; i, ok = next() {
			if i == 0 {
				panic("no")
			}
			done.Add(1)
		}
	})
	t.Error("it returned")
}
