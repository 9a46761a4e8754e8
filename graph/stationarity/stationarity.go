package stationarity

import (
	"fmt"
	"math"
	"sync"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"unlearnguard/graph/chain"
	"unlearnguard/graph/engine"
	"unlearnguard/graph/internal/operation"
)

// Options weigh the parts of a [Loss]. The zero value is the plain sum over all parameters in
// which biases count as they are, on all cores.
type Options struct {
	// Engine chooses threads and kernels.
	Engine engine.Options
	// Weights has the factor w_l of each layer's block, the first layer's first. Nil stands for ones. A block of weight
	// 0 is left out and costs nothing: []float64{1, 0, 0} keeps the first layer's alone.
	Weights []float64
	// BiasScales has the factor kappa_l of each layer's bias, so that biases and weights count alike: the typical norm of
	// the layer's input makes it so. Nil stands for ones.
	BiasScales []float64
	// InputWeights has a factor s_j for each input of the first layer, which the columns of its block's residual are
	// multiplied by. Nil stands for ones.
	InputWeights []float64
	// Alpha is the surrogate's steepness in every hidden layer until SetAlpha is called. 0 stands for 10.
	Alpha float64
	// Samples and Multipliers keep the candidates and their multipliers within bounds. The zero values add nothing.
	Samples, Multipliers Hinge
}

// Hinge is the penalty Weight * sum relu(Low - v)^2 + relu(v - High)^2 over all elements v.
type Hinge struct {
	Weight float64
	// Low and High are the bounds; infinities are allowed.
	Low, High float64
}

// Loss is the residual of the KKT conditions' stationarity for candidate samples x_i and multipliers lambda_i,
//
//	sum_l w_l || ([W_l, kappa_l b_l] - sum_i Delta_l,i [h_{l-1},i, kappa_l]^T) diag(s_l, 1) ||^2,
//
// with s_1 the InputWeights and ones elsewhere, and its gradients (Haim et al., arXiv 2206.07758, eq. 5; Buzaglo et al.,
// arXiv 2307.01827, eq. 6 for several classes).
// h_l,i is the output of layer l for x_i and Delta_l,i the gradient by layer l's pre-activation of lambda_i y_i M(x_i),
// or of sum_j lambda_ij (M_{y_i}(x_i) - M_j(x_i)) where the network has several outputs.
//
// Activations are exact. Their derivative is the surrogate slope + (1-slope) sigmoid(alpha_l z), both in Delta and where
// the gradients go through the network, as in the reference implementation.
//
// The loss is one gorgonia operation whose gradient one call of Grad gives. It owns its memory, and a step allocates
// nothing to speak of. Float32 sums losses in float64. Results are identical for the
// same inputs, whatever the number of threads. A Loss must not be used by two goroutines at a time.
type Loss[T engine.Float] struct {
	fused          *fusedLoss[T]
	x, multipliers []T
	vm             gorgonia.VM
}

// New returns the loss of net for one candidate sample a label: +1 or -1 for a network of one output, the
// class for one of several. The weights are copied. A weight is one block however many patches it is applied to: Delta and h
// have a row for each patch of each candidate.
func New[T engine.Float](net *chain.Convolutional, labels []int, o Options) (*Loss[T], error) {
	fused, err := newFusedLoss[T](net, labels, o)
	if err != nil {
		return nil, err
	}
	s := &Loss[T]{
		fused:       fused,
		x:           make([]T, fused.m*fused.inputs()),
		multipliers: make([]T, fused.m*fused.outputs()),
	}
	if err := s.build(); err != nil {
		return nil, fmt.Errorf("stationarity: %w", err)
	}
	return s, nil
}

// building is held while a graph is made: gorgonia's Grad writes the hash of a constant node that all graphs share.
var building sync.Mutex

// build makes the gorgonia graph and its machine.
func (s *Loss[T]) build() error {
	building.Lock()
	defer building.Unlock()
	g := gorgonia.NewGraph()
	m, f := s.fused.m, s.fused
	x := matrixNode(g, "x", m, f.inputs(), s.x)
	lambda := matrixNode(g, "lambda", m, f.outputs(), s.multipliers)
	loss, err := gorgonia.ApplyOp(newLossOp(f, x, lambda), x, lambda)
	if err != nil {
		return err
	}
	if _, err := gorgonia.Grad(loss, x, lambda); err != nil {
		return err
	}
	s.vm, err = operation.NewMachine(g)
	return err
}

func matrixNode[T engine.Float](g *gorgonia.ExprGraph, name string, rows, cols int, data []T) *gorgonia.Node {
	v := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
	return gorgonia.NewMatrix(g, v.Dtype(), gorgonia.WithName(name), gorgonia.WithShape(rows, cols), gorgonia.WithValue(v))
}

// X is the candidates, one after another. Write them before a step.
func (s *Loss[T]) X() []T { return s.x }

// Multipliers is lambda: m of them for a network of one output, m x classes otherwise, where that of a sample's own class
// has no effect. Write them before a step.
func (s *Loss[T]) Multipliers() []T { return s.multipliers }

// GradX is the gradient by X after a step. The next step overwrites it.
func (s *Loss[T]) GradX() []T { return s.fused.gradX }

// GradMultipliers is the gradient by Multipliers after a step. The next step overwrites it.
func (s *Loss[T]) GradMultipliers() []T { return s.fused.gradMultipliers }

// Step computes the loss and both gradients at X and Multipliers. An error is gorgonia's and means a defect: finite or
// not, all numbers are let through.
func (s *Loss[T]) Step() (loss float64, err error) {
	if err := s.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("stationarity: %w", err)
	}
	return s.fused.loss, nil
}

// Residual is the last step's loss without the hinges and without InputWeights.
func (s *Loss[T]) Residual() float64 { return s.fused.residual }

// SetAlpha sets the surrogate's steepness, one a hidden layer or one for all.
func (s *Loss[T]) SetAlpha(alpha ...float64) error { return s.fused.setAlpha(alpha) }

// check says what is wrong with the arguments of New.
func check(net *chain.Convolutional, labels []int, o Options) error {
	if err := net.Check(); err != nil {
		return fmt.Errorf("stationarity: %w", err)
	}
	for name, list := range map[string][]float64{"weights": o.Weights, "bias scales": o.BiasScales} {
		if list != nil && len(list) != len(net.Layers) {
			return fmt.Errorf("stationarity: %d %s for %d layers", len(list), name, len(net.Layers))
		}
	}
	if _, in := net.Layers[0].W.Dims(); o.InputWeights != nil && len(o.InputWeights) != in {
		return fmt.Errorf("stationarity: %d input weights for a first layer of %d inputs", len(o.InputWeights), in)
	}
	if o.Alpha < 0 || math.IsNaN(o.Alpha) {
		return fmt.Errorf("stationarity: surrogate of steepness %v; it must be positive", o.Alpha)
	}
	outputs, _ := net.Layers[len(net.Layers)-1].W.Dims()
	return checkLabels(labels, outputs)
}

func checkLabels(labels []int, outputs int) error {
	if len(labels) == 0 {
		return fmt.Errorf("stationarity: no labels; give one for each candidate sample")
	}
	for i, y := range labels {
		if outputs == 1 && y != 1 && y != -1 {
			return fmt.Errorf("stationarity: label %d is %d; a network of one output has labels 1 and -1", i, y)
		}
		if outputs > 1 && (y < 0 || y >= outputs) {
			return fmt.Errorf("stationarity: label %d is %d; there are classes 0 to %d", i, y, outputs-1)
		}
	}
	return nil
}
