package engine

import (
	"sync"
	"sync/atomic"
)

// pool runs one job at a time on its workers and on the caller. Workers block on a channel between jobs, so an idle pool
// uses no processor time; parts of a job are taken from a shared counter, so that a thread whose core is busy with
// something else delays the job by one part at most.
type pool struct {
	workers []chan struct{}
	done    sync.WaitGroup

	// The job in hand.
	n, grain int
	f        func(lo, hi int)
	next     atomic.Int64
	// failure is the first panic of a part, which run panics with on the caller's goroutine.
	failure atomic.Pointer[any]
}

func newPool(threads int) *pool {
	p := &pool{workers: make([]chan struct{}, threads-1)}
	for i := range p.workers {
		wake := make(chan struct{}, 1)
		p.workers[i] = wake
		go func() {
			for range wake {
				p.work()
				p.done.Done()
			}
		}()
	}
	return p
}

// close ends the workers.
func (p *pool) close() {
	for _, w := range p.workers {
		close(w)
	}
}

// run covers [0, n) by parts of at most grain and waits for all of them.
func (p *pool) run(n, grain int, f func(lo, hi int)) {
	grain = max(grain, 1)
	parts := (n + grain - 1) / grain
	helpers := min(len(p.workers), parts-1)
	if helpers <= 0 {
		if n > 0 {
			f(0, n)
		}
		return
	}
	p.n, p.grain, p.f = n, grain, f
	p.next.Store(0)
	p.done.Add(helpers)
	for _, w := range p.workers[:helpers] {
		w <- struct{}{}
	}
	p.work()
	p.done.Wait()
	p.f = nil
	if failure := p.failure.Swap(nil); failure != nil {
		panic(*failure)
	}
}

func (p *pool) work() {
	defer func() {
		if r := recover(); r != nil {
			failure := r // on the heap only now
			p.failure.CompareAndSwap(nil, &failure)
		}
	}()
	for {
		lo := (int(p.next.Add(1)) - 1) * p.grain
		if lo >= p.n {
			return
		}
		p.f(lo, min(lo+p.grain, p.n))
	}
}
