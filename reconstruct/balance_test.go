package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// balancedNet is a random network whose hidden neurons have equal norms on both sides, as gradient descent from a small
// initialisation leaves them.
func balancedNet(rng *rand.Rand, widths ...int) *chain.Dense {
	net := &chain.Dense{}
	for l := range len(widths) - 1 {
		w := mat.NewDense(widths[l+1], widths[l], nil)
		w.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() / math.Sqrt(float64(widths[l])) }, w)
		net.Layers = append(net.Layers, chain.Affine{W: w})
	}
	net.Layers[0].B = make([]float64, widths[1])
	for i := range net.Layers[0].B {
		net.Layers[0].B[i] = 0.1 * rng.NormFloat64()
	}
	for range 50 {
		for l := range len(net.Layers) - 1 {
			n := imbalance(net, l)
			for j := range n.in {
				scaleNeuron(net, l, j, math.Pow(n.out[j]/n.in[j], 0.25))
			}
		}
	}
	return net
}

func evaluate(net *chain.Dense, x []float64) []float64 {
	a := mat.NewVecDense(len(x), append([]float64(nil), x...))
	for l, layer := range net.Layers {
		var z mat.VecDense
		z.MulVec(layer.W, a)
		for i := range z.Len() {
			v := z.AtVec(i)
			if layer.B != nil {
				v += layer.B[i]
			}
			if l+1 < len(net.Layers) {
				v = max(v, net.Slope*v)
			}
			z.SetVec(i, v)
		}
		a = &z
	}
	return a.RawVector().Data
}

func TestRebalanceUndoesScaledNeurons(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, widths := range [][]int{{12, 60, 1}, {12, 60, 50, 3}} {
		net := balancedNet(rng, widths...)
		if _, b := rebalance(net); b.Altered {
			t.Errorf("%v: an untouched network counts as altered, spread %v", widths, b.Spread)
		}
		scaled := copyOf(net)
		for l := range len(widths) - 2 {
			for j := range widths[l+1] {
				scaleNeuron(scaled, l, j, math.Exp(0.7*rng.NormFloat64()))
			}
		}
		even, b := rebalance(scaled)
		if !b.Altered {
			t.Errorf("%v: scaled neurons were not noticed, spread %v", widths, b.Spread)
		}
		for range 5 {
			x := make([]float64, widths[0])
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			want, got := evaluate(scaled, x), evaluate(even, x)
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-9*(1+math.Abs(want[i])) {
					t.Fatalf("%v: rebalancing changed the function: %v became %v", widths, want, got)
				}
			}
		}
		// The spread of the untouched network is gone and so is what the scaling did to the weights, up to the
		// median's own error.
		for l := range net.Layers {
			var diff mat.Dense
			diff.Sub(net.Layers[l].W, even.Layers[l].W)
			if off := mat.Norm(&diff, 2) / mat.Norm(net.Layers[l].W, 2); off > 0.25 {
				t.Errorf("%v: layer %d is %.2f away from what it was", widths, l, off)
			}
		}
	}
}

// Training in large steps leaves norms uneven, but not the noise beside what was learnt: nothing was scaled, and undoing it
// would do harm.
func TestUnevenNormsWithEvenNoiseAreNotTampering(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const d, h, rank = 100, 80, 5
	normal := func(r, c int, scale float64) *mat.Dense {
		m := mat.NewDense(r, c, nil)
		m.Apply(func(int, int, float64) float64 { return scale * rng.NormFloat64() }, m)
		return m
	}
	var learnt mat.Dense
	learnt.Mul(normal(h, rank, 1), normal(rank, d, 0.1))
	learnt.Add(&learnt, normal(h, d, 1e-3))
	net := &chain.Dense{Layers: []chain.Affine{{W: &learnt}, {W: normal(1, h, 1)}}}
	same, b := rebalance(net)
	if b.Altered || same != net || b.Spread[0] < tamperedSpread {
		t.Errorf("altered %v, spread %v", b.Altered, b.Spread)
	}
	for j := range h {
		scaleNeuron(net, 0, j, math.Exp(rng.Float64()-0.5))
	}
	if _, b := rebalance(net); !b.Altered {
		t.Errorf("scaled neurons were not noticed, spread %v", b.Spread)
	}
	// Without noise there is nothing to tell by, and the norms alone decide.
	net.Layers[0].W.Mul(normal(h, rank, 1), normal(rank, d, 0.1))
	if _, b := rebalance(net); !b.Altered {
		t.Errorf("without noise: not altered, spread %v", b.Spread)
	}
}

// A network of which later layers alone were trained on has norms that do not fit each other, beside even noise. Who evens the norms by
// scaling neurons makes the noise uneven.
func TestLayersTrainedApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const d, h, rank, noise = 400, 200, 5, 1e-3
	draw := func(r, c int, scale float64) *mat.Dense {
		m := mat.NewDense(r, c, nil)
		m.Apply(func(int, int, float64) float64 { return scale * rng.NormFloat64() }, m)
		return m
	}
	grown := func() *chain.Dense { // D = 0, and noise beside what was learnt
		var w mat.Dense
		w.Mul(draw(h, rank, 1), draw(rank, d, 0.1))
		w.Add(&w, draw(h, d, noise))
		out := mat.NewDense(1, h, nil)
		for j := range h {
			out.Set(0, j, mat.Norm(w.RowView(j), 2))
		}
		return &chain.Dense{Layers: []chain.Affine{{W: &w}, {W: out}}}
	}
	before := grown()
	_, usual := rebalance(before)
	if usual.Altered || usual.Levelled || usual.Apart(usual) {
		t.Errorf("as training leaves it: %+v", usual)
	}

	after := grown()
	for j := range h {
		after.Layers[1].W.Set(0, j, after.Layers[1].W.At(0, j)*math.Exp(0.7*rng.NormFloat64()))
	}
	same, apart := rebalance(after)
	if same != after || apart.Altered || apart.Levelled || !apart.Apart(usual) {
		t.Errorf("another last layer: %+v", apart)
	}
	if apart.Apart(apart) {
		t.Error("what the model before shows as well is no sign")
	}
	for j := range h {
		scaleNeuron(after, 0, j, math.Sqrt(after.Layers[1].W.At(0, j)/mat.Norm(after.Layers[0].W.RowView(j), 2)))
	}
	if _, b := rebalance(after); b.Altered || !b.Levelled || b.Apart(usual) {
		t.Errorf("another last layer, neurons levelled: %+v", b)
	}
}
