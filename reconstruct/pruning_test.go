package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// lowRank is a matrix of rank r with singular values that fall, and the same with noise.
func lowRank(rng *rand.Rand, h, d, r int, sigma float64) (clean, noisy *mat.Dense) {
	draw := func(rows, cols int) *mat.Dense {
		m := mat.NewDense(rows, cols, nil)
		m.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, m)
		return m
	}
	left := draw(h, r)
	left.Apply(func(_, j int, v float64) float64 { return v * math.Pow(0.7, float64(j)) }, left)
	clean, noisy = new(mat.Dense), new(mat.Dense)
	clean.Mul(left, draw(r, d))
	noise := draw(h, d)
	noise.Scale(sigma, noise)
	noisy.Add(clean, noise)
	return clean, noisy
}

func TestFillIn(t *testing.T) {
	const h, d, r, sigma = 120, 200, 8, 1e-3
	for _, share := range []float64{0.2, 0.5} {
		rng := rand.New(rand.NewPCG(1, 2))
		clean, w := lowRank(rng, h, d, r, sigma)
		unknown := make([]bool, h*d)
		for i := range unknown {
			if unknown[i] = rng.Float64() < share; unknown[i] {
				w.RawMatrix().Data[i] = 0
			}
		}
		filled := fillIn(w, unknown)
		sum := 0.0
		for i, is := range unknown {
			got := filled.RawMatrix().Data[i]
			if !is && got != w.RawMatrix().Data[i] {
				t.Fatalf("a known weight changed from %v to %v", w.RawMatrix().Data[i], got)
			}
			if is {
				sum += math.Pow(got-clean.RawMatrix().Data[i], 2)
			}
		}
		// r (h + d - r) numbers are fitted to the known entries' noise, whose share of it they take up.
		bound := 2 * sigma * math.Sqrt(r*(h+d-r)/((1-share)*h*d))
		if rms := math.Sqrt(sum / float64(count(unknown))); rms > bound {
			t.Errorf("a share of %v lost: filled in to within %.2g, want %.2g", share, rms, bound)
		}
		if got := chain.NoiseRank(filled).Rank; got != r {
			t.Errorf("a share of %v lost: rank %d, want %d", share, got, r)
		}
	}
}

func TestRestore(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	_, w := lowRank(rng, 60, 100, 4, 1e-3)
	net := balancedNet(rng, 100, 60, 50, 3)
	net.Layers[0].W = w
	w.ColView(7).(*mat.VecDense).Zero() // an input without weights was not pruned
	if same, p := restore(net); same != net || p.Restored || p.Share != 0 {
		t.Errorf("a network that was not pruned counts as one: %+v", p)
	}
	rounded := copyOf(net)
	rounded.Layers[0].W.Apply(func(_, _ int, v float64) float64 { return 0.1 * math.Round(v/0.1) }, rounded.Layers[0].W)
	if same, p := restore(rounded); same != rounded || p.Restored || p.Share < prunedShare {
		t.Errorf("rounded weights count as pruned: %+v", p)
	}

	pruned := copyOf(net)
	for _, l := range pruned.Layers[:2] {
		for i := range l.W.RawMatrix().Data {
			if rng.Float64() < 0.1 {
				l.W.RawMatrix().Data[i] = 0
			}
		}
	}
	pruned.Layers[1].W.ColView(5).(*mat.VecDense).Zero()
	before := mat.DenseCopyOf(pruned.Layers[0].W)
	whole, p := restore(pruned)
	if !p.Restored || math.Abs(p.Share-0.1) > 0.02 {
		t.Errorf("a share of 0.1 was pruned: %+v", p)
	}
	if !mat.Equal(pruned.Layers[0].W, before) {
		t.Error("the network that was given changed")
	}
	// Neuron 5 is left out; the others, filled in, are those of the network before to within the noise.
	want := mat.NewDense(59, 100, nil)
	for j := range 59 {
		i := j
		if j >= 5 {
			i++
		}
		want.SetRow(j, w.RawRowView(i))
		if whole.Layers[0].B[j] != net.Layers[0].B[i] || whole.Layers[1].W.At(2, j) != pruned.Layers[1].W.At(2, i) {
			t.Fatalf("neuron %d is no longer in its place", i)
		}
	}
	if !mat.EqualApprox(whole.Layers[0].W, want, 6e-3) {
		t.Error("the first layer is not what it was")
	}
}
