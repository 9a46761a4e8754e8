package graph

import (
	"context"
	"strings"
	"testing"

	"unlearnguard/onnxio"
)

// What files of many exporters do with the batch, their inputs and their outputs: how each kind is read, and what is said of it.
func TestKindsOfFiles(t *testing.T) {
	w := []*onnxio.Tensor{
		floats("w", []int{4, 3}, 1, -2, 3, 4, 5, -6, 7, 8, 9, -1, 2, 3), floats("v", []int{3, 4}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12),
		floats("k", []int{1, 1, 1, 1}, 2), floats("u", []int{3, 3}, 1, 2, -3, 4, 5, 6, 7, 8, -9), ints("row", 1, 4), ints("square", 2, 2), ints("twice", 2, 1),
		ints("parts", -1, 1, 1, 2), ints("flat", -1, 4), ints("zero", 0),
		{Name: "first", DType: onnxio.Int64, Shape: []int{}, Int64s: []int64{0}},
	}
	product := node("MatMul", "y", in("f", "w"))
	more := func(m *onnxio.Model, inputs, outputs []string) *onnxio.Model {
		for _, name := range inputs {
			m.Inputs = append(m.Inputs, onnxio.Value{Name: name, DType: onnxio.Float32, Shape: []onnxio.Dim{{Size: 2}}})
		}
		for _, name := range outputs {
			m.Outputs = append(m.Outputs, onnxio.Value{Name: name, DType: onnxio.Float32})
		}
		return m
	}
	zipped := node("ZipMap", "p", in("s"))
	zipped.Domain = "ai.onnx.ml"
	ones := onnxio.Attribute{Name: "value", Kind: onnxio.KindTensor, Tensor: floats("", []int{1}, 1)}
	open := func(m *onnxio.Model) *onnxio.Model {
		m.Inputs[0].Shape[1] = onnxio.Dim{Size: -1}
		return m
	}
	for name, c := range map[string]struct {
		m    *onnxio.Model
		size Size   // of the batch, 0 for a model that is refused
		says string // in a note, or as the reason of a refusal
	}{
		"transposed batch of 1": {staticBatch(model([]int64{4}, w, node("Transpose", "t", in("x")), node("Reshape", "f", in("t", "row")), product), 1),
			fixed(1), "the exported batch size of 1 only: node \"MatMul_y\""},
		"CNHW": {staticBatch(model([]int64{2, 2, 1}, w, node("Transpose", "t", in("x"), intsAttr("perm", 1, 0, 2, 3)), node("Reshape", "f", in("t", "row")), product), 1),
			fixed(1), "the exported batch size of 1 only"},
		"transposed and back": {model([]int64{4}, w, node("Transpose", "t", in("x")), node("Transpose", "f", in("t")), product), Size{PerSample: 1}, ""},
		"mean of two versions": {staticBatch(model([]int64{4}, w, node("Concat", "c", in("x", "x"), intAttr("axis", 0)),
			node("ReduceMean", "f", in("c"), intsAttr("axes", 0)), product), 1), fixed(1), "batch size of 1 only"},
		"softmax across a batch of 1":    {staticBatch(model([]int64{4}, w, node("Softmax", "f", in("x"), intAttr("axis", 0)), product), 1), fixed(1), "batch size of 1 only"},
		"softmax across an open batch":   {model([]int64{4}, w, node("Softmax", "f", in("x"), intAttr("axis", 0)), product), Size{}, "holds the samples"},
		"mean across an open batch":      {model([]int64{4}, w, node("ReduceMean", "f", in("x"), intsAttr("axes", 0)), product), Size{}, "across the batch"},
		"product across an open batch":   {model([]int64{4}, w, node("Transpose", "t", in("x")), node("MatMul", "f", in("t", "x")), product), Size{}, "one part for each sample"},
		"one sample of an open batch":    {model([]int64{4}, w, node("Identity", "f", in("x")), node("MatMul", "z", in("f", "w")), node("Gather", "y", in("z", "first"), intAttr("axis", 0))), fixed(1), "one sample at a time"},
		"literal batch of an open model": {model([]int64{2, 2}, w, node("Reshape", "f", in("x", "row")), product), Size{PerSample: 1}, ""},
		"ones like":                      {model([]int64{4}, w, node("Shape", "s", in("x")), node("ConstantOfShape", "o", in("s"), ones), node("Mul", "f", in("x", "o")), product), Size{PerSample: 1}, ""},
		"joined zeros":                   {model([]int64{2}, w, node("Shape", "s", in("x")), node("ConstantOfShape", "o", in("s")), node("Concat", "f", in("x", "o"), intAttr("axis", 1)), product), Size{PerSample: 1}, ""},
		"channels as batch":              {model([]int64{2, 1, 2}, w, node("Reshape", "b", in("x", "parts")), node("Conv", "c", in("b", "k")), node("Reshape", "f", in("c", "flat")), product), Size{PerSample: 1}, ""},
		"unused input":                   {more(model([]int64{4}, w, node("Identity", "f", in("x")), product), in("phase"), nil), Size{PerSample: 1}, `inputs ["phase"] are ignored`},
		"two inputs":                     {more(model([]int64{2}, w, node("Concat", "f", in("x", "other"), intAttr("axis", 0)), product), in("other"), nil), Size{}, `depends on 2 inputs ["x" "other"]`},
		"label first": {more(model([]int64{4}, w, node("MatMul", "z", in("x", "w")), node("Softmax", "s", in("z")), node("ArgMax", "y", in("s"), intAttr("axis", 1)), zipped), nil, in("p")),
			Size{PerSample: 1}, `"p", which is a classifier's, unlike ["y"], is used`},
		"features first": {more(model([]int64{4}, w, node("MatMul", "z", in("x", "w")), node("Relu", "y", in("z")), node("MatMul", "p", in("y", "u"))), nil, in("p")),
			Size{PerSample: 1}, `"p", which is a classifier's`},
		"sum of two layouts": {staticBatch(model([]int64{2}, w, node("Tile", "t", in("x", "twice")), node("Concat", "c", in("x", "x"), intAttr("axis", 1)),
			node("Reshape", "r", in("c", "square")), node("Add", "a", in("t", "r")), node("Reshape", "f", in("a", "row")), product), 1), fixed(1), "lie differently"},
		"two layouts side by side": {staticBatch(model([]int64{2}, w, node("Tile", "t", in("x", "twice")), node("Concat", "c", in("x", "x"), intAttr("axis", 1)),
			node("Reshape", "r", in("c", "square")), node("Concat", "a", in("t", "r"), intAttr("axis", 1)), node("ReduceMean", "f", in("a"), intsAttr("axes", 0)), product), 1), fixed(1), "lie differently"},
		"vector":         {staticBatch(model(nil, w, node("MatMul", "z", in("v", "x")), node("MatMul", "y", in("z", "v"))), 4), fixed(1), ""},
		"open shape":     {open(model([]int64{1}, w, node("MatMul", "y", in("x", "w")))), Size{PerSample: 1}, "samples are assumed to have the shape [4]: input x [float32, batch x ?]"},
		"two open axes":  {open(model([]int64{1, 2}, w, node("MatMul", "y", in("x", "w")))), Size{}, "leaves its shape open: give the shape of one sample"},
		"squeezed batch": {staticBatch(model([]int64{3, 4}, w, node("Squeeze", "f", in("x")), node("ReduceMean", "m", in("f"), intsAttr("axes", 1), intAttr("keepdims", 0)), node("MatMul", "y", in("m", "v"))), 1), fixed(1), "batch of 1 as well"},
	} {
		t.Run(name, func(t *testing.T) {
			r := inspected(t, c.m)
			said := strings.Join(r.Notes, "\n") + r.Applicability.Reason
			for _, f := range r.Unsupported {
				said += "\n" + f.String()
			}
			if !strings.Contains(said, c.says) {
				t.Errorf("it says %q, want %q", said, c.says)
			}
			net, err := Compile(c.m, Options{})
			if c.size == (Size{}) {
				if err == nil {
					t.Errorf("it is read, with a batch of %v", net.batch)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if net.batch != c.size {
				t.Errorf("batch of %v, want %v", net.batch, c.size)
			}
			if _, err := net.Convolutional(); err != nil {
				t.Log(err) // but no panic
			}
			checkDense(t, net)
			// Three samples, alone and in a batch.
			x := make([]float64, 3*volume(net.InputShape))
			for i := range x {
				x[i] = float64(i*i%7) - 2
			}
			var results [2][]float64
			for i := range results {
				e, err := net.Evaluator(EvaluatorOptions{Batch: 1 + 2*i})
				if err != nil {
					t.Fatal(err)
				}
				if results[i], err = e.Run(context.Background(), x); err != nil {
					t.Fatal(err)
				}
			}
			if !same(results[1], results[0]) {
				t.Errorf("%v in a batch, %v alone", results[1], results[0])
			}
		})
	}
}
