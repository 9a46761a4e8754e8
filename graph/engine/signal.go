package engine

import (
	"sync/atomic"
	"time"
)

// signal lets one goroutine wait for another. To put a goroutine to sleep and wake it takes tens of microseconds, as long as
// many a job of a pool, and it may wake on another core, far from what it has in its cache. So the one that waits looks out
// for the signal for a while before it sleeps.
type signal struct {
	state atomic.Uint32
	wake  chan struct{}
}

// The states of a signal.
const (
	silent = iota
	sent
	asleep // the one that waits sleeps until wake
)

// patience is how long a goroutine looks out before it sleeps: longer than the serial parts between the jobs of a pass, and
// than most parts of a job, which the threads do not end at the same time.
const patience = 50 * time.Microsecond

func newSignal() *signal { return &signal{wake: make(chan struct{}, 1)} }

// send ends the wait, or the next one.
func (s *signal) send() {
	if s.state.Swap(sent) == asleep {
		s.wake <- struct{}{}
	}
}

// wait returns when the signal has been sent, and takes it back.
func (s *signal) wait() {
	if !s.lookOut() && s.state.CompareAndSwap(silent, asleep) {
		<-s.wake
	}
	s.state.Store(silent)
}

// lookOut waits until the signal is sent, but no longer than patience allows.
func (s *signal) lookOut() bool {
	const looks = 64 // between two looks at the clock
	for start := time.Now(); time.Since(start) < patience; {
		for range looks {
			if s.state.Load() == sent {
				return true
			}
		}
	}
	return false
}
