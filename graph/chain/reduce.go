package chain

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Reduced is a network of the same function without what a rewriting may have added: neurons that nothing depends on, neurons
// that give a constant, and neurons whose rows, bias included, are positive multiples of one another, which are one neuron that
// was split. It is the network itself where there are none, and otherwise says in its notes how many were removed.
func (n *Dense) Reduced() *Dense {
	removed, out := 0, n
	for {
		next, fewer := out.reduceOnce()
		if fewer == 0 {
			break
		}
		removed, out = removed+fewer, next
	}
	if removed > 0 {
		out.Notes = append(slices.Clone(n.Notes), fmt.Sprintf("%d neurons that only repeat others or that nothing depends on were removed", removed))
	}
	return out
}

// reduceOnce goes through the hidden layers once; a neuron removed may make others superfluous.
func (n *Dense) reduceOnce() (*Dense, int) {
	out := *n
	out.Layers = slices.Clone(n.Layers)
	removed := 0
	for l := range len(out.Layers) - 1 {
		r := newReduction(out.Layers[l], out.Layers[l+1], n.Slope)
		r.dropUnused()
		r.foldConstants()
		r.join()
		if fewer := r.fewer(); fewer > 0 {
			out.Layers[l], out.Layers[l+1] = r.layers()
			removed += fewer
		}
	}
	return &out, removed
}

// reduction decides which neurons of a layer stay.
type reduction struct {
	in, out Affine
	slope   float64
	// onward is the weight that reads the neurons, bias what is added to its result.
	onward *mat.Dense
	bias   []float64
	gone   []bool
}

func newReduction(in, out Affine, slope float64) *reduction {
	h, _ := in.W.Dims()
	return &reduction{in: in, out: out, slope: slope, onward: mat.DenseCopyOf(out.W), bias: slices.Clone(out.B), gone: make([]bool, h)}
}

func (r *reduction) fewer() int {
	n := 0
	for _, gone := range r.gone {
		if gone {
			n++
		}
	}
	if n == len(r.gone) { // a layer without any neuron is none
		r.gone[0] = false
		n--
	}
	return n
}

// dropUnused drops the neurons that the next layer does not read.
func (r *reduction) dropUnused() {
	for i := range r.gone {
		r.gone[i] = mat.Norm(r.onward.ColView(i), 2) == 0
	}
}

// foldConstants makes what the neurons without inputs add to the next layer a part of its bias.
func (r *reduction) foldConstants() {
	for i := range r.gone {
		if r.gone[i] || floats.Norm(r.in.W.RawRowView(i), 2) > 0 {
			continue
		}
		r.gone[i] = true
		value := 0.0
		if r.in.B != nil {
			value = max(r.in.B[i], r.slope*r.in.B[i])
		}
		if value == 0 {
			continue
		}
		if r.bias == nil {
			r.bias = make([]float64, r.onward.RawMatrix().Rows)
		}
		for k := range r.bias {
			r.bias[k] += value * r.onward.At(k, i)
			r.onward.Set(k, i, 0) // should it stay as the layer's only neuron
		}
	}
}

// join makes one neuron of those whose rows are multiples of one another. Only neurons whose rows have about the same product
// with one random direction are compared.
func (r *reduction) join() {
	rng := rand.New(rand.NewPCG(1, 0x726564))
	_, width := r.in.W.Dims()
	direction := make([]float64, width+1)
	for k := range direction {
		direction[k] = rng.NormFloat64() / math.Sqrt(float64(width+1))
	}
	type neuron struct {
		i       int
		row     []float64 // of length 1
		length  float64
		product float64
	}
	var order []neuron
	for i, gone := range r.gone {
		if gone {
			continue
		}
		row := append(slices.Clone(r.in.W.RawRowView(i)), 0)
		if r.in.B != nil {
			row[width] = r.in.B[i]
		}
		length := floats.Norm(row, 2)
		floats.Scale(1/length, row)
		order = append(order, neuron{i, row, length, floats.Dot(row, direction)})
	}
	slices.SortStableFunc(order, func(a, b neuron) int { return cmp.Compare(a.product, b.product) })
	for a := range order {
		if r.gone[order[a].i] {
			continue
		}
		for b := a + 1; b < len(order) && order[b].product-order[a].product < 2*alike; b++ {
			if !r.gone[order[b].i] && floats.Distance(order[a].row, order[b].row, 2) < alike {
				r.gone[order[b].i] = true
				r.addColumn(order[a].i, order[b].i, order[b].length/order[a].length)
			}
		}
	}
}

// addColumn lets a neuron speak for another, whose row is so many times its own.
func (r *reduction) addColumn(to, from int, times float64) {
	for k := range r.onward.RawMatrix().Rows {
		r.onward.Set(k, to, r.onward.At(k, to)+times*r.onward.At(k, from))
	}
}

// layers are the two layers with the neurons that stay.
func (r *reduction) layers() (in, out Affine) {
	in, out = r.in, r.out
	var stay []int
	for i, gone := range r.gone {
		if !gone {
			stay = append(stay, i)
		}
	}
	_, width := r.in.W.Dims()
	rows := r.onward.RawMatrix().Rows
	in.W, out.W, out.B = mat.NewDense(len(stay), width, nil), mat.NewDense(rows, len(stay), nil), r.bias
	if r.in.B != nil {
		in.B = make([]float64, len(stay))
	}
	for k, i := range stay {
		in.W.SetRow(k, r.in.W.RawRowView(i))
		if r.in.B != nil {
			in.B[k] = r.in.B[i]
		}
		for row := range rows {
			out.W.Set(row, k, r.onward.At(row, i))
		}
	}
	return in, out
}
