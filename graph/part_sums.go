package graph

import (
	"math/bits"
	"sync/atomic"

	"unlearnguard/graph/engine"
)

const mostParts = 8

// partSums are the gradients of a weight by parts of the samples, computed on different threads. They are added in pairs, and
// the sums of pairs again, each by the thread that has computed the later of the two: what it adds is then mostly its own. The
// number of parts and the order of additions depend on shapes alone, so that results are the same for any number of threads.
type partSums[T engine.Float] struct {
	parts, size int
	sums        []T
	// arrived counts the sums of a pair that are there, at the index of the later one.
	arrived []atomic.Int32
}

// newPartSums takes so many parts of the samples as are worth it, for a weight of so many elements. Where the weight's
// gradient is not wanted there are parts alone, enough for all threads.
func newPartSums[T engine.Float](c *crew[T], samples, size int, wanted bool) *partSums[T] {
	if !wanted {
		return &partSums[T]{parts: min(samples, max(mostParts, len(c.lanes)))}
	}
	parts := weightParts(samples, size)
	return &partSums[T]{parts, size, c.lanes[0].scratch(scratchWeight, parts*size), make([]atomic.Int32, parts)}
}

// weightParts is a power of two, which most numbers of threads divide or are divided by.
func weightParts(samples, size int) int {
	const mostNumbers = 1 << 23
	most := max(1, min(samples, mostParts, mostNumbers/max(size, 1)))
	return 1 << (bits.Len(uint(most)) - 1)
}

// of is the sum of a part, of any content at first.
func (s *partSums[T]) of(part int) []T { return s.sums[part*s.size : (part+1)*s.size] }

// total is the sum of all parts, when all have been added.
func (s *partSums[T]) total() []T { return s.of(0) }

// add adds a part's sum, which is complete, to the sum of all.
func (s *partSums[T]) add(l *lane[T], part int) {
	for step := 1; step < s.parts; step *= 2 {
		first := part / (2 * step) * 2 * step
		if s.arrived[first+step].Add(1) < 2 {
			return
		}
		l.engine.Axpy(s.of(first), 1, s.of(first+step))
		part = first
	}
}

// addTo adds the total to the gradient of a weight that has the sums' layout.
func (s *partSums[T]) addTo(c *crew[T], weight *storage[T]) {
	grad, beta := weight.accumulate()
	c.split(s.size, worthwhile, func(l *lane[T], lo, hi int) {
		if beta == 0 {
			copy(grad[lo:hi], s.total()[lo:hi])
		} else {
			l.engine.Axpy(grad[lo:hi], 1, s.total()[lo:hi])
		}
	})
}
