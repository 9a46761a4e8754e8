package graph

import "unlearnguard/graph/engine"

// unfolding computes convolutions of few channels: the weight multiplies the plane of each channel shifted to every element
// of the kernel, a row each. Samples stay as they are, and rows are made of runs as long as the plane is wide, where patches
// would be made of pieces as long as there are channels.
type unfolding[T engine.Float] struct {
	*site[T]
	groups int
	// samples, channels and filters of a group, positions of the window, elements of a channel's plane and of the kernel.
	samples, channels, filters, places, plane, kernel int
	blocks                                            []unfoldedBlock
}

// unfoldedBlock is n positions from first on, and the runs that each kernel element's row is made of there.
type unfoldedBlock struct {
	first, n int
	runs     [][]run
}

// run is n elements of a row from `at` on, which are those of the plane from `from` on, step apart.
type run struct{ at, from, n, step int }

// suitsUnfolding: many channels of a group are better taken as patches, except that the rows of a kernel of one element are
// planes as they are, if they are long enough to multiply the weight by.
func (o convolution) suitsUnfolding(w, y []int) bool {
	const manyChannels, longRow = 16, 64
	return w[1] < manyChannels || volume(o.kernel) == 1 && volume(y[2:]) >= longRow
}

func newUnfolding[T engine.Float](o convolution, s *site[T]) *unfolding[T] {
	x, w := s.in[0].shape, s.in[1].shape
	u := &unfolding[T]{
		site: s, groups: o.groups, samples: x[0], channels: w[1], filters: w[0] / o.groups,
		places: volume(s.out.shape[2:]), plane: volume(x[2:]), kernel: volume(o.kernel),
	}
	offsets := o.offsets(x[2:], s.out.shape[2:])
	most := max(16, patchBudget/u.rows()/16*16)
	for first := 0; first < u.places; first += most {
		b := unfoldedBlock{first: first, n: min(most, u.places-first)}
		for k := range u.kernel {
			b.runs = append(b.runs, runsOf(b.n, func(i int) int { return offsets[(first+i)*u.kernel+k] }))
		}
		u.blocks = append(u.blocks, b)
	}
	return u
}

// runsOf joins n offsets that follow each other at equal steps; those in the padding are left out.
func runsOf(n int, offset func(i int) int) []run {
	var out []run
	for i := range n {
		from, last := offset(i), len(out)-1
		switch {
		case from < 0:
		case last >= 0 && out[last].at+out[last].n == i && out[last].n == 1 && from > out[last].from:
			out[last].n, out[last].step = 2, from-out[last].from
		case last >= 0 && out[last].at+out[last].n == i && out[last].n > 1 && from == out[last].from+out[last].n*out[last].step:
			out[last].n++
		default:
			out = append(out, run{i, from, 1, 1})
		}
	}
	return out
}

// rows is the number of a group's rows.
func (u *unfolding[T]) rows() int { return u.channels * u.kernel }

// pitch is the distance of two rows: no power of two, for which they would share a few lines of the first-level cache.
func (b *unfoldedBlock) pitch() int { return b.n + 16 }

func (u *unfolding[T]) retains(i int) bool {
	return i == 0 && u.in[1].wanted || i == 1 && u.in[0].wanted
}

// weight is a group's.
func (u *unfolding[T]) weight(group int) []T {
	n := u.filters * u.rows()
	return u.in[1].data[group*n : (group+1)*n]
}

// sample is where a group's planes of a sample begin.
func (u *unfolding[T]) sample(i, group int) int { return (i*u.groups + group) * u.channels * u.plane }

// result is where a group's results of a sample begin.
func (u *unfolding[T]) result(i, group int) int { return (i*u.groups + group) * u.filters * u.places }

func (u *unfolding[T]) forward() {
	u.crew.split(u.samples, max(1, worthwhile*u.samples/max(u.out.size, 1)), func(l *lane[T], lo, hi int) {
		for i := lo; i < hi; i++ {
			u.eachBlock(func(group int, b *unfoldedBlock) {
				l.engine.ViewLeft(&l.left, u.filters, u.rows(), u.weight(group), u.rows())
				l.engine.ViewRight(&l.right, u.rows(), b.n, u.unfold(l, i, group, b), b.pitch())
				l.engine.Multiply(1, &l.left, &l.right, 0, u.out.data[u.result(i, group)+b.first:], u.places)
			})
		}
	})
}

func (u *unfolding[T]) eachBlock(visit func(group int, b *unfoldedBlock)) {
	for group := range u.groups {
		for k := range u.blocks {
			visit(group, &u.blocks[k])
		}
	}
}

// unfold makes the rows of a block.
func (u *unfolding[T]) unfold(l *lane[T], i, group int, b *unfoldedBlock) []T {
	rows := l.scratch(scratchPatches, u.rows()*b.pitch())
	at := u.sample(i, group)
	for c := range u.channels {
		plane := u.in[0].data[at+c*u.plane : at+(c+1)*u.plane]
		for k, runs := range b.runs {
			row := rows[(c*u.kernel+k)*b.pitch():]
			end := 0
			for _, r := range runs {
				clear(row[end:r.at])
				end = r.at + r.n
				if r.step == 1 {
					copy(row[r.at:end], plane[r.from:])
					continue
				}
				for j, from := r.at, r.from; j < end; j, from = j+1, from+r.step {
					row[j] = plane[from]
				}
			}
			clear(row[end:b.n])
		}
	}
	return rows
}

// fold adds rows to where unfold took them from.
func (u *unfolding[T]) fold(l *lane[T], rows, grad []T, b *unfoldedBlock) {
	for c := range u.channels {
		plane := grad[c*u.plane : (c+1)*u.plane]
		for k, runs := range b.runs {
			row := rows[(c*u.kernel+k)*b.pitch():]
			for _, r := range runs {
				if r.step == 1 {
					addTo(l, plane[r.from:r.from+r.n], row[r.at:r.at+r.n])
					continue
				}
				for j, from := r.at, r.from; j < r.at+r.n; j, from = j+1, from+r.step {
					plane[from] += row[j]
				}
			}
		}
	}
}

// reverse: with Y = W P for the rows P, W's gradient is that of Y times P^T, and P's is W^T times that of Y.
func (u *unfolding[T]) reverse() {
	byInput, byWeight := u.in[0].wanted, u.in[1].wanted
	var grad []T
	var beta T
	if byInput {
		grad, beta = u.in[0].accumulate()
	}
	sums := newPartSums(u.crew, u.samples, u.in[1].size, byWeight)
	u.crew.split(sums.parts, 1, func(l *lane[T], lo, hi int) {
		for part := lo; part < hi; part++ {
			first := u.samples * part / sums.parts
			for i := first; i < u.samples*(part+1)/sums.parts; i++ {
				if byInput && beta == 0 {
					clear(grad[u.sample(i, 0):u.sample(i+1, 0)])
				}
				u.eachBlock(func(group int, b *unfoldedBlock) {
					if byWeight {
						u.reverseWeight(l, i, group, b, sums.of(part)[group*u.filters*u.rows():], i > first || b.first > 0)
					}
					if byInput {
						u.reverseInput(l, i, group, b, grad)
					}
				})
			}
			if byWeight {
				sums.add(l, part)
			}
		}
	})
	if byWeight {
		sums.addTo(u.crew, u.in[1].storage)
	}
}

func (u *unfolding[T]) reverseWeight(l *lane[T], i, group int, b *unfoldedBlock, sum []T, add bool) {
	beta := T(0)
	if add {
		beta = 1
	}
	l.engine.ViewLeft(&l.left, u.filters, b.n, u.out.grad[u.result(i, group)+b.first:], u.places)
	l.engine.PackRight(&l.right, true, b.n, u.rows(), u.unfold(l, i, group, b), b.pitch())
	l.engine.Multiply(1, &l.left, &l.right, beta, sum, u.rows())
}

func (u *unfolding[T]) reverseInput(l *lane[T], i, group int, b *unfoldedBlock, grad []T) {
	rows := l.scratch(scratchPatches, u.rows()*b.pitch())
	l.engine.ViewLeftTransposed(&l.left, u.rows(), u.filters, u.weight(group), u.rows())
	l.engine.PackRight(&l.right, false, u.filters, b.n, u.out.grad[u.result(i, group)+b.first:], u.places)
	l.engine.Multiply(1, &l.left, &l.right, 0, rows, b.pitch())
	u.fold(l, rows, grad[u.sample(i, group):], b)
}
