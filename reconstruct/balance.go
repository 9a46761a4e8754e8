package reconstruct

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// Scaling a hidden neuron's inputs by c and its outputs by 1/c changes nothing that a (leaky) ReLU network computes, but
// breaks the stationarity condition. Gradient flow keeps the difference
//
//	D_j = ||w_in,j||^2 + b_j^2 - ||w_out,j||^2
//
// of every hidden neuron at its initial value (Du, Hu and Lee 2018), which is nearly the same for all neurons of a layer.
// A wide spread of D over a layer means that its neurons were scaled, that the layers on its two sides were not trained together, or
// that they were trained in large steps or with momentum, which gradient flow describes badly. The noise separates the first case: the
// residual of a neuron's initial weights, outside the directions that training added, is equally strong for all neurons unless they were
// scaled. Scaled neurons are set back to a common D, which undoes the scaling. Others must be left as they are, as this would scale them.
//
// Where later layers were trained on samples that the first was not, D gives it away; who then scales the neurons so that D is even
// makes their noise uneven.

// balanceSweeps bounds the alternation over layers; scaling one layer's neurons moves its neighbours' norms.
const balanceSweeps = 20

// Balance says how evenly the neurons of the hidden layers carry their norms.
type Balance struct {
	// Spread has one entry a hidden layer: the range of D over the layer's mean norm.
	Spread []float64 `json:"spread"`
	// Noise has one entry a hidden layer: the range of the logarithm of the neurons' noise, 0 where there is none to tell from.
	Noise []float64 `json:"noise"`
	// Altered says that a spread is far above what training leaves and that the neurons' noise, where there is any, does not
	// speak against it; the network was rebalanced before anything else.
	Altered bool `json:"altered"`
	// Levelled says that the noise is uneven though D is even: neurons were scaled until it was.
	Levelled bool `json:"levelled"`
}

// Apart reports whether layers of this network were not trained together, as those of another were: a spread is far above what training
// leaves, also in the other one, and the network was not altered.
func (b Balance) Apart(other Balance) bool {
	usual := tamperedSpread
	for _, s := range other.Spread {
		usual = max(usual, spreadAgain*s)
	}
	return !b.Altered && len(b.Spread) > 0 && slices.Max(b.Spread) > usual
}

// rebalance measures the balance of net and, where it was altered, returns an equivalent network with every neuron's D
// set to its layer's median.
func rebalance(net *chain.Dense) (*chain.Dense, Balance) {
	var b Balance
	for l := range len(net.Layers) - 1 {
		s, n := imbalance(net, l).spread(), noiseOf(net.Layers[l].W)
		b.Spread, b.Noise = append(b.Spread, s), append(b.Noise, n.within)
		b.Altered = b.Altered || unbalanced(s) && (!n.visible || scaled(n.within, n.free))
		b.Levelled = b.Levelled || !unbalanced(s) && n.visible && levelled(n.within, n.free)
	}
	if !b.Altered {
		return net, b
	}
	even := copyOf(net)
	for range balanceSweeps {
		moved := 0.0
		for l := range len(even.Layers) - 1 {
			moved = max(moved, level(even, l))
		}
		if moved < 1e-6 {
			break
		}
	}
	return even, b
}

// unbalanced tells whether a spread is more than small steps leave.
func unbalanced(spread float64) bool { return spread > tamperedSpread }

// noise is how strong what the rows of a matrix hold outside the directions that training added is, beside each other.
type noise struct {
	// within is the range of the logarithm of its norm, and free the number of directions in it.
	within, free float64
	// visible says that there is any.
	visible bool
}

// noiseOf looks beside the singular vectors above the noise. These take in of the noise of row j as much as they owe to that row, its
// leverage in the left ones, so that 1 - leverage of it is left.
func noiseOf(w *mat.Dense) noise {
	s := chain.NoiseSpan(w)
	_, d := w.Dims()
	free := float64(d - s.Rank)
	if free < 1 || s.Edge <= noiseless*s.Singular[0] {
		return noise{}
	}
	var along mat.Dense
	along.Mul(w, s.V)
	var logs []float64
	for j := range along.RawMatrix().Rows {
		row, signal := w.RawRowView(j), along.RawRowView(j)
		leverage := 0.0
		for r, v := range signal {
			leverage += v * v / (s.Singular[r] * s.Singular[r])
		}
		rest := dot(row, row) - dot(signal, signal)
		if leverage < mostLeverage && rest > noiseless*noiseless*dot(row, row) { // not a pruned neuron
			logs = append(logs, math.Log(rest/(1-leverage))/2)
		}
	}
	sort.Float64s(logs)
	return noise{within: within90(logs), free: free * (1 - mostLeverage), visible: len(logs) > 0}
}

// scaled tells whether the logarithms of the norms of independent numbers, so many a neuron, range too widely for a network whose norms
// are uneven, and levelled for one whose norms are even.
func scaled(within, numbers float64) bool { return beyondChance(within, numbers, tamperedNoise) }

func levelled(within, numbers float64) bool { return beyondChance(within, numbers, levelledNoise) }

// beyondChance reports whether the range is more than a limit and chance together: one logarithm deviates by 1/sqrt(2n).
func beyondChance(within, numbers, limit float64) bool {
	return within > math.Hypot(quantileRange/math.Sqrt(2*numbers), limit)
}

const (
	// noiseless is the edge of the noise over the largest singular value below which there may be nothing but rounding.
	noiseless = 1e-6
	// mostLeverage is the leverage from which too little of a neuron's noise is left to tell its strength from.
	mostLeverage = 0.5
	// quantileRange is that from the 5 % to the 95 % quantile of the normal distribution.
	quantileRange = 3.29
)

// within90 is the range from the 5 % to the 95 % quantile of sorted values, 0 for none.
func within90(sorted []float64) float64 {
	k := len(sorted)
	if k == 0 {
		return 0
	}
	return sorted[k-1-k/20] - sorted[k/20]
}

// norms holds the squared norms of the weights into and out of each neuron of one hidden layer.
type norms struct{ in, out []float64 }

func imbalance(net *chain.Dense, l int) norms {
	w, next := net.Layers[l].W, net.Layers[l+1].W
	rows, _ := w.Dims()
	n := norms{in: make([]float64, rows), out: make([]float64, rows)}
	for j := range rows {
		row := mat.Row(nil, j, w)
		n.in[j] = dot(row, row)
		if b := net.Layers[l].B; b != nil {
			n.in[j] += b[j] * b[j]
		}
		col := mat.Col(nil, j, next)
		n.out[j] = dot(col, col)
	}
	return n
}

// differences returns D, sorted.
func (n norms) differences() []float64 {
	d := make([]float64, len(n.in))
	for j := range d {
		d[j] = n.in[j] - n.out[j]
	}
	sort.Float64s(d)
	return d
}

func (n norms) spread() float64 {
	d := n.differences()
	total := 0.0
	for j := range n.in {
		total += n.in[j] + n.out[j]
	}
	if total == 0 {
		return 0
	}
	return within90(d) * float64(len(d)) / total
}

// level scales the neurons of layer l so that each has the layer's median D and returns the largest logarithm of a scale.
func level(net *chain.Dense, l int) float64 {
	n := imbalance(net, l)
	d := n.differences()
	median := d[len(d)/2]
	moved := 0.0
	for j := range n.in {
		if n.in[j] == 0 || n.out[j] == 0 {
			continue // a dead neuron has no scale
		}
		// in t - out/t = D, for the square t of the scale.
		t := (median + math.Sqrt(median*median+4*n.in[j]*n.out[j])) / (2 * n.in[j])
		scaleNeuron(net, l, j, math.Sqrt(t))
		moved = max(moved, math.Abs(math.Log(t))/2)
	}
	return moved
}

// scaleNeuron multiplies the inputs of neuron j of layer l by c and divides its outputs by it.
func scaleNeuron(net *chain.Dense, l, j int, c float64) {
	layer, next := net.Layers[l], net.Layers[l+1].W
	_, cols := layer.W.Dims()
	for i := range cols {
		layer.W.Set(j, i, c*layer.W.At(j, i))
	}
	if layer.B != nil {
		layer.B[j] *= c
	}
	rows, _ := next.Dims()
	for i := range rows {
		next.Set(i, j, next.At(i, j)/c)
	}
}

func copyOf(net *chain.Dense) *chain.Dense {
	out := *net
	out.Layers = nil
	for _, l := range net.Layers {
		c := chain.Affine{Name: l.Name, W: mat.DenseCopyOf(l.W)}
		if l.B != nil {
			c.B = append([]float64(nil), l.B...)
		}
		out.Layers = append(out.Layers, c)
	}
	return &out
}
