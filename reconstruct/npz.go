package reconstruct

import (
	"fmt"
	"io"

	"codeberg.org/sbinet/npyio/npz"
	"gonum.org/v1/gonum/mat"
)

// WriteNPZ writes the result as NumPy arrays: samples (k x C x H x W in one k x d array, in pixels), labels,
// multipliers, support, confidence, the singular values of the layer that they were looked for in, the mean and std (d) that
// map pixels to inputs and, but for networks with convolutions, the span: basis (r x d, orthonormal rows).
func (r *Result) WriteNPZ(w io.Writer) error {
	k, d := len(r.Samples), len(r.space.mean)
	samples := mat.NewDense(max(k, 1), d, nil)
	labels, support := make([]int64, k), make([]int64, k)
	multipliers, confidence := make([]float64, k), make([]float64, k)
	for i, s := range r.Samples {
		samples.SetRow(i, s.Pixels)
		labels[i], support[i] = int64(s.Label), int64(s.Support)
		multipliers[i], confidence[i] = s.Multiplier, s.Confidence
	}
	z := npz.NewWriter(w)
	for _, a := range []struct {
		name  string
		value any
	}{
		{"samples", samples}, {"labels", labels}, {"multipliers", multipliers}, {"support", support},
		{"confidence", confidence}, {"basis", r.span.basis}, {"singular", r.span.spectrum.Singular},
		{"mean", r.space.mean}, {"std", r.space.std},
	} {
		if a.name == "basis" && r.span.basis == nil {
			continue
		}
		if err := z.Write(a.name+".npy", a.value); err != nil {
			return fmt.Errorf("reconstruct: array %q: %w", a.name, err)
		}
	}
	return z.Close()
}
