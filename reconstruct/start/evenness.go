package start

// scaledBelow is the evenness below which the difference of a layer that has no span was probably made by an optimiser that
// scales elements one by one. Adam and AdamW leave 1.5 (CIFAR-10), 2.4 (MNIST) and 2.5 (embeddings), SGD 2.6 to 5.3, and 3.3 and more
// where there were too many samples, or altered ones, for a span (`.ci/bench-evidence initial`).
const scaledBelow = 2.8

// leastPart is the share of an equal part in the squares of a difference that a row or column must have to count.
const leastPart = 1e-3

// evenness is the kurtosis of the elements of a matrix (rows x width), each divided by the size that its row and its column let
// expect. It is 3 for sums of many independent parts, and less where elements were made about equally large.
func evenness(a []float64, rows, width int) float64 {
	row, column, total := make([]float64, rows), make([]float64, width), 0.0
	for i, v := range a {
		row[i/width] += v * v
		column[i%width] += v * v
		total += v * v
	}
	second, fourth, n := 0.0, 0.0, 0.0
	for i, v := range a {
		r, c := row[i/width], column[i%width]
		if r < leastPart*total/float64(rows) || c < leastPart*total/float64(width) {
			continue
		}
		square := v * v * total / (r * c)
		second, fourth, n = second+square, fourth+square*square, n+1
	}
	if second == 0 {
		return 0
	}
	return fourth * n / (second * second)
}
