package operation

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/graph"
	"gorgonia.org/gorgonia"
)

// Machine runs a graph's operations one after the other on the caller's goroutine. gorgonia's own machines hand
// every run to a goroutine on another thread, whose caches are cold, and back: 20 to 200 microseconds of a step that may
// take 500. It suits graphs of a few operations that own their results' memory, and allocates nothing in a run.
type Machine struct {
	steps []call
}

type call struct {
	node   *gorgonia.Node
	inputs []*gorgonia.Node
	values []gorgonia.Value
}

var _ gorgonia.VM = (*Machine)(nil)

// NewMachine sorts a graph's operations.
func NewMachine(g *gorgonia.ExprGraph) (*Machine, error) {
	sorted, err := gorgonia.Sort(g)
	if err != nil {
		return nil, err
	}
	m := &Machine{}
	for i := len(sorted) - 1; i >= 0; i-- { // sorted from outputs to inputs
		s := call{node: sorted[i]}
		for _, n := range graph.NodesOf(g.From(s.node.ID())) {
			s.inputs = append(s.inputs, n.(*gorgonia.Node))
		}
		if len(s.inputs) > 0 {
			s.values = make([]gorgonia.Value, len(s.inputs))
			m.steps = append(m.steps, s)
		}
	}
	return m, nil
}

// RunAll computes every node from the values of the graph's inputs.
func (m *Machine) RunAll() error {
	for _, s := range m.steps {
		for i, in := range s.inputs {
			if s.values[i] = in.Value(); s.values[i] == nil {
				return errors.New("no value for input " + in.Name())
			}
		}
		v, err := s.node.Op().Do(s.values...)
		if err != nil {
			return fmt.Errorf("%v: %w", s.node.Op(), err)
		}
		if err := gorgonia.UnsafeLet(s.node, v); err != nil {
			return fmt.Errorf("%v: %w", s.node.Op(), err)
		}
	}
	return nil
}

// Reset does nothing: a run starts from the inputs.
func (m *Machine) Reset() {}

// Close does nothing: there is nothing to release.
func (m *Machine) Close() error { return nil }
