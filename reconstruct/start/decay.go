package start

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Sizes of the search for the decay.
const (
	probes     = 16
	mostRounds = 40
	// decayTolerance is the last step of the decay, as a share of what the noise leaves open.
	decayTolerance = 1e-4
	// decayRounding is the same as a share of the weight's size, where the noise leaves nothing open.
	decayRounding = 1e-11
	// slowest is the ratio of successive steps above which they do not shrink enough to be extrapolated.
	slowest = 0.995
	// barely keeps a Gram matrix positive definite, relative to its trace.
	barely = 1e-13
)

// core is a weight and its starts, or the part of them that training moved.
type core struct {
	e           *engine.Engine[float64]
	weight      *mat.Dense
	starts      []*mat.Dense
	decay       []float64
	h, d        int       // rows of the weight, columns
	differences []float64 // W - c S of all starts, one below the other
}

func newCore(e *engine.Engine[float64], weight *mat.Dense, starts []*mat.Dense) *core {
	c := &core{e: e, weight: weight, starts: starts, decay: slices.Repeat([]float64{1}, len(starts))}
	c.h, c.d = weight.Dims()
	c.subtract()
	return c
}

// moved is the part in which the differences are more than rounding.
func (c *core) moved() *core {
	rows, columns := make([]float64, c.h), make([]float64, c.d)
	for at, v := range c.differences {
		rows[at/c.d%c.h] += v * v
		columns[at%c.d] += v * v
	}
	least := leastActive / float64(1<<24) * c.size()
	least *= least * float64(len(c.starts))
	keptRows, keptColumns := active(rows, least*float64(c.d)), active(columns, least*float64(c.h))
	if len(keptRows) == 0 || len(keptColumns) == 0 {
		return c
	}
	var starts []*mat.Dense
	for _, s := range c.starts {
		starts = append(starts, part(s, keptRows, keptColumns))
	}
	m := newCore(c.e, part(c.weight, keptRows, keptColumns), starts)
	m.decay = c.decay
	m.subtract()
	return m
}

func active(squares []float64, least float64) []int {
	var out []int
	for i, v := range squares {
		if v > least {
			out = append(out, i)
		}
	}
	return out
}

func part(m *mat.Dense, rows, columns []int) *mat.Dense {
	out := mat.NewDense(len(rows), len(columns), nil)
	for i, r := range rows {
		from, to := m.RawRowView(r), out.RawRowView(i)
		for j, c := range columns {
			to[j] = from[c]
		}
	}
	return out
}

// fit finds the decay. In a direction in which no training sample has moved the weight, W z = c S z: so with the c so far, take
// directions in which the differences are least, by inverse iteration, fit c to them by least squares, and go on until it
// stands still. Where there is no such direction, because more samples moved the weight than it has directions, it stays about
// where it was.
func (c *core) fit() error {
	size := c.size()
	if c.e.Dot(c.differences, c.differences) == 0 {
		return nil
	}
	var last, before []float64 // steps
	for range mostRounds {
		z, err := c.quiet()
		if err != nil {
			return err
		}
		next := c.factors(z)
		last, before = stepsTo(next, c.decay), last
		c.decay = next
		c.subtract()
		if longest(last)*size <= max(decayTolerance*c.along(z), decayRounding*size) {
			break
		}
		if before != nil && extrapolate(c.decay, before, last) {
			last = nil
			c.subtract()
		}
	}
	return nil
}

// least is the root mean square of the differences along the directions in which they are least.
func (c *core) least() (float64, error) {
	if c.e.Dot(c.differences, c.differences) == 0 {
		return 0, nil
	}
	z, err := c.quiet()
	if err != nil {
		return 0, err
	}
	return c.along(z), nil
}

// extrapolate adds to the decay what is left of steps that shrink geometrically (Aitken 1926): where little more than the noise
// is left of directions that no sample moved, a step is a twentieth of the way.
func extrapolate(decay, before, last []float64) bool {
	moved := false
	for k, step := range last {
		if ratio := step / before[k]; ratio > 0 && ratio < slowest {
			decay[k] += step * ratio / (1 - ratio)
			moved = true
		}
	}
	return moved
}

func stepsTo(next, from []float64) []float64 {
	out := make([]float64, len(next))
	for k, v := range next {
		out[k] = v - from[k]
	}
	return out
}

func longest(steps []float64) float64 {
	most := 0.0
	for _, v := range steps {
		most = max(most, math.Abs(v))
	}
	return most
}

// size is the root mean square of the starts.
func (c *core) size() float64 {
	sum, n := 0.0, 0
	for _, s := range c.starts {
		data := s.RawMatrix().Data
		sum, n = sum+c.e.Dot(data, data), n+len(data)
	}
	return math.Sqrt(sum / float64(n))
}

func (c *core) subtract() {
	c.differences = difference(c.weight, c.starts, c.decay)
}

// difference is W - c S of all starts, one below the other.
func difference(weight *mat.Dense, starts []*mat.Dense, decay []float64) []float64 {
	w := weight.RawMatrix().Data
	out := make([]float64, 0, len(w)*len(starts))
	for k, s := range starts {
		for i, v := range s.RawMatrix().Data {
			out = append(out, w[i]-decay[k]*v)
		}
	}
	return out
}

// rows is the number of rows of the differences; wide says that directions are on their side.
func (c *core) rows() int  { return c.h * len(c.starts) }
func (c *core) wide() bool { return c.rows() < c.d }

// quiet are unit vectors, one a row, along which the differences are least: on the side of the inputs or, where there are fewer
// rows than inputs, on that of the rows.
func (c *core) quiet() ([]float64, error) {
	n := min(c.rows(), c.d)
	inverse, err := factored(c.e, gramOf(c.e, c.differences, c.rows(), c.d), barely*c.e.Dot(c.differences, c.differences))
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 0x7374617274))
	z := make([]float64, probes*n)
	for i := range z {
		z[i] = rng.NormFloat64()
	}
	for range 3 {
		z = solved(c.e, inverse, z, probes, n)
		c.orthonormalise(z, n)
	}
	return z, nil
}

// orthonormalise makes rows of n numbers orthonormal (Gram and Schmidt, twice for rounding).
func (c *core) orthonormalise(z []float64, n int) {
	for range 2 {
		for k := range probes {
			row := z[k*n : (k+1)*n]
			for l := range k {
				other := z[l*n : (l+1)*n]
				c.e.Axpy(row, -c.e.Dot(row, other), other)
			}
			length := math.Sqrt(c.e.Dot(row, row))
			for i := range row {
				row[i] /= length
			}
		}
	}
}

// factors fits c to the directions z: on the side of the inputs to each start by itself, on that of the rows to all starts at
// once, as a direction there is a combination of rows of all differences.
func (c *core) factors(z []float64) []float64 {
	k := len(c.starts)
	normal, right := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	from, to := make([][]float64, k), make([][]float64, k)
	for i, s := range c.starts {
		from[i], to[i] = c.seen(z, s, i), c.seen(z, c.weight, i)
	}
	for i := range k {
		for j := range k {
			if i == j || c.wide() {
				normal.SetSym(i, j, c.e.Dot(from[i], from[j]))
				right.SetVec(i, right.AtVec(i)+c.e.Dot(from[i], to[j]))
			}
		}
	}
	var out mat.VecDense
	if err := out.SolveVec(normal, right); err != nil {
		return c.decay
	}
	return out.RawVector().Data
}

// seen is a weight along the directions: on the side of the rows, that part of them that belongs to the k-th start.
func (c *core) seen(z []float64, w *mat.Dense, k int) []float64 {
	data := w.RawMatrix().Data
	if c.wide() {
		out := make([]float64, probes*c.d)
		c.e.Gemm(false, false, probes, c.d, c.h, 1, z[k*c.h:], c.rows(), data, c.d, 0, out, c.d)
		return out
	}
	out := make([]float64, probes*c.h)
	c.e.Gemm(false, true, probes, c.h, c.d, 1, z, c.d, data, c.d, 0, out, c.h)
	return out
}

// along is the root mean square of the differences along the directions.
func (c *core) along(z []float64) float64 {
	if c.wide() {
		seen := make([]float64, probes*c.d)
		c.e.Gemm(false, false, probes, c.d, c.rows(), 1, z, c.rows(), c.differences, c.d, 0, seen, c.d)
		return math.Sqrt(c.e.Dot(seen, seen) / float64(len(seen)))
	}
	seen := make([]float64, probes*c.rows())
	c.e.Gemm(false, true, probes, c.rows(), c.d, 1, z, c.d, c.differences, c.d, 0, seen, c.rows())
	return math.Sqrt(c.e.Dot(seen, seen) / float64(len(seen)))
}
