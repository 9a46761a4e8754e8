package engine

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Share has up to so many goroutines (0 for GOMAXPROCS) share the work items 0 to n-1: each of them calls work once, which takes items
// from next until there are none. A panic of one is one of Share, after the others have ended.
func Share(threads, n int, work func(next func() (item int, ok bool))) {
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var taken atomic.Int64
	next := func() (int, bool) {
		item := int(taken.Add(1)) - 1
		return item, item < n
	}
	var group sync.WaitGroup
	var failure atomic.Pointer[any]
	for range min(threads, n) {
		group.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					failure.CompareAndSwap(nil, &r)
				}
			}()
			work(next)
		})
	}
	group.Wait()
	if f := failure.Load(); f != nil {
		panic(*f)
	}
}
