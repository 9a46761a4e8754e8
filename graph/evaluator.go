package graph

import (
	"context"
	"slices"
)

// EvaluatorOptions says how to run a network. The zero value runs float32 up to the model's output.
type EvaluatorOptions struct {
	// Float64 computes in float64 instead of float32.
	Float64 bool
	// Logits stops before the head.
	Logits bool
	// Batch is the number of samples that are computed together; see [RunOptions].
	Batch int
}

// Evaluator runs a network forward on samples in float64, whatever it computes in. It is not safe for concurrent use.
type Evaluator struct {
	single *Runner[float32]
	double *Runner[float64]
}

// Evaluator builds the graph that runs the network.
func (net *Network) Evaluator(opts EvaluatorOptions) (*Evaluator, error) {
	run := RunOptions{Output: !opts.Logits, Batch: opts.Batch}
	var e Evaluator
	var err error
	if opts.Float64 {
		e.double, err = NewRunner[float64](net, run)
	} else {
		e.single, err = NewRunner[float32](net, run)
	}
	return &e, err
}

// Run computes the outputs of samples x, which lie one after the other.
func (e *Evaluator) Run(ctx context.Context, x []float64) ([]float64, error) {
	if e.double != nil {
		return e.double.Outputs(ctx, x)
	}
	y, err := e.single.Outputs(ctx, converted[float32](x))
	return converted[float64](y), err
}

// ResultShape is the shape of one sample's result.
func (e *Evaluator) ResultShape() []int {
	if e.double != nil {
		return e.double.result
	}
	return e.single.result
}

// stepsTo gives the steps that a value depends on, in order.
func (net *Network) stepsTo(v *value) []*step {
	needed := map[*value]bool{v: true}
	var steps []*step
	for _, s := range slices.Backward(net.steps) {
		if needed[s.output] {
			steps = append(steps, s)
			for _, in := range s.inputs {
				needed[in] = true
			}
		}
	}
	slices.Reverse(steps)
	return steps
}
