package main

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/graph/chain"
	"unlearnguard/onnxio"
)

// models are small files for the scripts, with an input of 1 x 8 x 8.
var models = map[string]func() *onnxio.Model{
	"relu":  func() *onnxio.Model { return small(1) },
	"tanh":  func() *onnxio.Model { return withActivation("Tanh") },
	"noop":  func() *onnxio.Model { return withActivation("NoSuchOperator") },
	"image": imageToImage,
	// nan has a weight that is no number, zero a first layer of nothing.
	"nan":  func() *onnxio.Model { m := small(1); m.Initializers[0].Float32s[5] = float32(math.NaN()); return m },
	"zero": func() *onnxio.Model { m := small(1); clear(m.Initializers[0].Float32s); return m },
	// noise takes digits of 28 x 28 and was never trained.
	"noise": func() *onnxio.Model {
		net := &chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(100, 784, weights(78400))}, {W: mat.NewDense(1, 100, weights(100))}}, Outputs: 1}
		return fixtures.Export(net, 1, 28, 28)
	},
	// linear has no hidden layer.
	"linear": func() *onnxio.Model {
		net := &chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(1, 64, weights(64))}}, Outputs: 1}
		return fixtures.Export(net, 1, 8, 8)
	},
	// four takes four channels.
	"four": func() *onnxio.Model {
		net := &chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(6, 256, weights(6*256))}, {W: mat.NewDense(1, 6, weights(6))}}, Outputs: 1}
		return fixtures.Export(net, 4, 8, 8)
	},
	// open leaves the shape of its input open.
	"open": func() *onnxio.Model {
		m := small(1)
		m.Inputs[0].Shape = []onnxio.Dim{onnxio.Symbolic("n"), onnxio.Symbolic("c"), onnxio.Symbolic("h"), onnxio.Symbolic("w")}
		return m
	},
	// features gives out what its hidden layer computes before its logits.
	"features": func() *onnxio.Model {
		m := small(3)
		m.Outputs = append([]onnxio.Value{onnxio.FloatValue("hidden", onnxio.Symbolic("batch"), onnxio.Fixed(6))}, m.Outputs...)
		for i := range m.Nodes {
			if m.Nodes[i].Op == "Relu" {
				was := m.Nodes[i].Outputs[0]
				m.Nodes[i].Outputs[0] = "hidden"
				for k := range m.Nodes {
					for j, in := range m.Nodes[k].Inputs {
						if in == was {
							m.Nodes[k].Inputs[j] = "hidden"
						}
					}
				}
			}
		}
		return m
	},
	// rgb takes three channels.
	"rgb": func() *onnxio.Model {
		net := &chain.Dense{Layers: []chain.Affine{{W: mat.NewDense(6, 192, weights(6*192))}, {W: mat.NewDense(1, 6, weights(6))}}, Outputs: 1}
		return fixtures.Export(net, 3, 8, 8)
	},
}

// small is 64-6-outputs, with the same weights in every run.
func small(outputs int) *onnxio.Model {
	net := &chain.Dense{Outputs: outputs, Layers: []chain.Affine{
		{W: mat.NewDense(6, 64, weights(6*64)), B: weights(6)},
		{W: mat.NewDense(outputs, 6, weights(6*outputs))},
	}}
	return fixtures.Export(net, 1, 8, 8)
}

// answers are inputs of small(1), and its outputs, off by a constant.
func answers(off float64) (x, y []float64) {
	first, bias, last := weights(6*64), weights(6), weights(6)
	for s := range 5 {
		sample := weights(64 + s)[:64]
		out := off
		for j := range 6 {
			z := bias[j]
			for k, v := range sample {
				z += first[j*64+k] * v
			}
			out += last[j] * max(z, 0)
		}
		x, y = append(x, sample...), append(y, out)
	}
	return x, y
}

func weights(n int) []float64 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	w := make([]float64, n)
	for i := range w {
		w[i] = rng.NormFloat64()
	}
	return w
}

// withActivation has another operator in the place of the ReLU.
func withActivation(op string) *onnxio.Model {
	m := small(1)
	for i := range m.Nodes {
		if m.Nodes[i].Op == "Relu" {
			m.Nodes[i].Op = op
		}
	}
	return m
}

// imageToImage is no classifier: it gives out a picture.
func imageToImage() *onnxio.Model {
	m := small(64)
	m.Nodes[len(m.Nodes)-1].Outputs = []string{"flat picture"}
	m.Initializers = append(m.Initializers, &onnxio.Tensor{Name: "shape", DType: onnxio.Int64, Shape: []int{4}, Int64s: []int64{-1, 1, 8, 8}})
	m.Nodes = append(m.Nodes, onnxio.Node{Name: "reshape", Op: "Reshape", Inputs: []string{"flat picture", "shape"}, Outputs: []string{"picture"}})
	m.Outputs = []onnxio.Value{onnxio.FloatValue("picture", onnxio.Symbolic("batch"), onnxio.Fixed(1), onnxio.Fixed(8), onnxio.Fixed(8))}
	return m
}

// picture is a square of noise.
func picture(side int, colour bool, seed int) image.Image {
	rng := rand.New(rand.NewPCG(uint64(seed), 2))
	frame := image.Rect(0, 0, side, side)
	grey, rgb := image.NewGray(frame), image.NewNRGBA(frame)
	for y := range side {
		for x := range side {
			grey.SetGray(x, y, color.Gray{Y: uint8(rng.UintN(256))})
			rgb.SetNRGBA(x, y, color.NRGBA{R: uint8(rng.UintN(256)), G: uint8(rng.UintN(256)), B: uint8(rng.UintN(256)), A: 255})
		}
	}
	if colour {
		return rgb
	}
	return grey
}
