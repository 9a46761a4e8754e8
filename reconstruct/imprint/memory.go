package imprint

import "slices"

// Memory is about the most memory, in bytes, that an examination of so many images takes besides them, where these are the layers that
// can be asked. It follows what is allocated; the factors were fitted to what .ci/load measures, which it exceeds by up to a half.
func Memory(layers []Layer, references, queried int, opts Options) int64 {
	n := references + queried
	widths := make([]int, len(layers))
	for i, l := range layers {
		widths[i] = l.Width
	}
	slices.Sort(widths)
	count := opts.withDefaults().fitting(widths, n)
	widest, kept := 0, 0
	for _, width := range widths[:count] {
		widest, kept = width, kept+width
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
