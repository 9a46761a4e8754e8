package graph

import "unlearnguard/graph/engine"

// packing is a way in which kernels lay out a weight for their products. Rows and transposed tell apart uses of one weight.
type packing struct {
	kind       packingKind
	rows       int
	transposed bool
}

type packingKind int

const (
	packedProduct packingKind = iota
	packedPatches
	packedWinograd
)

// packs are the operands that were packed of one version of a weight.
type packs[T engine.Float] struct {
	version  int
	operands []engine.Right[T]
}

// packedAs gives the n operands that pack makes of the elements. They stay with the elements while these are constant, so that the
// graphs for several batch sizes share them: of a deep network they take several times the memory of the weights.
func (s *storage[T]) packedAs(as packing, n int, pack func([]engine.Right[T])) []engine.Right[T] {
	p := s.packed[as]
	if p == nil {
		p = &packs[T]{operands: make([]engine.Right[T], n)}
		if s.packed == nil {
			s.packed = map[packing]*packs[T]{}
		}
		s.packed[as] = p
	}
	if s.version == 0 || p.version != s.version {
		pack(p.operands)
		p.version = s.version
	}
	return p.operands
}
