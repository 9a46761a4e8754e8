package audit

import (
	"fmt"
	"math"

	"unlearnguard/fixtures/images"
	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
	"unlearnguard/reconstruct/imprint/copies"
)

// repeated refuses an image to forget of which an altered copy is among the other images: among the references it would hide
// what the models hold, and among those to forget it would count twice.
func (r *Request) repeated() error {
	if !r.copyable() {
		return nil
	}
	e, err := engine.New[float64](engine.Options{Threads: r.Reconstruct.Threads})
	if err != nil {
		return err
	}
	forget := r.positions(metrics.Forget)
	others := r.Queried
	if r.Reference != nil {
		if others, err = images.Join(r.Queried, r.Reference); err != nil {
			return err
		}
	}
	n, m, d := len(forget), others.Len(), others.Dim()
	all := make([]float64, 0, m*d)
	for i := range m {
		all = append(all, centredUnit(others.Image(i))...)
	}
	correlations, mine := make([]float64, n*m), make([]float64, 0, n*d)
	for _, v := range exactVersions() {
		mine = mine[:0]
		for _, i := range forget {
			mine = append(mine, centredUnit(v.Of(r.Queried.Image(i), others.C, others.H, others.W))...)
		}
		e.Gemm(false, true, n, m, d, 1, mine, d, all, d, 0, correlations, m)
		for at, c := range correlations {
			if i, j := forget[at/m], at%m; i != j && c >= sameImage {
				return r.repeatedError(i, j, others.Names[j], v)
			}
		}
	}
	return nil
}

func (r *Request) repeatedError(i, j int, name string, v copies.Version) error {
	how := "but for its contrast"
	if v != (copies.Version{}) {
		how = v.String()
	}
	if j < len(r.Roles) {
		return fmt.Errorf("%s, %s, is the same image as %s, to forget, %s: name it once", name, r.part(j), r.Queried.Names[i], how)
	}
	return fmt.Errorf("the reference image %s is the same as %s, to forget, %s: a reference image must be one that neither model was trained on; leave it out", name, r.Queried.Names[i], how)
}

// exactVersions are those that lose next to nothing of an image.
func exactVersions() []copies.Version {
	out := []copies.Version{{}, {Flip: true}, {Turn: 180}, {Invert: true}}
	for down := -3.0; down <= 3; down++ {
		for right := -3.0; right <= 3; right++ {
			out = append(out, copies.Version{Down: down, Right: right})
		}
	}
	return out
}

// centredUnit is an image about its own mean, with length 1; zeros for one of a single value.
func centredUnit(x []float32) []float64 {
	mean, square := 0.0, 0.0
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v) - mean
		square += out[i] * out[i]
	}
	if square < 1e-12 {
		return make([]float64, len(x))
	}
	for i := range out {
		out[i] /= math.Sqrt(square)
	}
	return out
}
