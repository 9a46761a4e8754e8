package chain

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unlearnguard/graph"
	"unlearnguard/graph/internal/modeltest"
	"unlearnguard/onnxio"
)

// damage changes one thing about a model that is valid as a file: an attribute, an operand, a dimension, a number.
func damage(rng *rand.Rand, m *onnxio.Model) {
	odd := []int64{-1, 0, 1, 2, 3, 7, 64, -2, 100, 1 << 40, 1<<31 - 1, math.MaxInt64, math.MinInt64}
	number := func() int64 { return odd[rng.IntN(len(odd))] }
	n := &m.Nodes[rng.IntN(len(m.Nodes))]
	switch rng.IntN(7) {
	case 0:
		for i := range n.Attributes {
			a := &n.Attributes[i]
			a.Int = number()
			a.Ints = slices.Clone(a.Ints)
			if len(a.Ints) > 0 {
				a.Ints[rng.IntN(len(a.Ints))] = number()
			}
		}
	case 1:
		n.Attributes = nil
	case 2:
		n.Op = m.Nodes[rng.IntN(len(m.Nodes))].Op
	case 3:
		if len(n.Inputs) > 0 {
			n.Inputs = n.Inputs[:rng.IntN(len(n.Inputs))]
		}
	case 4:
		if len(n.Inputs) > 0 {
			all := []string{"", m.Inputs[0].Name}
			for _, t := range m.Initializers {
				all = append(all, t.Name)
			}
			n.Inputs = slices.Clone(n.Inputs)
			n.Inputs[rng.IntN(len(n.Inputs))] = all[rng.IntN(len(all))]
		}
	case 5:
		s := m.Inputs[0].Shape
		s[rng.IntN(len(s))].Size = number()
	case 6:
		if len(m.Initializers) > 0 {
			t := m.Initializers[rng.IntN(len(m.Initializers))]
			for i := range t.Int64s {
				t.Int64s[i] = number()
			}
			for i := range t.Float32s {
				t.Float32s[i] = []float32{0, 1, float32(math.Inf(1)), float32(math.NaN())}[rng.IntN(4)]
			}
			if len(t.Shape) > 1 {
				t.Shape = []int{volume(t.Shape)}
			}
		}
	}
}

// A model that is valid as a file but makes no sense as a network is read, or refused with an error; it never panics.
func TestMalformedModelsNeverPanic(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	archives := []string{"../testdata/operators.npz", "../testdata/exports.npz"}
	files := [][]byte{}
	for _, path := range archives {
		files = append(files, modeltest.ModelFiles(t, path)...)
	}
	read, refused := 0, 0
	for range malformed {
		m, err := onnxio.Decode(ctx, files[rng.IntN(len(files))], onnxio.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + rng.IntN(2) {
			damage(rng, m)
		}
		r, err := Inspect(ctx, m, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, note := range r.Notes {
			if strings.Contains(note, "runtime error") || strings.Contains(note, "graph: ") {
				t.Errorf("a kernel panics: %s", note)
			}
		}
		if r.Homogeneity != nil {
			read++
		} else {
			refused++
		}
	}
	if read < malformed/20 || refused < malformed/20 {
		t.Errorf("%d models were read and %d refused: the damage is too light or too heavy", read, refused)
	}
}

// malformed is how many damaged models are tried.
const malformed = 2000

// What loads of the hostile files is reported on or refused, too.
func TestHostileFilesNeverPanic(t *testing.T) {
	ctx := context.Background()
	for _, folder := range []string{"hostile/load", "hostile/panics"} {
		for _, path := range corpus(t, folder) {
			m, err := onnxio.ReadFile(ctx, path, onnxio.Options{})
			if err != nil {
				continue // a matter of package onnxio
			}
			r, err := Inspect(ctx, m, graph.Options{})
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if !r.Applicability.Applicable && r.Applicability.Reason == "" {
				t.Errorf("%s: out of scope without a reason", path)
			}
			t.Log(filepath.Base(path), r.Applicability.Reason)
		}
	}
}
