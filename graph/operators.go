package graph

import "unlearnguard/onnxio"

// operators says how to lower each ONNX operator of the standard domain.
var operators map[string]lowering

func init() {
	operators = map[string]lowering{
		"BatchNormalization": batchNormalization,
		"Conv":               convolved,
		"Gemm":               generalProduct,
		"MatMul":             matrixProduct,

		"AveragePool":       pooled(true),
		"GlobalAveragePool": pooledGlobally(reduceMean),
		"GlobalMaxPool":     pooledGlobally(reduceMax),
		"MaxPool":           pooled(false),

		"ArgMax":          positionOfMaximum,
		"ReduceL1":        reduced(reduceL1, 18),
		"ReduceL2":        reduced(reduceL2, 18),
		"ReduceLogSum":    reduced(reduceLogSum, 18),
		"ReduceLogSumExp": reduced(reduceLogSumExp, 18),
		"ReduceMax":       reduced(reduceMax, 18),
		"ReduceMean":      reduced(reduceMean, 18),
		"ReduceMin":       reduced(reduceMin, 18),
		"ReduceProd":      reduced(reduceProd, 18),
		"ReduceSum":       reduced(reduceSum, 13),
		"ReduceSumSquare": reduced(reduceSumSquare, 18),

		"Add":   arithmetic(add),
		"Div":   arithmetic(div),
		"Max":   many(maximum),
		"Mean":  average,
		"Min":   many(minimum),
		"Mod":   modular,
		"Mul":   arithmetic(mul),
		"PRelu": parametricRelu,
		"Pow":   raise,
		"Sub":   arithmetic(sub),
		"Sum":   many(add),

		"Celu":            parametric("Celu", celu),
		"Clip":            clip,
		"Elu":             parametric("Elu", elu),
		"Gelu":            parametric("Gelu", gelu),
		"HardSigmoid":     parametric("HardSigmoid", hardSigmoidOf),
		"LeakyRelu":       leakyRelu,
		"LogSoftmax":      softmaxed(true),
		"Selu":            parametric("Selu", selu),
		"Softmax":         softmaxed(false),
		"ThresholdedRelu": parametric("ThresholdedRelu", thresholdedRelu),

		"InstanceNormalization": instanceNormalization,
		"LayerNormalization":    layerNormalization,

		"Concat":    concatenated,
		"Dropout":   dropout,
		"Expand":    expanded,
		"Flatten":   flatten,
		"Gather":    gathered,
		"Identity":  identity,
		"Pad":       padded,
		"Reshape":   reshaped,
		"Slice":     sliced,
		"Split":     split,
		"Squeeze":   squeeze,
		"Tile":      tiled,
		"Transpose": transposed,
		"Unsqueeze": unsqueeze,

		"Cast":            cast,
		"CastLike":        castLike,
		"Constant":        constant,
		"ConstantOfShape": constantOfShape,
		"Range":           rangeOf,
		"Shape":           shapeOf,
		"Size":            sizeOf,
		"Where":           where,

		"And":            logical(mul),
		"Equal":          comparison(equal),
		"Greater":        comparison(greater),
		"GreaterOrEqual": comparison(greaterEqual),
		"Less":           comparison(less),
		"LessOrEqual":    comparison(lessEqual),
		"Not":            negated,
		"Or":             logical(maximum),
		"Xor":            logical(sub),

		"DequantizeLinear": dequantized,
		"QuantizeLinear":   quantized,
	}
	for name := range functions {
		operators[name] = elementary(name)
	}
}

// classifierOperators are those of the domain ai.onnx.ml.
var classifierOperators = map[string]lowering{
	"ZipMap": identity, // gives each probability the name of its class
}

// ways out of operators that are not supported, by what an exporter or a designer can do instead.
const (
	useQDQ       = "quantise with QuantizeLinear and DequantizeLinear nodes (QDQ format)"
	exportBefore = "export the model before a runtime optimises it"
	outOfScope   = "only feed-forward classifiers of single images are in scope"
)

var waysOut = map[string]string{
	"ConvInteger": useQDQ, "DynamicQuantizeLinear": useQDQ, "MatMulInteger": useQDQ, "QLinearAdd": useQDQ,
	"QLinearConv": useQDQ, "QLinearGlobalAveragePool": useQDQ, "QLinearMatMul": useQDQ, "QGemm": useQDQ,
	"FusedConv": exportBefore, "FusedGemm": exportBefore, "FusedMatMul": exportBefore,
	"GRU": outOfScope, "LSTM": outOfScope, "RNN": outOfScope, "NonMaxSuppression": outOfScope,
}

// wayOut says what to do about an operator that is not supported.
func wayOut(n *onnxio.Node) string {
	if advice, ok := waysOut[n.Op]; ok {
		return advice
	}
	if n.Domain != "" && n.Domain != "ai.onnx" {
		return "export the model with standard operators only"
	}
	return "replace the layer by products, convolutions, pooling and elementwise functions, or fold its constants before the export"
}
