package audit

import (
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
	"unlearnguard/metrics"
)

// compareImages compares the images with each other, whatever the models say of them: are the reference images of another kind, and
// how much does each resemble the controls?
func (r *Request) compareImages() error {
	if r.Reference == nil || r.Reference.Len() < 2 {
		return nil
	}
	e, err := engine.New[float64](engine.Options{Threads: r.Reconstruct.Threads})
	if err != nil {
		return err
	}
	asked, references := r.views().rows()
	r.strange = r.otherKind(e, asked, references)
	r.alike = r.likeness(e, asked, references)
	return nil
}

// otherKind says that the reference images are of another kind than the queried ones, or is empty. Such images are no null
// distribution for these. A queried image is about as far from its nearest reference image as one reference image from the
// nearest other, if both are of one kind. Both are given as rows of pixels.
func (r *Request) otherKind(e *engine.Engine[float64], asked, references *mat.Dense) string {
	if missing := r.missingClasses(); missing != "" {
		return missing
	}
	queried, others := nearest(e, asked, references, false), nearest(e, references, references, true)
	farther := 0
	for _, q := range queried {
		at, _ := slices.BinarySearch(others, q)
		farther += at
	}
	share := float64(farther) / float64(len(queried)*len(others))
	if share > fartherAtMost || share < fartherAtLeast && r.classes() != 1 {
		return fmt.Sprintf("the reference images are of another kind than the images that were asked about: in %.0f %% of all pairs one of these is farther from the nearest reference image than a reference image is", 100*share)
	}
	return ""
}

// nearest are the squared distances of rows to the nearest of others, in order; with self they are the same rows, each of which
// is left out for itself.
func nearest(e *engine.Engine[float64], rows, others *mat.Dense, self bool) []float64 {
	n, d := rows.Dims()
	m, _ := others.Dims()
	a, b := rows.RawMatrix().Data, others.RawMatrix().Data
	products := make([]float64, n*m)
	e.Gemm(false, true, n, m, d, 1, a, d, b, d, 0, products, m)
	lengths := make([]float64, m)
	for j := range lengths {
		lengths[j] = e.Dot(b[j*d:(j+1)*d], b[j*d:(j+1)*d])
	}
	out := make([]float64, n)
	for i := range out {
		best := -1.0
		own := e.Dot(a[i*d:(i+1)*d], a[i*d:(i+1)*d])
		for j, p := range products[i*m : (i+1)*m] {
			if s := own + lengths[j] - 2*p; (!self || i != j) && (best < 0 || s < best) {
				best = max(s, 0)
			}
		}
		out[i] = best
	}
	slices.Sort(out)
	return out
}

// classes is the number of classes of the queried images, 0 where they are not known.
func (r *Request) classes() int {
	seen := map[int]bool{}
	for _, l := range r.Queried.Labels {
		seen[l] = true
	}
	return len(seen)
}

// missingClasses says that most of the samples to forget are of classes that no reference image has, or is empty.
func (r *Request) missingClasses() string {
	if r.Queried.Labels == nil || r.Reference.Labels == nil {
		return ""
	}
	known := map[int]bool{}
	for _, l := range r.Reference.Labels {
		known[l] = true
	}
	forget, missing := r.positions(metrics.Forget), 0
	for _, i := range forget {
		if !known[r.Queried.Labels[i]] {
			missing++
		}
	}
	if float64(missing) <= unknownClasses*float64(len(forget)) {
		return ""
	}
	return fmt.Sprintf("%d of the %d samples to forget are of classes that no reference image is of", missing, len(forget))
}
