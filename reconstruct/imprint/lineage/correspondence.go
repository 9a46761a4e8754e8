package lineage

import "gonum.org/v1/gonum/mat"

// correspondence says which rows of a layer after stand for which rows before, with the factor by which they were multiplied. It
// maps the next layer's input channels.
type correspondence struct {
	// of gives the row before for each row after, or -1; factor is 1 or what the row before was multiplied by.
	of     []int
	factor []float64
	before int
}

// correspond extends a matching to rows after that are left over and parallel to a row before. factors are by row before.
func (m *matcher) correspond(found *matching, before, after *mat.Dense, factors []float64) *correspondence {
	rows, _ := before.Dims()
	others, _ := after.Dims()
	c := &correspondence{of: make([]int, others), factor: make([]float64, others), before: rows}
	for i := range c.of {
		c.of[i] = -1
	}
	for i, j := range found.rowOf {
		if j >= 0 {
			c.of[j], c.factor[j] = i, factors[i]
		}
	}
	if others > rows {
		m.addCopies(c, before, after)
	}
	return c
}

func (m *matcher) addCopies(c *correspondence, before, after *mat.Dense) {
	others, _ := after.Dims()
	gains := m.cosines(before, after)
	for j, of := range c.of {
		if of >= 0 {
			continue
		}
		best := 0
		for i := range c.before {
			if gains[i*others+j] > gains[best*others+j] {
				best = i
			}
		}
		if gains[best*others+j] >= copied {
			b := before.RawRowView(best)
			c.of[j], c.factor[j] = best, dot(b, after.RawRowView(j))/dot(b, b)
		}
	}
}

// unscaled is the correspondence with factors of 1, as a BatchNormalization behind the rows makes them.
func (c *correspondence) unscaled() *correspondence {
	out := &correspondence{of: c.of, factor: make([]float64, len(c.factor)), before: c.before}
	for i := range out.factor {
		out.factor[i] = 1
	}
	return out
}

// columns rearranges the columns of the next layer's weight after, channel by channel, into those of before: where row j is
// factor times row i, channel i reads what channel j does, divided by the factor, so that column i is the sum over its copies
// of factor times column j. It is nil where the columns do not come in so many channels.
func (c *correspondence) columns(after *mat.Dense) *mat.Dense {
	rows, columns := after.Dims()
	channels := len(c.of)
	if columns%channels != 0 {
		return nil
	}
	places := columns / channels
	out := mat.NewDense(rows, c.before*places, nil)
	for r := range rows {
		from, to := after.RawRowView(r), out.RawRowView(r)
		for j, i := range c.of {
			if i < 0 {
				continue
			}
			for p := range places {
				to[i*places+p] += c.factor[j] * from[j*places+p]
			}
		}
	}
	return out
}
