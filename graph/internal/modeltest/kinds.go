package modeltest

import "unlearnguard/onnxio"

// Kind is a model as some exporter writes it.
type Kind struct {
	Model *onnxio.Model
	// Batch is the batch size at which it is read: a number of samples, [AnySize] or [Refused].
	Batch int
	// Says is in a note, or in the reason of a refusal.
	Says string
}

// Batch sizes of a [Kind]: a model that takes any number of samples, and one that is refused.
const (
	AnySize = -1
	Refused = 0
)

// Kinds are what files of many exporters do with the batch, their inputs and their outputs.
func Kinds() map[string]Kind {
	w := []*onnxio.Tensor{
		Floats("w", []int{4, 3}, 1, -2, 3, 4, 5, -6, 7, 8, 9, -1, 2, 3), Floats("v", []int{3, 4}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12),
		Floats("k", []int{1, 1, 1, 1}, 2), Floats("u", []int{3, 3}, 1, 2, -3, 4, 5, 6, 7, 8, -9), Ints("row", 1, 4), Ints("square", 2, 2), Ints("twice", 2, 1),
		Ints("parts", -1, 1, 1, 2), Ints("flat", -1, 4), Ints("zero", 0),
		{Name: "first", DType: onnxio.Int64, Shape: []int{}, Int64s: []int64{0}},
	}
	product := Node("MatMul", "y", In("f", "w"))
	more := func(m *onnxio.Model, inputs, outputs []string) *onnxio.Model {
		for _, name := range inputs {
			m.Inputs = append(m.Inputs, onnxio.Value{Name: name, DType: onnxio.Float32, Shape: []onnxio.Dim{{Size: 2}}})
		}
		for _, name := range outputs {
			m.Outputs = append(m.Outputs, onnxio.Value{Name: name, DType: onnxio.Float32})
		}
		return m
	}
	zipped := Node("ZipMap", "p", In("s"))
	zipped.Domain = "ai.onnx.ml"
	ones := onnxio.Attribute{Name: "value", Kind: onnxio.KindTensor, Tensor: Floats("", []int{1}, 1)}
	open := func(m *onnxio.Model) *onnxio.Model {
		m.Inputs[0].Shape[1] = onnxio.Dim{Size: -1}
		return m
	}
	return map[string]Kind{
		"transposed batch of 1": {StaticBatch(Model([]int64{4}, w, Node("Transpose", "t", In("x")), Node("Reshape", "f", In("t", "row")), product), 1),
			1, "the exported batch size of 1 only: node \"MatMul_y\""},
		"CNHW": {StaticBatch(Model([]int64{2, 2, 1}, w, Node("Transpose", "t", In("x"), IntsAttr("perm", 1, 0, 2, 3)), Node("Reshape", "f", In("t", "row")), product), 1),
			1, "the exported batch size of 1 only"},
		"transposed and back": {Model([]int64{4}, w, Node("Transpose", "t", In("x")), Node("Transpose", "f", In("t")), product), AnySize, ""},
		"mean of two versions": {StaticBatch(Model([]int64{4}, w, Node("Concat", "c", In("x", "x"), IntAttr("axis", 0)),
			Node("ReduceMean", "f", In("c"), IntsAttr("axes", 0)), product), 1), 1, "batch size of 1 only"},
		"softmax across a batch of 1":    {StaticBatch(Model([]int64{4}, w, Node("Softmax", "f", In("x"), IntAttr("axis", 0)), product), 1), 1, "batch size of 1 only"},
		"softmax across an open batch":   {Model([]int64{4}, w, Node("Softmax", "f", In("x"), IntAttr("axis", 0)), product), Refused, "holds the samples"},
		"mean across an open batch":      {Model([]int64{4}, w, Node("ReduceMean", "f", In("x"), IntsAttr("axes", 0)), product), Refused, "across the batch"},
		"product across an open batch":   {Model([]int64{4}, w, Node("Transpose", "t", In("x")), Node("MatMul", "f", In("t", "x")), product), Refused, "one part for each sample"},
		"one sample of an open batch":    {Model([]int64{4}, w, Node("Identity", "f", In("x")), Node("MatMul", "z", In("f", "w")), Node("Gather", "y", In("z", "first"), IntAttr("axis", 0))), 1, "one sample at a time"},
		"literal batch of an open model": {Model([]int64{2, 2}, w, Node("Reshape", "f", In("x", "row")), product), AnySize, ""},
		"ones like":                      {Model([]int64{4}, w, Node("Shape", "s", In("x")), Node("ConstantOfShape", "o", In("s"), ones), Node("Mul", "f", In("x", "o")), product), AnySize, ""},
		"joined zeros":                   {Model([]int64{2}, w, Node("Shape", "s", In("x")), Node("ConstantOfShape", "o", In("s")), Node("Concat", "f", In("x", "o"), IntAttr("axis", 1)), product), AnySize, ""},
		"channels as batch":              {Model([]int64{2, 1, 2}, w, Node("Reshape", "b", In("x", "parts")), Node("Conv", "c", In("b", "k")), Node("Reshape", "f", In("c", "flat")), product), AnySize, ""},
		"unused input":                   {more(Model([]int64{4}, w, Node("Identity", "f", In("x")), product), In("phase"), nil), AnySize, `inputs ["phase"] are ignored`},
		"two inputs":                     {more(Model([]int64{2}, w, Node("Concat", "f", In("x", "other"), IntAttr("axis", 0)), product), In("other"), nil), Refused, `depends on 2 inputs ["x" "other"]`},
		"label first": {more(Model([]int64{4}, w, Node("MatMul", "z", In("x", "w")), Node("Softmax", "s", In("z")), Node("ArgMax", "y", In("s"), IntAttr("axis", 1)), zipped), nil, In("p")),
			AnySize, `"p", which is a classifier's, unlike ["y"], is used`},
		"features first": {more(Model([]int64{4}, w, Node("MatMul", "z", In("x", "w")), Node("Relu", "y", In("z")), Node("MatMul", "p", In("y", "u"))), nil, In("p")),
			AnySize, `"p", which is a classifier's`},
		"sum of two layouts": {StaticBatch(Model([]int64{2}, w, Node("Tile", "t", In("x", "twice")), Node("Concat", "c", In("x", "x"), IntAttr("axis", 1)),
			Node("Reshape", "r", In("c", "square")), Node("Add", "a", In("t", "r")), Node("Reshape", "f", In("a", "row")), product), 1), 1, "lie differently"},
		"two layouts side by side": {StaticBatch(Model([]int64{2}, w, Node("Tile", "t", In("x", "twice")), Node("Concat", "c", In("x", "x"), IntAttr("axis", 1)),
			Node("Reshape", "r", In("c", "square")), Node("Concat", "a", In("t", "r"), IntAttr("axis", 1)), Node("ReduceMean", "f", In("a"), IntsAttr("axes", 0)), product), 1), 1, "lie differently"},
		"vector":         {StaticBatch(Model(nil, w, Node("MatMul", "z", In("v", "x")), Node("MatMul", "y", In("z", "v"))), 4), 1, ""},
		"open shape":     {open(Model([]int64{1}, w, Node("MatMul", "y", In("x", "w")))), AnySize, "samples are assumed to have the shape [4]: input x [float32, batch x ?]"},
		"two open axes":  {open(Model([]int64{1, 2}, w, Node("MatMul", "y", In("x", "w")))), Refused, "leaves its shape open: give the shape of one sample"},
		"squeezed batch": {StaticBatch(Model([]int64{3, 4}, w, Node("Squeeze", "f", In("x")), Node("ReduceMean", "m", In("f"), IntsAttr("axes", 1), IntAttr("keepdims", 0)), Node("MatMul", "y", In("m", "v"))), 1), 1, "batch of 1 as well"},
	}
}

// StaticBatches are models of 4 inputs and 2 outputs that were exported for one batch size: the size is a literal, part of the
// model's arithmetic, or no batch at all.
func StaticBatches() map[string]*onnxio.Model {
	w := []*onnxio.Tensor{Floats("w", []int{4, 2}, 1, 2, 3, 4, 5, 6, 7, 8), Ints("flat", 1, 4), Ints("line", -1), Ints("zero", 0)}
	product := Node("MatMul", "y", In("f", "w"))
	return map[string]*onnxio.Model{
		"literal":         StaticBatch(Model([]int64{2, 2}, w, Node("Reshape", "f", In("x", "flat")), product), 1),
		"one long vector": StaticBatch(Model([]int64{2, 2}, w, Node("Reshape", "f", In("x", "line")), product), 1),
		"squeezed batch":  StaticBatch(Model([]int64{4}, w, Node("Squeeze", "f", In("x", "zero")), product), 1),
		"open":            Model([]int64{2, 2}, w, Node("Reshape", "f", In("x", "flat")), product),
		"two samples":     StaticBatch(Model([]int64{4}, w, Node("Identity", "f", In("x")), product), 2),
		"no batch":        StaticBatch(Model([]int64{}, w, Node("Identity", "f", In("x")), product), 4),
		"matrix":          StaticBatch(Model([]int64{2}, w, Node("Reshape", "f", In("x", "flat")), product), 2),
	}
}

// Rectifiers are models of two layers, W of 3 x 2 and V of 2 x 3, with a ReLU between them that is written in different ways.
func Rectifiers() map[string]*onnxio.Model {
	w := []*onnxio.Tensor{Floats("w", []int{2, 3}, 1, -1, 2, 0.5, 1, -3), Floats("v", []int{3, 2}, 1, 2, 3, 4, 5, 6),
		Floats("zeros", []int{3}, 0, 0, 0), Floats("half", []int{}, 0.5), Floats("two", []int{}, 2)}
	models := map[string]*onnxio.Model{}
	for name, nodes := range map[string][]onnxio.Node{
		"Max":           {Node("Max", "r", In("h", "zeros"))},
		"Max, reversed": {Node("Max", "r", In("zeros", "h"))},
		"mask":          {Node("Greater", "g", In("h", "zeros")), Node("Cast", "m", In("g"), IntAttr("to", int64(onnxio.Float32))), Node("Mul", "r", In("h", "m"))},
		"mask, less":    {Node("Less", "g", In("zeros", "h")), Node("Cast", "m", In("g"), IntAttr("to", int64(onnxio.Float32))), Node("Mul", "r", In("m", "h"))},
		"choice":        {Node("Greater", "g", In("h", "zeros")), Node("Where", "r", In("g", "h", "zeros"))},
		"half the sum":  {Node("Abs", "a", In("h")), Node("Add", "s", In("h", "a")), Node("Mul", "r", In("s", "half"))},
		"sum over two":  {Node("Abs", "a", In("h")), Node("Add", "s", In("a", "h")), Node("Div", "r", In("s", "two"))},
		"twice":         {Node("Relu", "q", In("h")), Node("Relu", "r", In("q"))},
	} {
		nodes = append([]onnxio.Node{Node("MatMul", "h", In("x", "w"))}, append(nodes, Node("MatMul", "y", In("r", "v")))...)
		models[name] = Model([]int64{2}, w, nodes...)
	}
	return models
}
