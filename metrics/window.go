package metrics

import "math"

// A filter takes the weighted mean of the product of two planes over every window that lies inside them, one row of
// windows at a time, from the top. It is immutable; what changes lies in a filterState, one a goroutine.
type filter interface {
	// start begins with two planes of the filter's size.
	start(st *filterState, a, b []float64)
	// row returns the means of the windows whose top edge is row r: one a column, valid until the next call. Rows
	// must be asked for in order.
	row(st *filterState, r int) []float64
}

// A filterState is the working memory of a filter.
type filterState struct {
	a, b    []float64
	columns []float64 // running sums of the product, one a column
	across  []float64 // Gaussian: the product filtered along its rows
	out     []float64
}

func newFilterState(height, width, cols int) *filterState {
	return &filterState{
		columns: make([]float64, width),
		across:  make([]float64, height*cols),
		out:     make([]float64, cols),
	}
}

func newFilter(o SSIMOptions, height, width int) filter {
	if o.Window == Uniform {
		return &boxFilter{size: o.Size, width: width}
	}
	return &gaussianFilter{taps: gaussianTaps(o.Size, o.Sigma), height: height, width: width}
}

// boxFilter weighs a window's pixels alike. Its cost does not depend on the window's size: a running sum down every
// column and another along every row.
type boxFilter struct{ size, width int }

func (f *boxFilter) start(st *filterState, a, b []float64) {
	st.a, st.b = a, b
	clear(st.columns)
	for i := range f.size {
		f.add(st, i)
	}
}

func (f *boxFilter) row(st *filterState, r int) []float64 {
	if r > 0 {
		f.exchange(st, r-1, r-1+f.size)
	}
	scale := 1 / float64(f.size*f.size)
	sum := 0.0
	for _, v := range st.columns[:f.size] {
		sum += v
	}
	st.out[0] = sum * scale
	leaving, entering, out := st.columns, st.columns[f.size:], st.out[1:]
	for j, v := range entering {
		sum += v - leaving[j]
		out[j] = sum * scale
	}
	return st.out
}

// add adds row i of the product to the columns' sums.
func (f *boxFilter) add(st *filterState, i int) {
	a, b := st.a[i*f.width:(i+1)*f.width], st.b[i*f.width:(i+1)*f.width]
	for j := range st.columns {
		st.columns[j] += a[j] * b[j]
	}
}

// exchange takes a row of the product out of the columns' sums and adds another.
func (f *boxFilter) exchange(st *filterState, leaving, entering int) {
	columns := st.columns
	n := len(columns)
	a0, b0 := st.a[leaving*f.width:][:n], st.b[leaving*f.width:][:n]
	a1, b1 := st.a[entering*f.width:][:n], st.b[entering*f.width:][:n]
	for j := range columns {
		columns[j] += a1[j]*b1[j] - a0[j]*b0[j]
	}
}

// gaussianFilter weighs a window's pixels by a separable Gaussian.
type gaussianFilter struct {
	taps          []float64
	height, width int
}

// gaussianTaps samples a normal density at the pixels' centres; the taps sum to 1.
func gaussianTaps(size int, sigma float64) []float64 {
	taps, sum := make([]float64, size), 0.0
	for i := range taps {
		t := float64(i-size/2) / sigma
		taps[i] = math.Exp(-t * t / 2)
		sum += taps[i]
	}
	for i := range taps {
		taps[i] /= sum
	}
	return taps
}

func (f *gaussianFilter) start(st *filterState, a, b []float64) {
	cols := len(st.out)
	product := st.columns
	for i := range f.height {
		for j := range product {
			product[j] = a[i*f.width+j] * b[i*f.width+j]
		}
		weighted(st.across[i*cols:(i+1)*cols], f.taps, func(t int) []float64 { return product[t:] })
	}
}

func (f *gaussianFilter) row(st *filterState, r int) []float64 {
	cols := len(st.out)
	weighted(st.out, f.taps, func(t int) []float64 { return st.across[(r+t)*cols:] })
	return st.out
}

// weighted sets dst to the sum over t of taps[t] times the vector at(t).
func weighted(dst, taps []float64, at func(t int) []float64) {
	clear(dst)
	for t, w := range taps {
		src := at(t)[:len(dst)]
		for j, v := range src {
			dst[j] += w * v
		}
	}
}
