package graph

import (
	"context"
	"testing"
)

// Single operators compute what onnxruntime computes, and modules what PyTorch computes: in both precisions, sample by
// sample, in batches that do not fit, and again.
func TestRecordedOutputs(t *testing.T) {
	ctx := context.Background()
	for _, path := range []string{"testdata/operators.npz", "testdata/exports.npz"} {
		for _, c := range readRecorded(t, path) {
			for _, opts := range []EvaluatorOptions{{}, {Float64: true, Batch: 1}, {Batch: 5}} {
				e, err := c.net.Evaluator(opts)
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
					break
				}
				for range 2 {
					got, err := e.Run(ctx, c.x)
					if err != nil {
						t.Errorf("%s: %v", c.name, err)
					} else if len(got) != len(c.y) {
						t.Errorf("%s: %d numbers, want %d", c.name, len(got), len(c.y))
					} else if e := scaledError(got, c.y); !(e <= 1e-4) {
						t.Errorf("%s, %+v: error %.3g", c.name, opts, e)
					}
				}
			}
		}
	}
}

// What the structure says of homogeneity is what a measurement finds, for every operator and module.
func TestRecordedHomogeneityAgreesWithMeasurement(t *testing.T) {
	for _, path := range []string{"testdata/operators.npz", "testdata/exports.npz"} {
		for _, c := range readRecorded(t, path) {
			h := c.net.Homogeneity()
			deviation, err := c.net.MeasureHomogeneity(context.Background(), h, 1)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if (h.Verdict != NotHomogeneous) != (deviation < agreed) {
				t.Errorf("%s: %s of degree %v with findings %v, but measured deviation %g", c.name, h.Verdict, h.Degree, h.Findings, deviation)
			}
		}
	}
}
