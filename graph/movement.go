package graph

// The primitives that move elements and compute nothing: [reshape], those that read their operand by strides ([transpose], [slice],
// [expand]) and those that take whole blocks ([concat], [gather]).
type (
	// strider reads its operand by strides, from an offset on.
	strider interface {
		strides(in, out []int) (strides []int, offset int)
	}
	// blocker takes blocks of its operands, one after the other.
	blocker interface {
		blocks(in [][]int) []chosen
	}
)

// move carries out a primitive that only moves elements, of any type; shape is that of the result. It is false for any
// other.
func move[E any](o op, in []array[E], shape []int) (array[E], bool) {
	switch o := o.(type) {
	case reshape:
		return array[E]{shape, in[0].data}, true
	case strider:
		strides, offset := o.strides(in[0].shape, shape)
		return strided(in[0], shape, strides, offset), true
	case blocker:
		shapes := make([][]int, len(in))
		for i, a := range in {
			shapes[i] = a.shape
		}
		out := array[E]{shape, make([]E, 0, volume(shape))}
		for _, b := range o.blocks(shapes) {
			out.data = append(out.data, in[b.operand].data[b.from:b.from+b.n]...)
		}
		return out, true
	}
	return array[E]{}, false
}
