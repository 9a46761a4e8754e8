package imprint

import (
	"cmp"
	"slices"
)

// Memory is about the most memory, in bytes, that an examination of so many images takes besides them, where these are the layers that
// can be asked. It follows what is allocated; the factors were fitted to what .ci/load measures, which it exceeds by up to a half.
func Memory(layers []Layer, references, queried int, opts Options) int64 {
	n := references + queried
	left, widest, kept := opts.withDefaults().Memory, 0, 0
	layers = slices.SortedFunc(slices.Values(layers), func(a, b Layer) int { return cmp.Compare(a.Width, b.Width) })
	count := 0
	for _, l := range layers {
		if left -= keptBytes * n * l.Width; left < 0 {
			break
		}
		widest, kept, count = l.Width, kept+l.Width, count+1
	}
	rank := min(widest, references)
	total := int64(n) * int64(8*kept+140*widest+140*rank) // what is kept, and what the widest layer is worked on in
	total += int64(count) * 16 * int64(rank) * int64(rank)
	if widest <= widestSpan {
		total += 24 * int64(widest) * int64(widest)
	}
	if n <= mostJoint {
		total += int64(n) * int64(n) * 8 * int64(5+count)
	}
	return total + min(passMemory, 4096*int64(kept))
}
