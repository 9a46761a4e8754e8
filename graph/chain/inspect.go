package chain

import (
	"context"

	"unlearnguard/graph"
	"unlearnguard/onnxio"
)

// Report is what [graph.Inspect] says about a model, and whether samples can be reconstructed from it.
type Report struct {
	*graph.Report
	Applicability Applicability `json:"applicability"`
}

// Inspect reports on a model. A model that is out of scope is no error: the report says so.
func Inspect(ctx context.Context, m *onnxio.Model, opts graph.Options) (*Report, error) {
	r, err := graph.Inspect(ctx, m, opts)
	switch {
	case err != nil:
		return &Report{Report: r}, err
	case r.Network == nil:
		return &Report{r, Applicability{Reason: r.Unreadable}}, nil
	}
	return &Report{r, applicabilityOf(r.Network, r.Homogeneity.Homogeneity, r.Parameters)}, nil
}
