package engine

// Transpose sets dst, cols x rows with leading dimension ldd, to the transpose of src, rows x cols with leading dimension
// lds. It works on one thread.
func (e *Engine[T]) Transpose(rows, cols int, src []T, lds int, dst []T, ldd int) {
	checkMatrix("src", rows, cols, src, lds)
	checkMatrix("dst", cols, rows, dst, ldd)
	k := e.kernel
	grouped, whole := rows/k.group*k.group, cols/k.step*k.step
	if whole == 0 {
		grouped = 0
	}
	// Strips of columns keep the rows of dst that are written in turn within the first-level cache.
	const strip = 16
	for first := 0; first < whole && grouped > 0; first += strip {
		n := min(strip, whole-first)
		for r := 0; r < grouped; r += k.group {
			k.transpose(n, &src[r*lds+first], lds, k.group, &dst[first*ldd+r], ldd)
		}
	}
	for r := range grouped {
		for c := whole; c < cols; c++ {
			dst[c*ldd+r] = src[r*lds+c]
		}
	}
	for r := grouped; r < rows; r++ {
		for c, v := range src[r*lds : r*lds+cols] {
			dst[c*ldd+r] = v
		}
	}
}
