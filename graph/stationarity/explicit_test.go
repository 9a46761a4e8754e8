package stationarity

import (
	"fmt"
	"hash"
	"math"
	"testing"

	"github.com/chewxy/hm"
	"gonum.org/v1/gonum/mat"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/internal/operation"
)

// stationarityResult is a loss with its gradients.
type stationarityResult struct {
	loss                   float64
	gradX, gradMultipliers []float64
}

// explicitStationarity computes the loss with gorgonia's own operations in float64: the gradient by the parameters is
// written out node by node, and one Grad differentiates the whole. It is slow, and obviously the definition.
func explicitStationarity(t *testing.T, net *chain.Dense, labels []int, xs, lambdas, alpha []float64, o Options) stationarityResult {
	t.Helper()
	outputs, _ := net.Layers[len(net.Layers)-1].W.Dims()
	_, inputs := net.Layers[0].W.Dims()
	e := &explicit{t: t, g: gorgonia.NewGraph(), m: len(labels)}
	x := e.matrix(e.m, inputs, append([]float64(nil), xs...))
	lambda := e.matrix(e.m, outputs, append([]float64(nil), lambdas...))

	// Forward.
	activations, surrogates := []*gorgonia.Node{x}, []*gorgonia.Node{}
	for l, layer := range net.Layers[:len(net.Layers)-1] {
		z := e.add(e.mul(activations[l], e.dense(layer.W.T())), e.rows(layer.B, layer.W))
		s := e.surrogate(z, alpha[min(l, len(alpha)-1)], net.Slope)
		surrogates = append(surrogates, s)
		activations = append(activations, e.apply(surrogateReLU{slope: net.Slope, s: s, t: z.Type(), id: l}, z))
	}
	// Backward.
	deltas := make([]*gorgonia.Node, len(net.Layers))
	deltas[len(deltas)-1] = e.direction(lambda, labels, outputs)
	for l := len(deltas) - 2; l >= 0; l-- {
		deltas[l] = e.hadamard(e.mul(deltas[l+1], e.dense(net.Layers[l+1].W)), surrogates[l])
	}
	// Residuals.
	loss := e.scalar(0)
	for l, layer := range net.Layers {
		weight, kappa := 1.0, 1.0
		if o.Weights != nil {
			weight = o.Weights[l]
		}
		if o.BiasScales != nil {
			kappa = o.BiasScales[l]
		}
		if weight == 0 {
			continue
		}
		transposed := e.node(gorgonia.Transpose(deltas[l]))
		residual := e.sub(e.dense(layer.W), e.mul(transposed, activations[l]))
		if l == 0 && o.InputWeights != nil {
			residual = e.mul(residual, e.dense(mat.NewDiagDense(inputs, o.InputWeights)))
		}
		loss = e.add(loss, e.squares(residual, weight))
		if layer.B != nil {
			ones := make([]float64, e.m)
			for i := range ones {
				ones[i] = 1
			}
			sums := e.mul(e.matrix(1, e.m, ones), deltas[l])
			loss = e.add(loss, e.squares(e.sub(e.matrix(1, len(layer.B), layer.B), sums), weight*kappa*kappa))
		}
	}
	loss = e.hinge(e.hinge(loss, x, o.Samples), lambda, o.Multipliers)
	return e.run(loss, x, lambda)
}

// explicit builds nodes and fails the test where gorgonia does.
type explicit struct {
	t *testing.T
	g *gorgonia.ExprGraph
	m int
	n int // nodes named so far
}

func (e *explicit) node(n *gorgonia.Node, err error) *gorgonia.Node {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

func (e *explicit) apply(op gorgonia.Op, n ...*gorgonia.Node) *gorgonia.Node {
	return e.node(gorgonia.ApplyOp(op, n...))
}
func (e *explicit) mul(a, b *gorgonia.Node) *gorgonia.Node { return e.node(gorgonia.Mul(a, b)) }
func (e *explicit) hadamard(a, b *gorgonia.Node) *gorgonia.Node {
	return e.node(gorgonia.HadamardProd(a, b))
}
func (e *explicit) add(a, b *gorgonia.Node) *gorgonia.Node { return e.node(gorgonia.Add(a, b)) }
func (e *explicit) sub(a, b *gorgonia.Node) *gorgonia.Node { return e.node(gorgonia.Sub(a, b)) }

func (e *explicit) matrix(rows, cols int, data []float64) *gorgonia.Node {
	e.n++
	v := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	return gorgonia.NewMatrix(e.g, gorgonia.Float64, gorgonia.WithName(fmt.Sprint("m", e.n)), gorgonia.WithShape(rows, cols), gorgonia.WithValue(v))
}

func (e *explicit) scalar(v float64) *gorgonia.Node {
	e.n++
	return gorgonia.NewScalar(e.g, gorgonia.Float64, gorgonia.WithName(fmt.Sprint("s", e.n)), gorgonia.WithValue(v))
}

func (e *explicit) dense(w mat.Matrix) *gorgonia.Node {
	d := mat.DenseCopyOf(w)
	rows, cols := d.Dims()
	return e.matrix(rows, cols, d.RawMatrix().Data)
}

// rows repeats the bias for each candidate.
func (e *explicit) rows(b []float64, w mat.Matrix) *gorgonia.Node {
	out, _ := w.Dims()
	data := make([]float64, e.m*out)
	for i := range e.m {
		copy(data[i*out:(i+1)*out], b)
	}
	return e.matrix(e.m, out, data)
}

// surrogate is slope + (1-slope) / (1 + e^(-alpha z)). gorgonia's own sigmoid is 1 above 19.
func (e *explicit) surrogate(z *gorgonia.Node, alpha, slope float64) *gorgonia.Node {
	exp := e.node(gorgonia.Exp(e.node(gorgonia.Mul(z, e.scalar(-alpha)))))
	inverse := e.node(gorgonia.Inverse(e.add(exp, e.scalar(1))))
	return e.add(e.mul(inverse, e.scalar(1-slope)), e.scalar(slope))
}

func (e *explicit) direction(lambda *gorgonia.Node, labels []int, outputs int) *gorgonia.Node {
	chosen := make([]float64, e.m*outputs)
	if outputs == 1 {
		for i, y := range labels {
			chosen[i] = float64(y)
		}
		return e.hadamard(lambda, e.matrix(e.m, 1, chosen))
	}
	for i, y := range labels {
		chosen[i*outputs+y] = 1
	}
	ones := make([]float64, outputs*outputs)
	for i := range ones {
		ones[i] = 1
	}
	sums := e.mul(lambda, e.matrix(outputs, outputs, ones))
	return e.sub(e.hadamard(e.matrix(e.m, outputs, chosen), sums), lambda)
}

func (e *explicit) squares(n *gorgonia.Node, weight float64) *gorgonia.Node {
	return e.mul(e.node(gorgonia.Sum(e.node(gorgonia.Square(n)))), e.scalar(weight))
}

func (e *explicit) hinge(loss, v *gorgonia.Node, h Hinge) *gorgonia.Node {
	if h.Weight == 0 {
		return loss
	}
	if !math.IsInf(h.High, 1) {
		loss = e.add(loss, e.squares(e.node(gorgonia.Rectify(e.sub(v, e.scalar(h.High)))), h.Weight))
	}
	return e.add(loss, e.squares(e.node(gorgonia.Rectify(e.sub(e.scalar(h.Low), v))), h.Weight))
}

func (e *explicit) run(loss, x, lambda *gorgonia.Node) stationarityResult {
	e.t.Helper()
	grads, err := gorgonia.Grad(loss, x, lambda)
	if err != nil {
		e.t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(e.g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		e.t.Fatal(err)
	}
	return stationarityResult{
		loss:            loss.Value().Data().(float64),
		gradX:           grads[0].Value().Data().([]float64),
		gradMultipliers: grads[1].Value().Data().([]float64),
	}
}

// surrogateReLU is the exact activation whose derivative is the node s.
type surrogateReLU struct {
	slope float64
	s     *gorgonia.Node
	t     hm.Type
	id    int
}

func (op surrogateReLU) Arity() int    { return 1 }
func (op surrogateReLU) Type() hm.Type { return hm.NewFnType(op.t, op.t) }
func (op surrogateReLU) InferShape(s ...gorgonia.DimSizer) (tensor.Shape, error) {
	return s[0].(tensor.Shape), nil
}
func (op surrogateReLU) Do(v ...gorgonia.Value) (gorgonia.Value, error) {
	out := v[0].(*tensor.Dense).Clone().(*tensor.Dense)
	data := out.Data().([]float64)
	for i, z := range data {
		data[i] = max(z, op.slope*z)
	}
	return out, nil
}
func (op surrogateReLU) ReturnsPtr() bool      { return false }
func (op surrogateReLU) CallsExtern() bool     { return false }
func (op surrogateReLU) OverwritesInput() int  { return -1 }
func (op surrogateReLU) WriteHash(h hash.Hash) { fmt.Fprint(h, op.String()) }
func (op surrogateReLU) Hashcode() uint32      { return operation.Hashcode(op) }
func (op surrogateReLU) String() string        { return fmt.Sprint("SurrogateReLU", op.id) }
func (op surrogateReLU) DiffWRT(int) []bool    { return []bool{true} }
func (op surrogateReLU) SymDiff(_ gorgonia.Nodes, _, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	n, err := gorgonia.HadamardProd(grad, op.s)
	return gorgonia.Nodes{n}, err
}
