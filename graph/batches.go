package graph

import (
	"context"
	"fmt"
	"sync"

	"unlearnguard/graph/engine"
)

// batches are the samples of one run, cut into batches that the streams compute by turns: batch b is that of stream b mod n.
type batches[T engine.Float] struct {
	runner         *Runner[T]
	streams        []*stream[T]
	x              []T
	size           int // of a sample
	samples, batch int // of the run, and of every batch but the last
	count          int
	weigh          func(first, n int, y, weight []T)
	visit          func(Pass[T]) error
	turns          *turns
}

func newBatches[T engine.Float](r *Runner[T], x []T, weigh func(first, n int, y, weight []T), visit func(Pass[T]) error) *batches[T] {
	b := &batches[T]{runner: r, x: x, size: volume(r.sample), weigh: weigh, visit: visit, turns: newTurns()}
	b.samples = len(x) / b.size
	b.batch = r.even(b.samples)
	b.count = (b.samples + b.batch - 1) / b.batch
	b.streams = r.streams[:min(len(r.streams), b.count)]
	return b
}

// at is the first sample of a batch and the number of its samples.
func (b *batches[T]) at(batch int) (first, n int) {
	first = batch * b.batch
	return first, min(b.batch, b.samples-first)
}

// plan makes the graphs that are missing.
func (b *batches[T]) plan() error {
	b.streams[0].crew.alone(len(b.streams) > 1)
	for i := range b.streams {
		for _, batch := range []int{i, b.count - 1} {
			if batch%len(b.streams) != i {
				continue
			}
			_, n := b.at(batch)
			if _, err := b.runner.at(b.streams[i], n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batches[T]) run(ctx context.Context) error {
	errs := make([]error, len(b.streams))
	engine.Share(len(b.streams), len(b.streams), func(next func() (int, bool)) {
		for i, ok := next(); ok; i, ok = next() {
			errs[i] = b.stream(ctx, i)
		}
	})
	for _, err := range errs {
		if err != nil {
			return err // others are mostly the same
		}
	}
	return nil
}

// stream computes the batches of a stream. When it fails, the others end.
func (b *batches[T]) stream(ctx context.Context, i int) error {
	ended := false
	defer func() {
		if !ended {
			b.turns.stop()
		}
	}()
	for batch := i; batch < b.count && !b.turns.stopped(); batch += len(b.streams) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.compute(b.streams[i], batch); err != nil {
			return err
		}
	}
	ended = true
	return nil
}

func (b *batches[T]) compute(s *stream[T], batch int) error {
	r := b.runner
	first, n := b.at(batch)
	e, err := r.at(s, n)
	if err != nil {
		return err
	}
	if r.sums != nil {
		s.parameters.untouch()
	}
	var inTurn func(y, weight []T)
	if b.weigh != nil {
		inTurn = func(y, weight []T) { b.turns.take(toWeigh, batch, func() { b.weigh(first, n, y, weight) }) }
	}
	if err := s.compute(e, b.x[first*b.size:(first+n)*b.size], inTurn); err != nil {
		return fmt.Errorf("%s%w", prefix(r.net.model), err)
	}
	b.turns.take(toShow, batch, func() {
		if r.sums != nil {
			r.addGradients(s)
		}
		if b.visit != nil {
			err = b.visit(b.pass(e.program, first, n))
		}
	})
	return err
}

// pass is what a program has computed.
func (b *batches[T]) pass(p *program[T], first, n int) Pass[T] {
	pass := Pass[T]{First: first, Samples: n, Output: p.target.data}
	if p.opts.Input {
		pass.Input = p.input.grad
	}
	if p.opts.Layers {
		for i := range p.layers {
			l := &p.layers[i]
			pass.Layers = append(pass.Layers, LayerPass[T]{l.describe(), l.samples.data, l.samples.grad, l.out.grad})
		}
	}
	return pass
}

// addGradients adds those of a stream's batch to the sums.
func (r *Runner[T]) addGradients(s *stream[T]) {
	for _, t := range s.parameters.wanted() {
		sum, of := r.sums[t], s.parameters.storages[t].grad
		s.crew.split(len(sum), worthwhile, func(l *lane[T], lo, hi int) {
			if r.summed {
				l.engine.Axpy(sum[lo:hi], 1, of[lo:hi])
			} else {
				copy(sum[lo:hi], of[lo:hi])
			}
		})
	}
	r.summed = true
}

// turns has streams do things by themselves, and each kind of them in the order of the batches.
type turns struct {
	mutex sync.Mutex
	moved sync.Cond
	next  [2]int // batch, by kind
	ended bool
}

// The kinds of what is done by turns.
const (
	toWeigh = iota
	toShow
)

func newTurns() *turns {
	t := &turns{}
	t.moved.L = &t.mutex
	return t
}

// take waits for the turn of a batch and does something, unless all has been stopped.
func (t *turns) take(kind, batch int, do func()) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for t.next[kind] < batch && !t.ended {
		t.moved.Wait()
	}
	if t.ended {
		return
	}
	do()
	t.next[kind]++
	t.moved.Broadcast()
}

// stop ends all waiting: a batch will not come.
func (t *turns) stop() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.ended = true
	t.moved.Broadcast()
}

func (t *turns) stopped() bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.ended
}
