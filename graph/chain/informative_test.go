package chain

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// directions is a matrix with so many singular values of 1, in random directions, and no others.
func directions(rng *rand.Rand, rows, cols, k int) *mat.Dense {
	var left, right mat.QR
	left.Factorize(gaussian(rows, k, 1, rng))
	right.Factorize(gaussian(cols, k, 1, rng))
	var u, v, w mat.Dense
	left.QTo(&u)
	right.QTo(&v)
	w.Mul(u.Slice(0, rows, 0, k), v.Slice(0, cols, 0, k).T())
	return &w
}

func TestInformative(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const k, out, in = 12, 64, 200
	w := directions(rng, out, in, k)
	noise := gaussian(out, in, 1e-5, rng)
	w.Add(w, noise)
	for _, scale := range []float64{1, 1e-6, 1e6} {
		var scaled mat.Dense
		scaled.Scale(scale, w)
		c := &Convolutional{Layers: []Layer{
			{Affine: Affine{W: gaussian(16, 9, 1, rng)}}, {Affine: Affine{W: &scaled}}, {Affine: Affine{W: gaussian(1, 64, 1, rng)}}}}
		layer, s, conditions := c.Informative()
		if want := float64(k * (out + in)); layer != 1 || s.Rank != k || math.Abs(conditions-want) > 0.01*want {
			t.Errorf("scale %v: layer %d of rank %d, %.0f conditions; want layer 1, %d, %.0f", scale, layer, s.Rank, conditions, k, want)
		}
	}
	// The same under as much noise as signal is worth less, and noise alone next to nothing.
	loud := gaussian(out, in, math.Sqrt(k)/math.Sqrt(out*in), rng)
	loud.Add(loud, w)
	least := NoiseRank(gaussian(out, in, 1, rng)).conditions(Affine{W: w})
	if n := NoiseRank(loud).conditions(Affine{W: loud}); n > 0.8*k*(out+in) || least > 0.2*k*(out+in) {
		t.Errorf("%.0f conditions under noise and %.0f of noise alone, where there are %d without", n, least, k*(out+in))
	}
	if n := NoiseRank(mat.NewDense(3, 4, nil)).conditions(Affine{W: mat.NewDense(3, 4, nil)}); n != 0 {
		t.Errorf("%v conditions of a weight of zeros", n)
	}
}

func TestConvolutionsTooLarge(t *testing.T) {
	const side, size = 120, 11
	m := onnxio.NewModel("test", "")
	m.Inputs = []onnxio.Value{onnxio.FloatValue("x", onnxio.Symbolic("batch"), onnxio.Fixed(1), onnxio.Fixed(side), onnxio.Fixed(side))}
	m.Outputs = []onnxio.Value{onnxio.FloatValue("y", onnxio.Symbolic("batch"), onnxio.Fixed(1))}
	const positions = (side - size + 1) * (side - size + 1)
	m.Initializers = []*onnxio.Tensor{onnxio.FloatTensor("w", make([]float32, size*size), 1, 1, size, size),
		onnxio.FloatTensor("v", make([]float32, positions), 1, positions)}
	m.Nodes = []onnxio.Node{{Name: "conv", Op: "Conv", Inputs: []string{"x", "w"}, Outputs: []string{"z"}},
		onnxio.Relu("relu", "z", "h"), {Name: "flat", Op: "Flatten", Inputs: []string{"h"}, Outputs: []string{"f"}},
		onnxio.Gemm("out", "f", "v", "", "y")}
	r, err := Inspect(context.Background(), m, graph.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Applicability.Applicable || !strings.Contains(r.Applicability.Reason, `"conv" (Conv): it reads 1464100 values a sample`) {
		t.Errorf("applicable: %v: %s", r.Applicability.Applicable, r.Applicability.Reason)
	}
}
