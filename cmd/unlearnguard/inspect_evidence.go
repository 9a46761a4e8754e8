package main

import (
	"context"
	"fmt"

	"unlearnguard/graph/chain"
	"unlearnguard/reconstruct/imprint"
	"unlearnguard/reconstruct/start"
)

// evidenceKind is a kind of evidence, and whether a model can give it.
type evidenceKind struct {
	// Kind is reconstruction, trace, imprint, copies, start, lineage or loss.
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
	imprinted := evidenceKind{Kind: "imprint", Shows: "both"}
	copied := evidenceKind{Kind: "copies", Shows: "retained"}
	started := evidenceKind{Kind: "start", Shows: "both"}
	lineage := evidenceKind{Kind: "lineage", Shows: "context"}
	loss := evidenceKind{Kind: "loss", Shows: "retained"}
	a := r.Applicability
	all := []*evidenceKind{{Kind: "reconstruction", Available: a.Applicable, Shows: "both", Reason: a.Reason}, traceEvidence(a), &imprinted, &copied, &started, &lineage, &loss}
	if r.Network == nil || r.Outputs == 0 {
		for _, k := range all[2:] {
			k.Reason = "the file cannot be read as a classifier"
		}
		return kindsOf(all), nil
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
	copied.Available, copied.Reason = imprinted.Available, "altered copies of images are asked about in the same way, where the inputs are images"
	lineage.Available, lineage.Reason = imprinted.Available, "whether a model was made from another is told by matching their neurons; it says how much other evidence is worth"
	err = startEvidence(r, &started)
	return kindsOf(all), err
}

func kindsOf(all []*evidenceKind) []evidenceKind {
	var out []evidenceKind
	for _, k := range all {
		out = append(out, *k)
	}
	return out
}

// startEvidence says whether a known start would tell which images a model was trained on.
func startEvidence(r *chain.Report, k *evidenceKind) error {
	layer, err := start.LayerOf(r.Network)
	switch {
	case err != nil:
		return err
	case layer.Name == "":
		k.Reason = "it takes a fully connected layer"
		return nil
	}
	k.Available = true
	k.Reason = fmt.Sprintf("with its initial weights or an earlier checkpoint (verify --initial, --initial-seed), up to %d samples that SGD trained on can be told by the layer %s", layer.Limit, layer.Name)
	if layer.Behind {
		k.Reason += ", if the layers before it were frozen"
	}
	return nil
}

func traceEvidence(a chain.Applicability) *evidenceKind {
	k := &evidenceKind{Kind: "trace", Shows: "both"}
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
