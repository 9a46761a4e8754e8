package start

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"unlearnguard/onnxio"
	"unlearnguard/reconstruct/start/torch"
)

// Initialiser is a rule by which parameters are drawn from a seed.
type Initialiser string

// The initialisers: those that PyTorch's modules have unless they are told otherwise.
const (
	// Torch is that of each module, Linear or Conv2d.
	Torch Initialiser = "torch"
	// TorchLinear and TorchConv say that the network has modules of one kind alone.
	TorchLinear Initialiser = "torch-linear"
	TorchConv   Initialiser = "torch-conv"
)

// Initialisers lists them.
var Initialisers = []string{string(Torch), string(TorchLinear), string(TorchConv)}

// ErrOtherStart says that a network was not trained from a seed.
var ErrOtherStart = errors.New("no layer's weight resembles what this seed and initialiser give: the seed is another, or the modules were made in another order, after other random numbers, or on a GPU")

// module is a layer of a file that is initialised at random.
type module struct {
	torch.Layer
	node         string
	weight, bias string
	values       []float32
	// transposed: the file has the weight as inputs x outputs.
	transposed bool
}

// Regenerate draws the start of a network again: PyTorch's modules in the order of the file's nodes, after torch.manual_seed. The
// seed may have been set before the last modules only, as where a head is put on a frozen network: as many of the last ones as
// resemble what is drawn are taken, the most first.
func Regenerate(m *onnxio.Model, seed uint64, by Initialiser) (Values, error) {
	modules, err := modulesOf(m)
	if err != nil {
		return nil, err
	}
	modules = slices.DeleteFunc(modules, func(m module) bool {
		return by == TorchLinear && len(m.Shape) != 2 || by == TorchConv && len(m.Shape) == 2
	})
	if len(modules) == 0 {
		return nil, fmt.Errorf("it has no layer that the initialiser %s draws", by)
	}
	for first := range modules {
		last := modules[first:]
		var layers []torch.Layer
		for _, m := range last {
			layers = append(layers, m.Layer)
		}
		drawn := torch.Initialise(seed, layers)
		if out := startOf(last, drawn); out != nil {
			return out, nil
		}
	}
	return nil, ErrOtherStart
}

// startOf lays out what was drawn for modules; nil where the weight of one does not resemble it.
func startOf(modules []module, drawn []torch.Parameters) Values {
	out := Values{}
	for i, m := range modules {
		weight := m.inFile(drawn[i].Weight)
		if !resembles(m.values, weight) {
			return nil
		}
		out[m.weight] = weight
		if m.Bias {
			out[m.bias] = drawn[i].Bias
		}
	}
	return out
}

// inFile lays a weight out as the file has it.
func (m module) inFile(weight []float32) []float32 {
	if !m.transposed {
		return weight
	}
	outputs, inputs := m.Shape[0], m.Shape[1]
	out := make([]float32, len(weight))
	for i := range outputs {
		for j := range inputs {
			out[j*outputs+i] = weight[i*inputs+j]
		}
	}
	return out
}

// resembles reports whether a weight is nearer to its supposed start than chance has it.
func resembles(x, y []float32) bool {
	var xx, yy, xy float64
	for i, v := range x {
		a, b := float64(v), float64(y[i])
		xx, yy, xy = xx+a*a, yy+b*b, xy+a*b
	}
	return xx > 0 && yy > 0 && xy/math.Sqrt(xx*yy) > min(resemblance/math.Sqrt(float64(len(x))), sameness)
}

// modulesOf lists the layers of a file in the order of its nodes.
func modulesOf(m *onnxio.Model) ([]module, error) {
	tensors := map[string]*onnxio.Tensor{}
	for _, t := range m.Initializers {
		if t.Float32s != nil {
			tensors[t.Name] = t
		}
	}
	named := func(n onnxio.Node, i int) *onnxio.Tensor {
		if i >= len(n.Inputs) {
			return nil
		}
		return tensors[n.Inputs[i]]
	}
	var out []module
	for _, n := range m.Nodes {
		weight, bias := named(n, 1), named(n, 2)
		switch n.Op {
		case "Gemm", "Conv":
		case "MatMul":
			bias = addedTo(m, n.Outputs[0], tensors)
		case "ConvTranspose", "LSTM", "GRU", "RNN", "Gather":
			if named(n, 0) == nil && weight == nil {
				continue
			}
			return nil, fmt.Errorf("node %s (%s) has parameters that no initialiser here draws", n.Name, n.Op)
		default:
			continue
		}
		if weight == nil || len(weight.Shape) < 2 {
			continue
		}
		l := module{node: n.Name, weight: weight.Name, values: weight.Float32s}
		l.Shape, l.transposed = weight.Shape, n.Op == "MatMul" || n.Op == "Gemm" && !flag(n, "transB")
		if l.transposed {
			l.Shape = []int{weight.Shape[1], weight.Shape[0]}
		}
		if bias != nil && bias.Len() == l.Shape[0] {
			l.Bias, l.bias = true, bias.Name
		}
		out = append(out, l)
	}
	return out, nil
}

// addedTo is the bias that a node adds to a value, or nil.
func addedTo(m *onnxio.Model, value string, tensors map[string]*onnxio.Tensor) *onnxio.Tensor {
	for _, n := range m.Nodes {
		if n.Op != "Add" || !slices.Contains(n.Inputs, value) {
			continue
		}
		for _, in := range n.Inputs {
			if t := tensors[in]; t != nil && len(t.Shape) == 1 {
				return t
			}
		}
	}
	return nil
}

func flag(n onnxio.Node, name string) bool {
	return slices.ContainsFunc(n.Attributes, func(a onnxio.Attribute) bool { return a.Name == name && a.Int != 0 })
}
