package graph

// array is a dense row-major array, of numbers at run time and of sizes while shapes are worked out.
type array[E any] struct {
	shape []int
	data  []E
}

func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func newArray[E any](shape []int) array[E] { return array[E]{shape, make([]E, volume(shape))} }

// rowMajor gives the stride of each axis.
func rowMajor(shape []int) []int {
	strides := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = n
		n *= shape[i]
	}
	return strides
}

// broadcastStrides gives the strides by which an array of shape from is read as one of shape to: 0 along an axis that
// is repeated.
func broadcastStrides(from, to []int) []int {
	strides := make([]int, len(to))
	skip := len(to) - len(from)
	for i, s := range rowMajor(from) {
		if from[i] != 1 {
			strides[skip+i] = s
		}
	}
	return strides
}

// walk calls visit with the offset under each of the stride lists, for every index of shape in row-major order.
func walk(shape []int, strides [][]int, visit func(offsets []int)) {
	if volume(shape) == 0 {
		return
	}
	index := make([]int, len(shape))
	offsets := make([]int, len(strides))
	for {
		visit(offsets)
		axis := len(shape) - 1
		for ; axis >= 0; axis-- {
			index[axis]++
			for k, s := range strides {
				offsets[k] += s[axis]
			}
			if index[axis] < shape[axis] {
				break
			}
			index[axis] = 0
			for k, s := range strides {
				offsets[k] -= s[axis] * shape[axis]
			}
		}
		if axis < 0 {
			return
		}
	}
}

// strided copies out an array of the given shape, read from a by strides and a first offset.
func strided[E any](a array[E], shape, strides []int, offset int) array[E] {
	out := array[E]{shape, make([]E, 0, volume(shape))}
	walk(shape, [][]int{strides}, func(o []int) { out.data = append(out.data, a.data[offset+o[0]]) })
	return out
}

func broadcastTo[E any](a array[E], shape []int) array[E] {
	return strided(a, shape, broadcastStrides(a.shape, shape), 0)
}

func anyOther[E comparable](numbers []E, than E) bool {
	for _, x := range numbers {
		if x != than {
			return true
		}
	}
	return false
}
