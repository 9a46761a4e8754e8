package graph

import (
	"fmt"

	"unlearnguard/onnxio"
)

// operators says how to lower each ONNX operator of the standard domain.
var operators map[string]func(*call) ([]*value, error)

func init() {
	operators = map[string]func(*call) ([]*value, error){
		"Constant":  constant,
		"Identity":  identity,
		"Dropout":   dropout,
		"Cast":      cast,
		"Shape":     shapeOf,
		"Flatten":   flatten,
		"Reshape":   reshaped,
		"Squeeze":   squeeze,
		"Unsqueeze": unsqueeze,
		"Transpose": transposed,
		"Concat":    concatenated,
		"Gather":    gathered,

		"Add": arithmetic(add),
		"Sub": arithmetic(sub),
		"Mul": arithmetic(mul),
		"Div": arithmetic(div),

		"Neg":        function("neg"),
		"Relu":       function("relu"),
		"Sigmoid":    function("sigmoid"),
		"LeakyRelu":  leakyRelu,
		"Softmax":    softmaxed(false),
		"LogSoftmax": softmaxed(true),

		"MatMul":             matrixProduct,
		"Gemm":               generalProduct,
		"BatchNormalization": batchNormalization,
	}
}

func identity(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.in[:1], nil
}

func constant(k *call) ([]*value, error) {
	for _, a := range k.Attributes {
		t := a.Tensor
		switch a.Name {
		case "value":
		case "value_float":
			t = &onnxio.Tensor{DType: onnxio.Float32, Shape: []int{}, Float32s: []float32{a.Float}}
		case "value_floats":
			t = &onnxio.Tensor{DType: onnxio.Float32, Shape: []int{len(a.Floats)}, Float32s: a.Floats}
		case "value_int":
			t = &onnxio.Tensor{DType: onnxio.Int64, Shape: []int{}, Int64s: []int64{a.Int}}
		case "value_ints":
			t = &onnxio.Tensor{DType: onnxio.Int64, Shape: []int{len(a.Ints)}, Int64s: a.Ints}
		default:
			continue
		}
		if t == nil {
			break
		}
		named := *t
		named.Name = k.Outputs[0]
		v := constantValue(&named)
		if v.param != nil && named.Int64s == nil && volume(named.Shape) == 1 {
			// A single number in the graph is a factor or an offset of the architecture, whatever its rank.
			v.param, v.reals = nil, &array[float64]{named.Shape, elements[float64](&named)}
		}
		return []*value{v}, nil
	}
	return nil, refuse("export the constant as a tensor of numbers", "the constant holds no numbers")
}

func arithmetic(f binaryFunc) func(*call) ([]*value, error) {
	return func(k *call) ([]*value, error) {
		if err := k.required(2); err != nil {
			return nil, err
		}
		b, err := k.legacyBroadcast(k.in[0], k.in[1])
		if err != nil {
			return nil, err
		}
		return k.one(binary{f}, k.in[0], b)
	}
}

// legacyBroadcast aligns the second operand of a node of opset 6 or before, whose attribute axis says where it starts.
func (k *call) legacyBroadcast(a, b *value) (*value, error) {
	if k.opset >= 7 || k.attribute("axis") == nil {
		return b, nil
	}
	axis, err := axisOf(k.intAttr("axis", 0), len(a.shape))
	if err != nil {
		return nil, err
	}
	to := append(Shape{}, b.shape...)
	for len(to) < len(a.shape)-axis {
		to = append(to, fixed(1))
	}
	return k.apply(reshape{to}, b)
}

func function(name string) func(*call) ([]*value, error) {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		return k.one(unary{unaryFunc{name: name}}, k.in[0])
	}
}

func leakyRelu(k *call) ([]*value, error) {
	if err := k.required(1); err != nil {
		return nil, err
	}
	return k.one(unary{unaryFunc{name: "leaky", a: k.floatAttr("alpha", 0.01)}}, k.in[0])
}

// softmaxed: before opset 13 the axes from the given one on count as one.
func softmaxed(log bool) func(*call) ([]*value, error) {
	return func(k *call) ([]*value, error) {
		if err := k.required(1); err != nil {
			return nil, err
		}
		x := k.in[0]
		if k.opset >= 13 {
			axis, err := axisOf(k.intAttr("axis", -1), len(x.shape))
			if err != nil {
				return nil, err
			}
			return k.one(softmax{axis, log}, x)
		}
		axis, err := axisOf(k.intAttr("axis", 1), len(x.shape))
		if err != nil {
			return nil, err
		}
		if axis == len(x.shape)-1 {
			return k.one(softmax{axis, log}, x)
		}
		flat, err := k.flattened(x, axis)
		if err != nil {
			return nil, err
		}
		y, err := k.apply(softmax{1, log}, flat)
		if err != nil {
			return nil, err
		}
		return k.one(reshape{x.shape}, y)
	}
}

func matrixProduct(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	return k.one(matmul{}, k.in[0], k.in[1])
}

// generalProduct is Gemm: alpha A' B' + beta C.
func generalProduct(k *call) ([]*value, error) {
	if err := k.required(2); err != nil {
		return nil, err
	}
	operands := [2]*value{k.in[0], k.in[1]}
	for i, name := range []string{"transA", "transB"} {
		if len(operands[i].shape) != 2 {
			return nil, fmt.Errorf("operand %d has shape %v, not that of a matrix", i, operands[i].shape)
		}
		if k.intAttr(name, 0) != 0 {
			t, err := k.apply(transpose{[]int{1, 0}}, operands[i])
			if err != nil {
				return nil, err
			}
			operands[i] = t
		}
	}
	y, err := k.apply(matmul{}, operands[0], operands[1])
	if err != nil {
		return nil, err
	}
	if y, err = k.scaled(y, k.floatAttr("alpha", 1)); err != nil {
		return nil, err
	}
	c := k.input(2)
	if c == nil {
		return []*value{y}, nil
	}
	if c, err = k.scaled(c, k.floatAttr("beta", 1)); err != nil {
		return nil, err
	}
	return k.one(binary{add}, y, c)
}

// scaled multiplies by a constant of the architecture.
func (k *call) scaled(v *value, factor float64) (*value, error) {
	if factor == 1 {
		return v, nil
	}
	return k.apply(binary{mul}, v, number(factor))
}

// number is a constant of the architecture.
func number(x float64) *value {
	return &value{name: fmt.Sprint(x), shape: Shape{}, reals: &array[float64]{[]int{}, []float64{x}}}
}
