package reconstruct

import (
	"context"
	"errors"
	"runtime"
)

// moveAlpha is the steepness of the surrogate for the ReLU's derivative where there is no setting to take it from: the
// greatest of the published range.
const moveAlpha = 500

// Move is phase 2 for what [Run] recovered: it returns a copy of the result of p in which the samples are moved away from
// the decision boundary. They keep their labels, their order and their confidence. A Radius of 0 moves nothing.
func (prior PublishedPrior) Move(ctx context.Context, p Problem, r *Result) (*Result, error) {
	if err := errors.Join(p.Validate(), prior.validate()); err != nil {
		return nil, err
	}
	moved := *r
	moved.Samples, moved.unit = nil, nil
	var x []float64
	var labels []int
	space := p.space()
	for _, s := range r.Samples {
		x, labels = append(x, space.input(s.Pixels)...), append(labels, s.Label)
	}
	if len(labels) == 0 {
		return &moved, nil
	}
	logits, err := newLogits(p.Net, len(labels), moveAlpha, runtime.GOMAXPROCS(0))
	if err != nil {
		return nil, err
	}
	if err := prior.apply(ctx, logits, labels, x); err != nil {
		return nil, err
	}
	width := p.Inputs()
	for i, s := range r.Samples {
		input := x[i*width:][:width]
		s.Pixels = space.pixels(input)
		moved.Samples, moved.unit = append(moved.Samples, s), append(moved.unit, normalised(input))
	}
	return &moved, nil
}
