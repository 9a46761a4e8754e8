package reconstruct

import (
	"context"
	"errors"
	"runtime"
)

// moveAlpha is the steepness of the surrogate for the ReLU's derivative where there is no setting to take it from: the
// greatest of the published range.
const moveAlpha = 500

// Move is phase 2 for what [Run] recovered: it returns a copy of a result of the problem in which the samples are moved
// away from the decision boundary. They keep their labels, their order and their confidence. A Radius of 0 moves nothing.
func (p PublishedPrior) Move(ctx context.Context, problem Problem, r *Result) (*Result, error) {
	if err := errors.Join(problem.Validate(), p.validate()); err != nil {
		return nil, err
	}
	moved := *r
	moved.Samples, moved.unit = nil, nil
	if len(r.Samples) == 0 {
		return &moved, nil
	}
	var x []float64
	var labels []int
	space := problem.space()
	for _, s := range r.Samples {
		x, labels = append(x, space.input(s.Pixels)...), append(labels, s.Label)
	}
	logits, err := newLogits(problem.Net, len(labels), moveAlpha, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	if err := p.apply(ctx, logits, labels, x); err != nil {
		return nil, err
	}
	width := problem.Inputs()
	for i, s := range r.Samples {
		input := x[i*width:][:width]
		s.Pixels = space.pixels(input)
		moved.Samples, moved.unit = append(moved.Samples, s), append(moved.unit, normalised(input))
	}
	return &moved, nil
}
