package graph

import (
	"cmp"
	"slices"

	"unlearnguard/graph/engine"
)

// A program runs in time 0 to 2n for n steps: forward step k at k, its reverse at 2n-1-k, and what is kept for the caller
// until 2n. Each value and each gradient is needed during an interval of that time, and gets a place in the arena that no
// other has meanwhile.

// place is where the elements or the gradient of a storage lie in the arena, and when.
type place[T engine.Float] struct {
	storage  *storage[T]
	gradient bool
	from, to int
	at       int
}

func (p place[T]) load(arena []T) {
	memory := arena[p.at : p.at+p.storage.size : p.at+p.storage.size]
	if p.gradient {
		p.storage.grad = memory
	} else {
		p.storage.data = memory
	}
}

// place plans the arena.
func (b *program[T]) place() {
	b.planned = b.intervals()
	b.arena = assign(b.planned)
}

// intervals finds when each value and gradient is needed.
func (b *program[T]) intervals() []place[T] {
	end := 2 * len(b.steps)
	index := map[*storage[T]]int{}
	var places []place[T]
	add := func(s *storage[T], from int) {
		if i, ok := index[s]; ok { // computed in place
			places[i].to = max(places[i].to, from)
			return
		}
		index[s] = len(places)
		places = append(places, place[T]{storage: s, from: from, to: from})
	}
	until := func(s *storage[T], t int) {
		if i, ok := index[s]; ok {
			places[i].to = max(places[i].to, t)
		}
	}
	add(b.input.storage, -1)
	until(b.input.storage, end)
	for k, i := range b.steps {
		add(i.site.out.storage, k)
		for n, in := range i.site.in {
			until(in.storage, k)
			if i.site.out.wanted && retains[T](i.kernel, n) {
				until(in.storage, end-1-k)
			}
		}
		if i.site.out.wanted && retains[T](i.kernel, result) {
			until(i.site.out.storage, end-1-k)
		}
	}
	until(b.target.storage, end)
	if b.opts.Layers {
		for _, l := range b.layers {
			until(l.samples.storage, end)
		}
	}
	return append(places, b.gradientIntervals(end)...)
}

func (b *program[T]) gradientIntervals(end int) []place[T] {
	if !b.opts.reverses() {
		return nil
	}
	index := map[*storage[T]]int{}
	var places []place[T]
	begin := func(s *storage[T], t int) {
		if _, ok := index[s]; !ok && s.wanted {
			index[s] = len(places)
			places = append(places, place[T]{storage: s, gradient: true, from: t, to: end})
		}
	}
	begin(b.target.storage, len(b.steps))
	for k := len(b.steps) - 1; k >= 0; k-- {
		i, t := b.steps[k], end-1-k
		begin(i.site.out.storage, t)
		for _, in := range i.site.in {
			if in.version == 0 { // constants have gradients of their own
				begin(in.storage, t)
			}
		}
		if p, ok := index[i.site.out.storage]; ok {
			places[p].to = t
		}
	}
	if b.opts.Layers {
		for _, l := range b.layers {
			for _, s := range []*storage[T]{l.out.storage, l.samples.storage} {
				if p, ok := index[s]; ok {
					places[p].to = end
				}
			}
		}
	}
	return places
}

func retains[T engine.Float](k kernel[T], i int) bool {
	if r, ok := k.(retainer); ok {
		return r.retains(i)
	}
	return true
}

// assign gives every place the lowest position at which it overlaps none that is taken at the same time, the largest
// first, and returns the arena's size.
func assign[T engine.Float](places []place[T]) int {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[b].storage.size, places[a].storage.size) })
	size := 0
	var taken []int // by position
	for _, i := range order {
		p := &places[i]
		for _, j := range taken {
			q := &places[j]
			if q.from <= p.to && p.from <= q.to && q.at < p.at+p.storage.size && p.at < q.at+q.storage.size {
				p.at = (q.at + q.storage.size + 15) / 16 * 16 // whole vectors
			}
		}
		size = max(size, p.at+p.storage.size)
		next, _ := slices.BinarySearchFunc(taken, p.at, func(j, at int) int { return cmp.Compare(places[j].at, at) })
		taken = slices.Insert(taken, next, i)
	}
	return size
}
