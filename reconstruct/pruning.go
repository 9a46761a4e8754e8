package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// A weight of exactly 0 was pruned, or rounded to a coarse grid: training does not lead there. So in a pruned file such weights are not 0 but unknown,
// and the others tell them where they matter: the first layer is a combination of few inputs, of low rank, and entries
// that a matrix of low rank has lost follow from those that it has left (Candes and Recht 2009).
const (
	// prunedShare is the share of zeros from which the first layer counts as pruned. Below it they are rounded weights, and
	// too few to matter.
	prunedShare = 0.01
	// fillSteps bounds the steps of fillIn. Its threshold falls by fillFall when a step moves the weights by less than
	// fillRest of it.
	fillSteps, fillFall, fillRest = 100, 0.5, 0.25
	// fillEnd is the change of a filled-in weight over the noise's deviation at which fillIn ends.
	fillEnd = 0.1
)

// Pruning says how much of the first layer was pruned.
type Pruning struct {
	// Share is that of its weights that are 0, for this or another reason. Inputs and neurons without any other weight are not counted.
	Share float64 `json:"share"`
	// Restored says that these were taken for unknown and filled in, and that hidden neurons which have lost their way to
	// the outputs were left out.
	Restored bool `json:"restored"`
}

// undone returns net as it was before it was pruned and before its neurons were scaled, as far as that can be known.
func undone(net *chain.Dense) (*chain.Dense, Pruning, Balance) {
	net, pruning := restore(net)
	net, balance := rebalance(net)
	if pruning.Restored {
		balance.Levelled = false // what was filled in has no noise
	}
	return net, pruning, balance
}

// restore returns net with its pruned weights filled in as far as they can be, or net itself where it was not pruned.
func restore(net *chain.Dense) (*chain.Dense, Pruning) {
	unknown, share := zeros(net.Layers[0].W)
	if share < prunedShare || chain.RoundingNoise(net.Layers[0].W) > 0 {
		return net, Pruning{Share: share}
	}
	whole := copyOf(net)
	whole.Layers[0].W = fillIn(whole.Layers[0].W, unknown)
	return connected(whole), Pruning{Share: share, Restored: true}
}

// zeros lists, row by row, which weights are 0, and their share of the rows and columns that have another.
func zeros(w *mat.Dense) (at []bool, share float64) {
	h, d := w.Dims()
	at = make([]bool, h*d)
	rows, cols := make([]bool, h), make([]bool, d)
	others := 0
	for i := range h {
		for j, v := range w.RawRowView(i) {
			if at[i*d+j] = v == 0; v != 0 {
				others++
				rows[i], cols[j] = true, true
			}
		}
	}
	all := count(rows) * count(cols)
	if all == 0 {
		return at, 0
	}
	return at, 1 - float64(others)/float64(all)
}

func count(v []bool) int {
	n := 0
	for _, is := range v {
		if is {
			n++
		}
	}
	return n
}

// fillIn returns w (h x d) with the unknown weights as its low-rank part has them: hard-impute (Mazumder, Hastie and
// Tibshirani 2010), which replaces them again and again by those of the directions above a threshold. The threshold
// falls from the largest singular value to the edge of the noise, so that what strong directions lack is not taken for
// weak ones.
func fillIn(w *mat.Dense, unknown []bool) *mat.Dense {
	x := mat.DenseCopyOf(w)
	threshold := mat.Norm(x, 2)
	for range fillSteps {
		s := chain.NoiseSpan(x)
		moved := replace(x, leading(s, threshold), unknown)
		if threshold < s.Edge && moved <= fillEnd*s.Sigma*math.Sqrt(float64(count(unknown))) {
			break
		}
		if moved < fillRest*threshold {
			threshold *= fillFall
		}
	}
	return x
}

// leading are the right singular vectors above the noise and a threshold, at least one (d x r).
func leading(s chain.Spectrum, threshold float64) mat.Matrix {
	d, r := s.V.Dims()
	for r > 1 && s.Singular[r-1] < threshold {
		r--
	}
	return s.V.Slice(0, d, 0, r)
}

// replace sets the unknown entries of x to those of x V V^T and returns the norm of the change.
func replace(x *mat.Dense, v mat.Matrix, unknown []bool) float64 {
	var along, fit mat.Dense
	along.Mul(x, v)
	fit.Mul(&along, v.T())
	moved := 0.0
	h, d := x.Dims()
	for i := range h {
		row, to := x.RawRowView(i), fit.RawRowView(i)
		for j := range row {
			if unknown[i*d+j] {
				moved += (to[j] - row[j]) * (to[j] - row[j])
				row[j] = to[j]
			}
		}
	}
	return math.Sqrt(moved)
}

// connected returns net without the neurons of the first hidden layer that have no weight to the next one. What they were
// part of before pruning cannot be known, and the stationarity of the others does not depend on them.
func connected(net *chain.Dense) *chain.Dense {
	first, next := net.Layers[0], net.Layers[1]
	h, d := first.W.Dims()
	out, _ := next.W.Dims()
	var kept []int
	for j := range h {
		if mat.Norm(next.W.ColView(j), 2) > 0 {
			kept = append(kept, j)
		}
	}
	if len(kept) == h || len(kept) == 0 {
		return net
	}
	less := *net
	less.Layers = append([]chain.Affine(nil), net.Layers...)
	w, u := mat.NewDense(len(kept), d, nil), mat.NewDense(out, len(kept), nil)
	var b []float64
	for to, j := range kept {
		w.SetRow(to, first.W.RawRowView(j))
		u.SetCol(to, mat.Col(nil, j, next.W))
		if first.B != nil {
			b = append(b, first.B[j])
		}
	}
	less.Layers[0].W, less.Layers[0].B, less.Layers[1].W = w, b, u
	return &less
}
