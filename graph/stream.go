package graph

import (
	"errors"

	"gorgonia.org/gorgonia"

	"unlearnguard/graph/engine"
)

// stream runs batches one after the other. Streams work at the same time, each on memory, packed weights and gradients of its own:
// a core that takes its batches through the whole network waits for no other, and finds in its cache what it wrote.
type stream[T engine.Float] struct {
	crew       *crew[T]
	parameters *parameters[T]
	// graphs are those for the batch sizes that were met; all programs lie in one arena.
	graphs map[int]*expression[T]
	arena  []T
}

// newStream has the elements of parameters from another stream, or from the file where that is nil.
func newStream[T engine.Float](threads int, from *stream[T]) (*stream[T], error) {
	c, err := newCrew[T](threads)
	if err != nil {
		return nil, err
	}
	s := &stream[T]{crew: c, parameters: newParameters[T](), graphs: map[int]*expression[T]{}}
	if from != nil {
		s.parameters.from = from.parameters
	}
	return s, nil
}

// load gives the stream's programs memory, and the graph values on it.
func (s *stream[T]) load(e *expression[T]) error {
	p := e.program
	if len(s.arena) < p.arena {
		s.arena = make([]T, p.arena)
		for _, other := range s.graphs {
			other.program.loaded = false
		}
	}
	if p.loaded {
		return nil
	}
	p.load(s.arena)
	p.loaded = true
	if err := gorgonia.Let(e.x, tensorOf(p.input.shape, p.input.data)); err != nil {
		return err
	}
	e.y.Op().(*networkOp[T]).value = tensorOf(p.target.shape, p.target.data)
	return nil
}

// compute runs a graph of the stream on the samples x. weigh sets the weights of its outputs.
func (s *stream[T]) compute(e *expression[T], x []T, weigh func(y, weight []T)) error {
	input := e.program.input.data
	s.crew.split(len(x), worthwhile, func(_ *lane[T], lo, hi int) { copy(input[lo:hi], x[lo:hi]) })
	if e.weigh != nil {
		if weigh == nil {
			return errors.New("gradients are asked for, but no weight of the outputs")
		}
		e.weigh.weigh = weigh
	}
	return e.machine.RunAll()
}
