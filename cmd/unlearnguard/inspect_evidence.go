package main

import (
	"context"
	"fmt"

	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct/imprint"
)

// evidenceKind is a kind of evidence, and whether a model can give it.
type evidenceKind struct {
	// Kind is reconstruction, trace, imprint or loss.
	Kind      string `json:"kind"`
	Available bool   `json:"available"`
	// Shows says what a verdict may rest on it for: both, or retained alone.
	Shows  string `json:"shows"`
	Reason string `json:"reason"`
	// Layers are those that can be asked about images.
	Layers []imprint.Layer `json:"layers,omitempty"`
}

// evidenceOf lists the kinds of evidence that a model can give.
func evidenceOf(ctx context.Context, r *chain.Report) ([]evidenceKind, error) {
	a := r.Applicability
	kinds := []evidenceKind{
		{Kind: "reconstruction", Available: a.Applicable, Shows: "both", Reason: a.Reason},
		traceEvidence(a),
		{Kind: "imprint", Shows: "both"},
		{Kind: "loss", Shows: "retained"},
	}
	imprinted, loss := &kinds[2], &kinds[3]
	if r.Network == nil || r.Outputs == 0 {
		imprinted.Reason = "the file cannot be read as a classifier"
		loss.Reason = imprinted.Reason
		return kinds, nil
	}
	var err error
	if imprinted.Layers, err = imprint.Layers(ctx, r.Network); err != nil {
		return nil, err
	}
	imprinted.Available, loss.Available = len(imprinted.Layers) > 0, true
	loss.Reason = "it is what the model computes: its presence shows that a sample is in, its absence shows nothing"
	imprinted.Reason = fmt.Sprintf("%d layers with a weight can be asked about known images, beside reference images that were never trained on; the controls of an audit show how much they tell", len(imprinted.Layers))
	if !imprinted.Available {
		imprinted.Reason = "no layer multiplies what it reads by a weight"
	}
	return kinds, nil
}

func traceEvidence(a chain.Applicability) evidenceKind {
	k := evidenceKind{Kind: "trace", Shows: "both"}
	switch {
	case a.FirstLayer == nil || !a.InScope:
		k.Reason = "it takes a fully connected ReLU network whose first layer has the samples' span"
	case a.FirstLayer.Rank == 0:
		k.Reason = "no direction of the first layer stands above its noise"
	default:
		k.Available = true
		k.Reason = fmt.Sprintf("%d directions of the first layer stand above its noise", a.FirstLayer.Rank)
	}
	return k
}
