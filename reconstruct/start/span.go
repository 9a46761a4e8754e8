package start

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
)

// Span is the span of the inputs that moved a layer's weight away from its starts.
type Span struct {
	// Decay has the factor c of each start: what weight decay has left of it.
	Decay []float64
	// Noise is the standard deviation of an element of the differences that no input explains: rounding.
	Noise float64
	// Directions is the number of directions above the noise, of at most Limit.
	Directions float64
	Limit      int
	// Evenness is the kurtosis of the differences' elements, less than 3 where an optimiser made them equally large.
	Evenness float64

	e *engine.Engine[float64]
	// differences are W - c S of all starts, one below the other: rows x width.
	differences []float64
	rows, width int
	// threshold is the squared singular value at which a direction counts half; inverse is L^-1 of the Gram matrix with it.
	threshold float64
	inverse   []float64
}

// New finds the span of a weight (outputs x inputs) against one or more starts of the same shape, each of which the layer
// had at some time before.
func New(weight *mat.Dense, starts []*mat.Dense) (*Span, error) {
	h, d := weight.Dims()
	e, err := engine.New[float64](engine.Options{})
	if err != nil {
		return nil, err
	}
	for _, s := range starts {
		if r, c := s.Dims(); r != h || c != d {
			return nil, fmt.Errorf("start: a weight of %d x %d for one of %d x %d", r, c, h, d)
		}
	}
	s := &Span{e: e, rows: h * len(starts), width: d, Limit: min(h*len(starts), d)}
	c := newCore(e, weight, starts)
	if err := c.fit(); err != nil {
		return nil, err
	}
	s.Decay, s.differences = c.decay, c.differences
	s.Noise = rounding(weight, starts, s.Decay)
	s.Evenness = evenness(s.differences, s.rows, d)
	m := c.moved()
	least, err := m.least()
	if err != nil {
		return nil, err
	}
	return s, s.measure(m, least)
}

// wide reports whether the Gram matrix is that of the rows.
func (s *Span) wide() bool { return s.rows < s.width }

// gramOf is the smaller Gram matrix of a matrix (rows x width).
func gramOf(e *engine.Engine[float64], a []float64, rows, width int) []float64 {
	n := min(rows, width)
	g := make([]float64, n*n)
	if rows < width {
		e.Gemm(false, true, n, n, width, 1, a, width, a, width, 0, g, n)
	} else {
		e.Gemm(true, false, n, n, rows, 1, a, width, a, width, 0, g, n)
	}
	return g
}

// factored is L^-1 of a Gram matrix with penalty on its diagonal.
func factored(e *engine.Engine[float64], gram []float64, penalty float64) ([]float64, error) {
	n := int(math.Sqrt(float64(len(gram))))
	g := slices.Clone(gram)
	for i := range n {
		g[i*n+i] += penalty
	}
	return engine.InverseFactor(e, g, n)
}

// measure takes the directions that are above the noise, of which the least sixteen directions' root mean square is known. Of so
// many directions without any signal as there are, these are the least: so the noise and their number are found by turns.
func (s *Span) measure(m *core, least float64) error {
	few, many := min(m.rows(), m.d), max(m.rows(), m.d)
	s.Noise = max(least, s.Noise)
	gram := gramOf(s.e, s.differences, s.rows, s.width)
	for range noiseRounds {
		edge := s.Noise * (math.Sqrt(float64(few)) + math.Sqrt(float64(many)))
		s.threshold = max(edge*edge, leastShare*s.e.Dot(s.differences, s.differences))
		if s.threshold == 0 {
			return ErrUnmoved
		}
		var err error
		if s.inverse, err = factored(s.e, gram, s.threshold); err != nil {
			return err
		}
		// tr (G + t)^-1 is the sum of the squares of L^-1.
		s.Directions = float64(s.Limit) - s.threshold*s.e.Dot(s.inverse, s.inverse)
		spare := few - int(s.Directions)
		if spare < probes {
			return nil
		}
		s.Noise = max(s.Noise, least*math.Sqrt(float64(many))/lowest(chain.MarchenkoPastur(spare, many)))
	}
	return nil
}

// rounding is what storage in few bits leaves of noise in a weight and its starts, 0 for float32.
func rounding(weight *mat.Dense, starts []*mat.Dense, decay []float64) float64 {
	own, most := chain.RoundingNoise(weight), 0.0
	for k, s := range starts {
		most = max(most, math.Abs(decay[k])*chain.RoundingNoise(s))
	}
	return math.Hypot(own, most)
}

// noiseRounds are enough for the noise to stand still to a few percent.
const noiseRounds = 4

// lowest is the root mean square of the smallest singular values, of those that quiet directions are made of.
func lowest(values []float64) float64 {
	sum := 0.0
	for _, v := range values[len(values)-probes:] {
		sum += v * v / probes
	}
	return math.Sqrt(sum)
}

// ErrUnmoved says that the weight is its start.
var ErrUnmoved = errors.New("the weight is the same as at the start")

// Distances say, for each row of x (inputs of the layer), how much of it lies outside the span: the length of the rest
// r = t (D'D + t)^-1 x for the differences D and the threshold t, as a share of what lies outside the inputs of images that were
// never trained on (unlike). It is 0 for an input of zeros.
//
// Where a normalisation over the batch follows the layer, signals add up to zero over each batch: then the differences of
// training samples lie in the span, they themselves do not, and what of them lies outside is the same for all. So
// the direction of the mean rest of the rows that are known to have been trained on does not count; for each of these, that of
// the others.
func (s *Span) Distances(x *mat.Dense, known Known) ([]float64, error) {
	n, d := x.Dims()
	rows := x.RawMatrix().Data
	own, err := s.unlike(rows, n, known.Never)
	if err != nil {
		return nil, err
	}
	rest, out := s.rest(rows, n, known), make([]float64, n)
	for i := range out {
		if left := rest[i*d : (i+1)*d]; own[i] > 0 {
			out[i] = math.Sqrt(s.e.Dot(left, left)) / own[i]
		}
	}
	return out, nil
}

// Inside is x without what of its rows lies outside the span, as [Span.Distances] has it: the row itself where the layer was trained on
// it.
func (s *Span) Inside(x *mat.Dense, known Known) *mat.Dense {
	n, _ := x.Dims()
	out := mat.DenseCopyOf(x)
	for i, v := range s.rest(x.RawMatrix().Data, n, known) {
		out.RawMatrix().Data[i] -= v
	}
	return out
}

// rest is what of n rows lies outside the span, less its part along the direction that does not count.
func (s *Span) rest(rows []float64, n int, known Known) []float64 {
	d := s.width
	rest := s.outside(rows, n)
	sum, trained := make([]float64, d), map[int]bool{}
	for _, i := range known.Trained {
		s.e.Axpy(sum, 1, rest[i*d:(i+1)*d])
		trained[i] = true
	}
	if len(known.Trained) < 2 {
		return rest
	}
	common := make([]float64, d)
	for i := range n {
		left := rest[i*d : (i+1)*d]
		copy(common, sum)
		if trained[i] {
			s.e.Axpy(common, -1, left)
		}
		if size := s.e.Dot(common, common); size > 0 {
			s.e.Axpy(left, -s.e.Dot(common, left)/size, common)
		}
	}
	return rest
}

// Known are the positions of images of which it is known whether they were trained on.
type Known struct{ Trained, Never []int }

// unlike is, for each of n rows, the length of what of it lies outside the rows at some positions, each of which is left out for
// itself: t (C + t)^-1 x for their scatter C, and with x among them (1 - x'(C + t)^-1 x)^-1 times that. An image like all others is
// near to the span of any. Without such rows it is the length of the row.
func (s *Span) unlike(x []float64, n int, never []int) ([]float64, error) {
	d := s.width
	out := make([]float64, n)
	if len(never) == 0 {
		for i := range out {
			out[i] = math.Sqrt(s.e.Dot(x[i*d:(i+1)*d], x[i*d:(i+1)*d]))
		}
		return out, nil
	}
	others := &Span{e: s.e, rows: len(never), width: d, Limit: min(len(never), d)}
	among := map[int]bool{}
	for _, i := range never {
		others.differences = append(others.differences, x[i*d:(i+1)*d]...)
		among[i] = true
	}
	others.threshold = likeness * s.e.Dot(others.differences, others.differences) / float64(d)
	if others.threshold == 0 {
		return out, nil
	}
	var err error
	if others.inverse, err = factored(s.e, gramOf(s.e, others.differences, others.rows, d), others.threshold); err != nil {
		return nil, err
	}
	rest := others.outside(x, n)
	for i := range out {
		row, left := x[i*d:(i+1)*d], rest[i*d:(i+1)*d]
		out[i] = math.Sqrt(s.e.Dot(left, left))
		if among[i] {
			out[i] /= max(1-s.e.Dot(row, left)/others.threshold, 1e-9)
		}
	}
	return out, nil
}

// outside is what of n rows lies outside the span.
func (s *Span) outside(x []float64, n int) []float64 {
	d, m := s.width, s.Limit
	if !s.wide() {
		y := s.refined(x, n)
		for i := range y {
			y[i] *= s.threshold
		}
		return y
	}
	b := make([]float64, n*m)
	s.e.Gemm(false, true, n, m, d, 1, x, d, s.differences, d, 0, b, m)
	y := s.refined(b, n)
	out := append([]float64{}, x...)
	s.e.Gemm(false, false, n, d, m, -1, y, m, s.differences, d, 1, out, d)
	return out
}

// gram multiplies n rows by the Gram matrix with the threshold on its diagonal.
func (s *Span) gram(y []float64, n int) []float64 {
	m, d := s.Limit, s.width
	out := make([]float64, n*m)
	for i, v := range y {
		out[i] = s.threshold * v
	}
	if s.wide() {
		z := make([]float64, n*d)
		s.e.Gemm(false, false, n, d, m, 1, y, m, s.differences, d, 0, z, d)
		s.e.Gemm(false, true, n, m, d, 1, z, d, s.differences, d, 1, out, m)
		return out
	}
	z := make([]float64, n*s.rows)
	s.e.Gemm(false, true, n, s.rows, d, 1, y, d, s.differences, d, 0, z, s.rows)
	s.e.Gemm(false, false, n, d, s.rows, 1, z, s.rows, s.differences, d, 1, out, d)
	return out
}

// refinements are rounds of iterative refinement where the threshold is less than well of the differences' sum of squares: the Gram
// matrix has the square of their condition.
const (
	refinements = 2
	well        = 1e-8
)

// refined solves A y = b for n right sides, by the factor of A and iterative refinement.
func (s *Span) refined(b []float64, n int) []float64 {
	y := solved(s.e, s.inverse, b, n, s.Limit)
	rounds := refinements
	if s.threshold > well*s.e.Dot(s.differences, s.differences) {
		rounds = 0
	}
	for range rounds {
		left := s.gram(y, n)
		for i := range left {
			left[i] = b[i] - left[i]
		}
		for i, v := range solved(s.e, s.inverse, left, n, s.Limit) {
			y[i] += v
		}
	}
	return y
}

// solved multiplies n rows of m numbers by (L^-1)' L^-1.
func solved(e *engine.Engine[float64], inverse, b []float64, n, m int) []float64 {
	z, out := make([]float64, n*m), make([]float64, n*m)
	e.Gemm(false, true, n, m, m, 1, b, m, inverse, m, 0, z, m)
	e.Gemm(false, false, n, m, m, 1, z, m, inverse, m, 0, out, m)
	return out
}
