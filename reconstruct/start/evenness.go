package start

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
