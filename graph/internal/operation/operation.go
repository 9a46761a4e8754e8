// Package operation holds what this module's gorgonia operations have in common: a machine that runs a graph of few operations on the
// caller's goroutine, the parts of gorgonia's interface that are the same for all of them, and scalars of either precision.
//
// The operations own their results' memory and write it in every run. Embed [Owner] in an operation, give it a WriteHash that
// holds an address, as gorgonia merges nodes of equal hash, and run the graph by [NewMachine].
package operation

import (
	"hash/fnv"

	"gorgonia.org/gorgonia"

	"unlearnguard/graph/engine"
)

// Owner is the part of gorgonia.Op that says what an operation does with memory: it returns its own, calls nothing outside Go and
// leaves its inputs as they are.
type Owner struct{}

// ReturnsPtr is true: the result is a reference to the operation's memory.
func (Owner) ReturnsPtr() bool { return true }

// CallsExtern is false.
func (Owner) CallsExtern() bool { return false }

// OverwritesInput is -1: no input is overwritten.
func (Owner) OverwritesInput() int { return -1 }

// Hashcode is the hash of what an operation's WriteHash writes.
func Hashcode(op gorgonia.Op) uint32 {
	h := fnv.New32a()
	op.WriteHash(h)
	return h.Sum32()
}

// NewScalar is a gorgonia scalar of type T.
func NewScalar[T engine.Float]() gorgonia.Value {
	if _, single := any(T(0)).(float32); single {
		return gorgonia.NewF32(0)
	}
	return gorgonia.NewF64(0)
}

// SetScalar overwrites a scalar that [NewScalar] made.
func SetScalar(v gorgonia.Value, x float64) {
	switch v := v.(type) {
	case *gorgonia.F32:
		*v = gorgonia.F32(x)
	case *gorgonia.F64:
		*v = gorgonia.F64(x)
	}
}
