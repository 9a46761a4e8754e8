package graph

import (
	"context"
	"path/filepath"
	"testing"
)

// agreed is the deviation below which a measurement says homogeneous: float64 rounding leaves about 1e-15, the smallest
// departure in the corpus (the epsilon of a layer normalisation) about 1e-7.
const agreed = 1e-10

// What the structure says of homogeneity is what a measurement finds, for every file.
func TestCorpusHomogeneityAgreesWithMeasurement(t *testing.T) {
	for _, folder := range []string{"torch", "third-party"} {
		for _, path := range corpus(t, folder) {
			t.Run(filepath.Base(path), func(t *testing.T) {
				net := compiled(t, path)
				h := net.Homogeneity()
				deviation, err := net.MeasureHomogeneity(context.Background(), h, 1)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%s of degree %v, deviation %.2g: %v", h.Verdict, h.Degree, deviation, h.Findings)
				if (h.Verdict != NotHomogeneous) != (deviation < agreed) {
					t.Errorf("%s of degree %v with exponents %v and findings %v, but measured deviation %g", h.Verdict, h.Degree, h.Exponents, h.Findings, deviation)
				}
			})
		}
	}
}
