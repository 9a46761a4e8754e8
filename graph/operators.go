package graph

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
		"Mod":   arithmetic(modulo),
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
		"Equal":           arithmetic(equal),
		"Range":           rangeOf,
		"Shape":           shapeOf,
		"Size":            sizeOf,
		"Where":           where,

		"DequantizeLinear": dequantized,
		"QuantizeLinear":   quantized,
	}
	for name := range functions {
		operators[name] = function(name)
	}
}
