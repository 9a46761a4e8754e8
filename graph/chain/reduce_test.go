package chain

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// bloated adds to a network what changes nothing: neurons split in unequal parts, neurons that nothing reads, with large
// weights, and neurons that give a constant.
func bloated(n *Dense, rng *rand.Rand) *Dense {
	out := *n
	out.Layers = nil
	width := n.Layers[0].W.RawMatrix().Cols
	var columns *mat.Dense // how the neurons of the layer before make up those that were
	for l, layer := range n.Layers {
		h, _ := layer.W.Dims()
		w := layer.W
		if columns != nil {
			w = &mat.Dense{}
			w.Mul(layer.W, columns)
		}
		b := append([]float64{}, layer.B...)
		if layer.B == nil {
			b = make([]float64, h)
		}
		if l == len(n.Layers)-1 {
			out.Layers = append(out.Layers, Affine{W: w, B: b})
			break
		}
		more := 2*h + 3
		rows, bias := mat.NewDense(more, width, nil), make([]float64, more)
		columns = mat.NewDense(h, more, nil)
		for i := range h {
			scale, share := math.Exp(rng.NormFloat64()), rng.Float64()
			for k := range width {
				rows.Set(i, k, w.At(i, k))
				rows.Set(h+i, k, scale*w.At(i, k))
			}
			bias[i], bias[h+i] = b[i], scale*b[i]
			columns.Set(i, i, share)
			columns.Set(i, h+i, (1-share)/scale)
		}
		for k := range width { // nothing reads it
			rows.Set(2*h, k, 100*rng.NormFloat64())
		}
		bias[2*h+1], bias[2*h+2] = 2, -1 // constants, read by nothing before the network was rewritten
		out.Layers = append(out.Layers, Affine{W: rows, B: bias})
		width = more
	}
	return &out
}

func TestReduced(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	random := func(h, d int) *mat.Dense {
		m := mat.NewDense(h, d, nil)
		for i := range h {
			for k := range d {
				m.Set(i, k, rng.NormFloat64())
			}
		}
		return m
	}
	for _, slope := range []float64{0, 0.1} {
		n := &Dense{Slope: slope, Outputs: 3, InputShape: []int{6},
			Layers: []Affine{{W: random(5, 6), B: []float64{1, -1, 0.5, 0, 2}}, {W: random(4, 5)}, {W: random(3, 4)}}}
		if n.Reduced() != n {
			t.Error("a network with nothing to remove is copied")
		}
		big := bloated(n, rng)
		small := big.Reduced()
		for l, layer := range n.Layers {
			if a, b := small.Layers[l].W.RawMatrix().Rows, layer.W.RawMatrix().Rows; a != b {
				t.Errorf("layer %d has %d neurons, want %d", l, a, b)
			}
		}
		if len(small.Notes) != 1 || !strings.HasPrefix(small.Notes[0], "15 neurons") {
			t.Errorf("notes %q", small.Notes)
		}
		for range 20 {
			x := make([]float64, 6)
			for k := range x {
				x[k] = rng.NormFloat64()
			}
			want, got := forward(n, x), forward(small, x)
			for k := range want {
				if math.Abs(want[k]-got[k]) > 1e-9*(1+math.Abs(want[k])) {
					t.Fatalf("slope %v: logits %v, want %v", slope, got, want)
				}
			}
		}
	}
}

// Constants that are read become a part of the next layer's bias.
func TestReducedKeepsConstants(t *testing.T) {
	n := &Dense{Outputs: 1, InputShape: []int{2}, Layers: []Affine{
		{W: mat.NewDense(3, 2, []float64{1, 0, 0, 0, 0, 1}), B: []float64{0, 2, 0}}, {W: mat.NewDense(1, 3, []float64{1, 5, -1})}}}
	r := n.Reduced()
	if h, _ := r.Layers[0].W.Dims(); h != 2 || len(r.Layers[1].B) != 1 || r.Layers[1].B[0] != 10 {
		t.Errorf("%d neurons, bias %v", h, r.Layers[1].B)
	}
}

// A layer of constants alone keeps one neuron, which then adds nothing a second time.
func TestReducedOfConstantsAlone(t *testing.T) {
	n := &Dense{Outputs: 1, InputShape: []int{2}, Layers: []Affine{
		{W: mat.NewDense(2, 2, nil), B: []float64{2, 1}}, {W: mat.NewDense(1, 2, []float64{5, -1})}}}
	if want, got := forward(n, []float64{1, 1}), forward(n.Reduced(), []float64{1, 1}); want[0] != got[0] {
		t.Errorf("logit %v, want %v", got, want)
	}
}

// Neurons that no image makes active are removed, in any layer; those that a single one makes active stay, and the function is the
// same for all images.
func TestWithoutSilent(t *testing.T) {
	net := &Dense{Layers: []Affine{
		{W: mat.NewDense(4, 2, []float64{1, -2, 30, 40, 30, 40, -1, 0.5}), B: []float64{0.5, -70, -69.9, 0.1}},
		{W: mat.NewDense(3, 4, []float64{1, 2, 3, -1, -5, -5, -5, -5, 0.5, 1, -1, 2}), B: []float64{0, -0.01, 0.2}},
		{W: mat.NewDense(1, 3, []float64{1, 7, -1})},
	}, Outputs: 1, InputShape: []int{2}}
	low, high := []float64{0, 0}, []float64{1, 1}
	got := net.WithoutSilent(low, high)
	if a, _ := got.Layers[0].W.Dims(); a != 3 {
		t.Errorf("%d neurons of the first layer are left, 3 can be active", a)
	}
	if b, _ := got.Layers[1].W.Dims(); b != 2 {
		t.Errorf("%d neurons of the second layer are left, 2 can be active", b)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		x := []float64{rng.Float64(), rng.Float64()}
		if a, b := logit(net, x), logit(got, x); math.Abs(a-b) > 1e-12 {
			t.Fatalf("%v gives %g, and %g before", x, b, a)
		}
	}
	if wide := net.WithoutSilent([]float64{0, 0}, []float64{1, 1.1}); len(wide.Layers[0].B) != 4 {
		t.Errorf("a neuron that 1.1 makes active was removed")
	}
	leaky := *net
	leaky.Slope = 0.1
	if leaky.WithoutSilent(low, high) != &leaky {
		t.Error("a leaky neuron is never silent")
	}
}

func logit(n *Dense, x []float64) float64 {
	for l, layer := range n.Layers {
		_, x = layer.bounds(x, x)
		for i := range x {
			if l < len(n.Layers)-1 {
				x[i] = max(x[i], 0)
			}
		}
	}
	return x[0]
}
