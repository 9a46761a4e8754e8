package chain

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

func dense(t *testing.T, m *onnxio.Model) *Dense {
	t.Helper()
	d, err := DenseOf(compiled(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wantLayer(t *testing.T, got Affine, rows, columns int, w, b []float64) {
	t.Helper()
	if want := mat.NewDense(rows, columns, w); !mat.Equal(got.W, want) {
		t.Errorf("%s: weight\n%v\nwant\n%v", got.Name, mat.Formatted(got.W), mat.Formatted(want))
	}
	if diff := cmp.Diff(b, got.B); diff != "" {
		t.Errorf("%s: bias (-want +got)\n%s", got.Name, diff)
	}
}

func TestDenseOfGemms(t *testing.T) {
	d := dense(t, model([]int64{1, 1, 2},
		[]*onnxio.Tensor{
			someFloats("w1", []int{3, 2}, 1, 2, 3, 4, 5, 6),
			someFloats("b1", []int{3}, 0, 0, 0),
			someFloats("w2", []int{3, 2}, 1, 2, 3, 4, 5, 6),
			someFloats("b2", []int{1, 2}, 10, 20),
			ints("flat", -1, 2),
		},
		node("Reshape", "a", in("x", "flat")),
		node("Gemm", "z", in("a", "w1", "b1"), intAttr("transB", 1)),
		node("LeakyRelu", "h", in("z"), floatAttr("alpha", 0.25)),
		node("Gemm", "logits", in("h", "w2", "b2"), floatAttr("alpha", 2), floatAttr("beta", 0.5)),
		node("Softmax", "y", in("logits")),
	))
	if d.Slope != 0.25 || d.Outputs != 2 || !cmp.Equal(d.InputShape, []int{1, 1, 2}) || d.Input != nil {
		t.Errorf("slope %v, outputs %d, input %v normalised by %v", d.Slope, d.Outputs, d.InputShape, d.Input)
	}
	if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "Softmax_y") {
		t.Errorf("notes %q do not say that the softmax was stripped", d.Notes)
	}
	wantLayer(t, d.Layers[0], 3, 2, []float64{1, 2, 3, 4, 5, 6}, []float64{0, 0, 0})
	wantLayer(t, d.Layers[1], 2, 3, []float64{2, 6, 10, 4, 8, 12}, []float64{5, 10})
}

// A batch normalisation after a layer is folded into it, one after an activation into the layer that follows.
func TestDenseFoldsBatchNormalization(t *testing.T) {
	bn := func(output string, inputs ...string) onnxio.Node {
		return node("BatchNormalization", output, append(inputs, "scale", "shift", "mean", "var"), floatAttr("epsilon", 1))
	}
	parameters := []*onnxio.Tensor{
		someFloats("w1", []int{2, 2}, 1, 2, 3, 4),
		someFloats("w2", []int{2, 1}, 1, 1),
		someFloats("scale", []int{2}, 2, 4), someFloats("shift", []int{2}, 1, 1),
		someFloats("mean", []int{2}, 1, 2), someFloats("var", []int{2}, 3, 3),
	}
	// The normalisation is y = (1, 2) x + (0, -3).
	d := dense(t, model([]int64{2}, parameters,
		node("MatMul", "z", in("x", "w1")), bn("n", "z"), node("Relu", "h", in("n")), node("MatMul", "y", in("h", "w2"))))
	wantLayer(t, d.Layers[0], 2, 2, []float64{1, 3, 4, 8}, []float64{0, -3})
	wantLayer(t, d.Layers[1], 1, 2, []float64{1, 1}, nil)

	d = dense(t, model([]int64{2}, parameters,
		node("MatMul", "z", in("x", "w1")), node("Relu", "h", in("z")), bn("n", "h"), node("MatMul", "y", in("n", "w2"))))
	wantLayer(t, d.Layers[0], 2, 2, []float64{1, 3, 2, 4}, nil)
	wantLayer(t, d.Layers[1], 1, 2, []float64{1, 2}, []float64{-3})
}

// Normalisation of the input stays apart, in the order of the sample's elements; a transposition before the first layer
// permutes its columns.
func TestDenseNormalizesAndPermutesInput(t *testing.T) {
	d := dense(t, model([]int64{2, 2},
		[]*onnxio.Tensor{
			someFloats("mean", []int{1, 2, 1}, 1, 2), someFloats("std", []int{1}, 2),
			someFloats("w", []int{4, 1}, 1, 2, 3, 4), someFloats("c", []int{}, 1), ints("flat", 0, -1),
		},
		node("Sub", "c1", in("x", "mean")),
		node("Transpose", "t", in("c1"), intsAttr("perm", 0, 2, 1)),
		node("Div", "c2", in("t", "std")),
		node("Reshape", "f", in("c2", "flat")),
		node("MatMul", "z", in("f", "w")),
		node("Sub", "y", in("c", "z")),
	))
	want := &InputNormalization{Scale: []float64{0.5, 0.5, 0.5, 0.5}, Shift: []float64{-0.5, -0.5, -1, -1}}
	if diff := cmp.Diff(want, d.Input); diff != "" {
		t.Errorf("input normalisation (-want +got)\n%s", diff)
	}
	wantLayer(t, d.Layers[0], 1, 4, []float64{-1, -3, -2, -4}, []float64{1})
}

func TestDenseRefuses(t *testing.T) {
	w, v := someFloats("w", []int{2, 2}, 1, 2, 3, 4), someFloats("v", []int{2, 2}, 5, 6, 7, 8)
	both := []*onnxio.Tensor{w, v}
	for _, test := range []struct {
		name string
		m    *onnxio.Model
		want string
	}{
		{"activation at the end", model([]int64{2}, both, node("MatMul", "z", in("x", "w")), node("Relu", "y", in("z"))),
			`node "Relu_y" (Relu): an activation follows the last layer`},
		{"two products", model([]int64{2}, both, node("MatMul", "z", in("x", "w")), node("MatMul", "y", in("z", "v"))),
			`node "MatMul_y" (MatMul): no activation stands between it and the layer "w" before`},
		{"shared weight", model([]int64{2}, both, node("MatMul", "z", in("x", "w")), node("Relu", "h", in("z")), node("MatMul", "y", in("h", "w"))),
			`node "MatMul_y" (MatMul): it shares its weight "w" with node "MatMul_z"`},
		{"residual", model([]int64{2}, both, node("MatMul", "z", in("x", "w")), node("Relu", "h", in("z")), node("MatMul", "g", in("h", "v")), node("Add", "y", in("g", "h"))),
			`node "Add_y" (Add): it reads "Relu_h", which node "MatMul_g" reads too: the network branches`},
		{"sigmoid inside", model([]int64{2}, both, node("MatMul", "z", in("x", "w")), node("Sigmoid", "h", in("z")), node("MatMul", "y", in("h", "v"))),
			`node "Sigmoid_h" (Sigmoid): only Relu and LeakyRelu are known here`},
		{"no classifier", model([]int64{3, 2}, both, node("MatMul", "y", in("x", "w"))),
			`output "y" has shape [batch, 3, 2]: a classifier's is [batch, classes]`},
		{"no layer", model([]int64{2}, both, node("Identity", "y", in("x"))), "no node is a layer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := DenseOf(compiled(t, test.m)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one that says %q", err, test.want)
			}
		})
	}
}

// A batch size that was exported is no obstacle, wherever it is written.
func TestDenseOfStaticBatches(t *testing.T) {
	for name, m := range modeltest.StaticBatches() {
		t.Run(name, func(t *testing.T) {
			wantLayer(t, dense(t, m).Layers[0], 2, 4, []float64{1, 3, 5, 7, 2, 4, 6, 8}, nil)
		})
	}
}

// A network that mixes the samples of its batch is none.
func TestDenseOfBatchThatIsMixed(t *testing.T) {
	w := []*onnxio.Tensor{someFloats("w", []int{2, 2}, 1, 2, 3, 4)}
	net := compiled(t, modeltest.StaticBatch(model([]int64{2}, w,
		node("ReduceMean", "mean", in("x"), intsAttr("axes", 0)), node("Sub", "c", in("x", "mean")), node("MatMul", "y", in("c", "w"))), 2))
	if _, err := DenseOf(net); err == nil {
		t.Error("a network that mixes samples is extracted")
	}
}

// However a ReLU is written, the network is the same fully connected one.
func TestDenseOfRectifiers(t *testing.T) {
	for name, m := range modeltest.Rectifiers() {
		t.Run(name, func(t *testing.T) {
			if d := dense(t, m); len(d.Layers) != 2 || d.Slope != 0 {
				t.Errorf("%v", d)
			}
		})
	}
}

// A choice by a constant mask is folded into the layer.
func TestDenseOfConstantMask(t *testing.T) {
	mask := &onnxio.Tensor{Name: "m", DType: onnxio.Bool, Shape: []int{3}, Int64s: []int64{1, 0, 1}}
	w := []*onnxio.Tensor{mask, someFloats("zero", []int{}, 0), someFloats("w", []int{2, 3}, 1, 2, 3, 4, 5, 6), someFloats("v", []int{3, 1}, 1, 1, 1)}
	d := dense(t, model([]int64{2}, w, node("MatMul", "h", in("x", "w")), node("Where", "k", in("m", "h", "zero")), node("Relu", "r", in("k")),
		node("MatMul", "y", in("r", "v"))))
	wantLayer(t, d.Layers[0], 3, 2, []float64{1, 4, 0, 0, 3, 6}, nil)
}

// Samples that are normalised before a convolution are so apart from it, in either layout; after padding they cannot be.
func TestNormalisationBeforeConvolution(t *testing.T) {
	w := []*onnxio.Tensor{someFloats("mean", []int{2, 1, 1}, 1, 2), someFloats("std", []int{2, 1, 1}, 2, 4), someFloats("w", []int{1, 2, 2, 2}, 1, 2, 3, 4, 5, 6, 7, 8),
		ints("flat", 0, -1), someFloats("v", []int{4, 1}, 1, 2, 3, 4), someFloats("mean2", []int{2}, 1, 2), someFloats("std2", []int{2}, 2, 4)}
	rest := []onnxio.Node{node("Conv", "c", in("n", "w")), node("Relu", "r", in("c")), node("Reshape", "f", in("r", "flat")), node("MatMul", "y", in("f", "v"))}
	first := append([]onnxio.Node{node("Sub", "s", in("x", "mean")), node("Div", "n", in("s", "std"))}, rest...)
	last := append([]onnxio.Node{node("Sub", "s", in("x", "mean2")), node("Div", "d", in("s", "std2")), node("Transpose", "n", in("d"), intsAttr("perm", 0, 3, 1, 2))}, rest...)
	for name, m := range map[string]*onnxio.Model{"channels first": model([]int64{2, 3, 3}, w, first...), "channels last": model([]int64{3, 3, 2}, w, last...)} {
		net := compiled(t, m)
		c, err := ConvolutionalOf(net)
		if err != nil || c.Input == nil {
			t.Fatalf("%s: %v, %v", name, c, err)
		}
		x := make([]float64, 18)
		for i := range x {
			x[i] = float64(i*i%7) - 2
		}
		if want := logits(t, net, x); math.Abs(outputs(c, x)[0]-want[0]) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, outputs(c, x), want)
		}
	}
	padded := model([]int64{2, 2, 2}, append(w, ints("pads", 0, 0, 0, 0, 0, 0, 1, 1)), append([]onnxio.Node{node("Pad", "p", in("x", "pads")), node("Sub", "n", in("p", "mean"))}, rest...)...)
	if _, err := ConvolutionalOf(compiled(t, padded)); err == nil || !strings.Contains(err.Error(), "before they are normalised") {
		t.Errorf("%v", err)
	}
}
