package graph

import "unlearnguard/graph/engine"

// crew is the threads that kernels work with.
type crew[T engine.Float] struct {
	// engine multiplies on all threads, each lane's on one.
	engine *engine.Engine[T]
	lanes  []*lane[T]
	// all are the same when the crew does not work on one thread.
	all struct {
		engine *engine.Engine[T]
		lanes  []*lane[T]
	}
}

// lane is one thread's own engine and memory.
type lane[T engine.Float] struct {
	engine *engine.Engine[T]
	memory [][]T
	// left and right are a product's operands.
	left  engine.Left[T]
	right engine.Right[T]
	_     [128]byte // so that no two lanes are on one cache line
}

func newCrew[T engine.Float](threads int) (*crew[T], error) {
	e, err := engine.New[T](engine.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	c := &crew[T]{engine: e}
	for range e.Threads() {
		one, err := engine.New[T](engine.Options{Threads: 1})
		if err != nil {
			return nil, err
		}
		c.lanes = append(c.lanes, &lane[T]{engine: one})
	}
	c.all.engine, c.all.lanes = c.engine, c.lanes
	return c, nil
}

// alone has the crew work on one thread, where others have the other cores, or on all again.
func (c *crew[T]) alone(one bool) {
	c.engine, c.lanes = c.all.engine, c.all.lanes
	if one {
		c.engine, c.lanes = c.lanes[0].engine, c.lanes[:1]
	}
}

// scratch is n elements of the lane's memory, of any content. Each index is a memory of its own.
func (l *lane[T]) scratch(index, n int) []T {
	for len(l.memory) <= index {
		l.memory = append(l.memory, nil)
	}
	if cap(l.memory[index]) < n {
		l.memory[index] = make([]T, n)
	}
	return l.memory[index][:n]
}

// accumulate sets grad to what set gives for its elements [from, to), or adds that if beta is 1: by runs that stay in the
// first-level cache.
func (l *lane[T]) accumulate(grad []T, beta T, set func(part []T, from, to int)) {
	if beta == 0 {
		set(grad, 0, len(grad))
		return
	}
	const run = 2048
	part := l.scratch(scratchPart, min(run, len(grad)))
	for from := 0; from < len(grad); from += run {
		to := min(from+run, len(grad))
		set(part[:to-from], from, to)
		l.engine.Axpy(grad[from:to], 1, part[:to-from])
	}
}

// split calls f on consecutive parts [lo, hi) of [0, n), on all lanes, and returns when all have returned. A part has at
// least grain items. What f computes for an item must not depend on the part it is in. A panic of f on any thread is one of
// split.
func (c *crew[T]) split(n, grain int, f func(l *lane[T], lo, hi int)) {
	// Each lane has several parts, so that it can leave some to the others where its core is busy with something else.
	const turns = 8
	parts := min(turns*len(c.lanes), max(n/max(grain, 1), 1))
	if len(c.lanes) == 1 || parts == 1 {
		f(c.lanes[0], 0, n)
		return
	}
	c.engine.Spread(parts, 1, func(thread, from, to int) {
		for p := from; p < to; p++ {
			f(c.lanes[thread], n*p/parts, n*(p+1)/parts)
		}
	})
}

// worthwhile is the number of elements from which on a second thread saves more time than waking it costs.
const worthwhile = 1 << 14
