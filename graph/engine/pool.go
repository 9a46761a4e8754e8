package engine

import (
	"sync/atomic"
	"unsafe"
)

// pool runs one job at a time on its workers and on the caller. The threads have shares of a job's parts, each the same
// share of every job, as what a part reads is then often in the cache of the core that wrote it; a thread that is through
// with its share takes parts of the others', so that one whose core is busy with something else delays the job by one part
// at most.
type pool struct {
	workers []*worker
	shares  []share // the caller's, then the workers'

	// The job in hand.
	n, grain int
	threads  int // that take part
	f        func(thread, lo, hi int)
	// failure is the first panic of a part, which run panics with on the caller's goroutine.
	failure atomic.Pointer[any]
}

// worker is a goroutine of a pool.
type worker struct {
	begin, end *signal
	closed     bool
}

// share is the parts from next up to last; each share has cache lines of its own.
type share struct {
	next atomic.Int64
	last int64
	_    [128 - unsafe.Sizeof(struct {
		atomic.Int64
		int64
	}{})]byte
}

func newPool(threads int) *pool {
	p := &pool{shares: make([]share, threads)}
	for thread := 1; thread < threads; thread++ {
		w := &worker{begin: newSignal(), end: newSignal()}
		p.workers = append(p.workers, w)
		go func() {
			for w.begin.wait(); !w.closed; w.begin.wait() {
				p.work(thread)
				w.end.send()
			}
		}()
	}
	return p
}

// close ends the workers.
func (p *pool) close() {
	for _, w := range p.workers {
		w.closed = true
		w.begin.send()
	}
}

// run covers [0, n) by parts of at most grain and waits for all of them. No two calls of f have the same thread at a time.
func (p *pool) run(n, grain int, f func(thread, lo, hi int)) {
	grain = max(grain, 1)
	parts := (n + grain - 1) / grain
	p.threads = min(len(p.workers)+1, parts)
	if p.threads <= 1 {
		if n > 0 {
			f(0, 0, n)
		}
		return
	}
	p.n, p.grain, p.f = n, grain, f
	for i := range p.threads {
		p.shares[i].next.Store(int64(parts * i / p.threads))
		p.shares[i].last = int64(parts * (i + 1) / p.threads)
	}
	helpers := p.workers[:p.threads-1]
	for _, w := range helpers {
		w.begin.send()
	}
	p.work(0)
	for _, w := range helpers {
		w.end.wait()
	}
	p.f = nil
	if failure := p.failure.Swap(nil); failure != nil {
		panic(*failure)
	}
}

// work takes the parts of the thread's share, then what is left of the others'.
func (p *pool) work(thread int) {
	defer func() {
		if r := recover(); r != nil {
			failure := r // on the heap only now
			p.failure.CompareAndSwap(nil, &failure)
		}
	}()
	for i := range p.threads {
		s := &p.shares[(thread+i)%p.threads]
		for part := s.next.Add(1) - 1; part < s.last; part = s.next.Add(1) - 1 {
			lo := int(part) * p.grain
			p.f(thread, lo, min(lo+p.grain, p.n))
		}
	}
}
