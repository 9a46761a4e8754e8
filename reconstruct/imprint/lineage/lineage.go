package lineage

import (
	"context"
	"fmt"

	"unlearnguard/graph"
)

// Options says how models are compared. The zero value compares the parameters alone.
type Options struct {
	// References are inputs of never-trained images, as the networks are fed them, one after the other: some multiple of
	// InputElements numbers. With them the functions are compared as well. A hundred are plenty.
	References []float32
	// Threads is the number of threads; 0 stands for GOMAXPROCS. Results do not depend on it.
	Threads int
	// Seed determines the random rows that say what independent networks have.
	Seed uint64
}

// Relation is how the model after came about.
type Relation string

// The relations.
const (
	// Same is for parameters that are equal to float32's rounding.
	Same Relation = "same"
	// Derived is for a model that was made from the model before or shares its initial values.
	Derived Relation = "derived"
	// Independent is for a model in which nothing of the model before is found, though it would show.
	Independent Relation = "independent"
	// Unknown is for models of which neither can be said.
	Unknown Relation = "unknown"
)

// Agreement is how far the rows of two matrices agree after matching.
type Agreement struct {
	// Cosine is the mean cosine of matched rows, weighed by the energy of the rows before; a row without a match counts 0.
	Cosine float64 `json:"cosine"`
	// Independent is the 99 % quantile of what independent networks have.
	Independent float64 `json:"independent"`
}

// Layer compares one layer.
type Layer struct {
	// Name is that of the weight in the model before. Rows and RowsAfter are the numbers of its neurons or filters, Columns that
	// of the values that each reads.
	Name      string `json:"name"`
	Rows      int    `json:"rows"`
	RowsAfter int    `json:"rows_after"`
	Columns   int    `json:"columns"`
	// Weights compares the weights as they are; Start what is left of them outside the directions that stand above the noise
	// in either model, which training barely moves, nil where next to nothing is left.
	Weights Agreement  `json:"weights"`
	Start   *Agreement `json:"start,omitempty"`
	// StartShare is the norm of what is left in the model before, relative to that of its weight, and StartGrowth how many times
	// as large it is after, absolutely or relatively, whichever is more. Noise that was added shows there, and hides lineage.
	StartShare  float64 `json:"start_share"`
	StartGrowth float64 `json:"start_growth"`
	// Permuted says that rows stand at other places after; Scaled that they were multiplied by factors.
	Permuted bool `json:"permuted"`
	Scaled   bool `json:"scaled"`
	// Change is the norm of what was added to the aligned weight, relative to the weight before. Rank is the number of its
	// singular values above its noise, -1 where the matrix is too large for that, and RankEnergy their share of its energy.
	Change     float64 `json:"change"`
	Rank       int     `json:"rank"`
	RankEnergy float64 `json:"rank_energy"`
	// Compared says that the layer was compared: it reads as many values as its counterpart once neurons are matched.
	Compared bool `json:"compared"`
	// Output says that the layer gives the logits. Their order is fixed, and it is no sign of lineage: see the package comment.
	Output bool `json:"output"`
}

// Result is what was found.
type Result struct {
	Relation Relation `json:"relation"`
	// Reason is a sentence that says why.
	Reason string  `json:"reason"`
	Layers []Layer `json:"layers"`
	// Gradients is the median cosine between the models' gradients of the margin of the model before's class by the input at
	// the reference inputs, nil without those.
	Gradients *float64 `json:"gradients,omitempty"`
}

// Compare says whether the model after was made from the model before. Networks of other inputs or logits are an error.
func Compare(ctx context.Context, before, after *graph.Network, opts Options) (*Result, error) {
	if before.InputElements() != after.InputElements() || before.Outputs != after.Outputs {
		return nil, fmt.Errorf("the model before takes %d numbers a sample and has %d logits, the model after %d and %d: they do not do the same task",
			before.InputElements(), before.Outputs, after.InputElements(), after.Outputs)
	}
	result := &Result{}
	c, err := newComparison(ctx, before, after, opts)
	if err != nil {
		return nil, err
	}
	if result.Layers, err = c.layers(ctx); err != nil {
		return nil, err
	}
	if len(opts.References) > 0 {
		median, err := gradientCosine(ctx, before, after, opts)
		if err != nil {
			return nil, err
		}
		result.Gradients = &median
	}
	same := result.unchanged()
	if same {
		if same, err = sameParameters(before, after); err != nil {
			return nil, err
		}
	}
	result.Relation, result.Reason = decide(result, same)
	return result, nil
}
