package onnxio

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// settleInputs takes the inputs that have an initializer off the list of those the caller must feed.
func (m *Model) settleInputs() error {
	byName := map[string]*Tensor{}
	for _, t := range m.Initializers {
		byName[t.Name] = t
	}
	var fed []Value
	for _, v := range m.Inputs {
		t, ok := byName[v.Name]
		if !ok {
			fed = append(fed, v)
			continue
		}
		if t.Overridable {
			return fmt.Errorf("input %s is listed twice", quote(v.Name))
		}
		t.Overridable = true
		if v.DType != Undefined && v.DType != t.DType {
			return fmt.Errorf("input %s is declared as %s, but its initializer is %s", quote(v.Name), v.DType, t.DType)
		}
		if !v.admits(t.Shape) {
			return fmt.Errorf("input %s is declared with shape %v, but its initializer has %v", quote(v.Name), v.Shape, t.Shape)
		}
	}
	m.Inputs = fed
	return nil
}

// admits says whether a tensor of a shape can be the value.
func (v *Value) admits(shape []int) bool {
	if v.Shape == nil {
		return true
	}
	if len(v.Shape) != len(shape) {
		return false
	}
	for i, d := range v.Shape {
		if d.Size >= 0 && d.Size != int64(shape[i]) {
			return false
		}
	}
	return true
}

// order checks that every name is defined exactly once and sorts the nodes topologically (Kahn's algorithm), keeping the
// file's order where it is one.
func (m *Model) order() error {
	if len(m.Nodes) == 0 {
		return errors.New("the graph has no nodes")
	}
	if len(m.Outputs) == 0 {
		return errors.New("the graph has no outputs; mark one with graph.output")
	}
	producer, err := m.producers()
	if err != nil {
		return err
	}
	for _, v := range m.Outputs {
		if _, ok := producer[v.Name]; !ok {
			return fmt.Errorf("output %s is not computed by any node, nor is it an input or initializer", quote(v.Name))
		}
	}
	return m.sortNodes(producer)
}

// given is the producer of inputs and initializers.
const given = -1

// producers maps every value to the index of the node that computes it.
func (m *Model) producers() (map[string]int, error) {
	producer := make(map[string]int, len(m.Inputs)+len(m.Initializers)+len(m.Nodes))
	define := func(name string, by int, what string) error {
		if name == "" {
			return fmt.Errorf("%s has no name", what)
		}
		if _, ok := producer[name]; ok {
			return fmt.Errorf("%s %s is defined twice; names of inputs, initializers and node outputs must be distinct", what, quote(name))
		}
		producer[name] = by
		return nil
	}
	for _, v := range m.Inputs {
		if err := define(v.Name, given, "input"); err != nil {
			return nil, err
		}
	}
	for _, t := range m.Initializers {
		if err := define(t.Name, given, "initializer"); err != nil {
			return nil, err
		}
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		if err := m.checkNode(n); err != nil {
			return nil, fmt.Errorf("node %d: %s: %w", i, n.label(), err)
		}
		for _, name := range n.Outputs {
			if name == "" {
				continue
			}
			if err := define(name, i, "output"); err != nil {
				return nil, fmt.Errorf("node %d: %s: %w", i, n.label(), err)
			}
		}
	}
	return producer, nil
}

// checkNode checks what a node says by itself.
func (m *Model) checkNode(n *Node) error {
	if n.Op == "" {
		return errors.New("it names no operator")
	}
	if m.Opset(n.Domain) == 0 {
		return fmt.Errorf("its operator is of domain %s, for which no opset is imported, so that its meaning is unknown; add an opset_import", quote(n.Domain))
	}
	if !slices.ContainsFunc(n.Outputs, func(name string) bool { return name != "" }) {
		return errors.New("it has no outputs")
	}
	seen := map[string]bool{}
	for _, a := range n.Attributes {
		if seen[a.Name] {
			return fmt.Errorf("attribute %s is there twice", quote(a.Name))
		}
		seen[a.Name] = true
	}
	return nil
}

// sortNodes sorts the nodes so that each follows those it reads from.
func (m *Model) sortNodes(producer map[string]int) error {
	waiting := make([]int, len(m.Nodes))   // inputs of a node that are not computed yet
	readers := make([][]int, len(m.Nodes)) // nodes that read from a node
	var ready indexHeap
	for i := range m.Nodes {
		n := &m.Nodes[i]
		for _, name := range n.Inputs {
			if name == "" {
				continue
			}
			by, ok := producer[name]
			if !ok {
				return fmt.Errorf("node %d: %s: it reads %s, which no node, input or initializer defines", i, n.label(), quote(name))
			}
			if by != given {
				waiting[i]++
				readers[by] = append(readers[by], i)
			}
		}
		if waiting[i] == 0 {
			ready.IntSlice = append(ready.IntSlice, i)
		}
	}
	sorted := make([]Node, 0, len(m.Nodes))
	for ready.Len() > 0 {
		i := heap.Pop(&ready).(int)
		sorted = append(sorted, m.Nodes[i])
		for _, j := range readers[i] {
			if waiting[j]--; waiting[j] == 0 {
				heap.Push(&ready, j)
			}
		}
	}
	if len(sorted) < len(m.Nodes) {
		return m.cycle(waiting, producer)
	}
	m.Nodes = sorted
	return nil
}

// cycle names the nodes of one cycle. Each node still waiting reads from another one that is, so following those comes back.
func (m *Model) cycle(waiting []int, producer map[string]int) error {
	at := slices.IndexFunc(waiting, func(w int) bool { return w > 0 })
	seen := map[int]bool{}
	for !seen[at] {
		seen[at] = true
		for _, name := range m.Nodes[at].Inputs {
			if by, ok := producer[name]; ok && by != given && waiting[by] > 0 {
				at = by
				break
			}
		}
	}
	n := &m.Nodes[at]
	return fmt.Errorf("node %d: %s: its output depends on itself through a cycle of nodes", at, n.label())
}

// indexHeap pops the least index first.
type indexHeap struct{ sort.IntSlice }

func (h *indexHeap) Push(x any) { h.IntSlice = append(h.IntSlice, x.(int)) }

func (h *indexHeap) Pop() any {
	last := len(h.IntSlice) - 1
	x := h.IntSlice[last]
	h.IntSlice = h.IntSlice[:last]
	return x
}
