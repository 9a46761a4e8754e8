package reconstruct

// SpanDistance says how far an image is from the span of the first layer: the norm of the part of its input outside the
// span over the norm of the whole, in [0, 1]. A training sample lies in the span up to the initial noise, so a small
// distance is strong evidence of membership while the span is thin; SpanPower says whether it is.
func (r *Result) SpanDistance(pixels []float64) float64 {
	return r.span.distance(r.space.input(pixels))
}

// SpanPower reports whether the span is thin enough, rank at most half the input's width, for its distance to tell
// anything.
func (r *Result) SpanPower() bool { return 2*r.Rank <= r.span.basis.RawMatrix().Cols }

// NearestCosine returns the largest cosine between the input of an image and that of a recovered sample, and the
// sample's index; -1 and -1 when nothing was recovered.
func (r *Result) NearestCosine(pixels []float64) (cosine float64, index int) {
	x := normalised(r.space.input(pixels))
	cosine, index = -1, -1
	for i, u := range r.unit {
		if c := dot(x, u); c > cosine {
			cosine, index = c, i
		}
	}
	return cosine, index
}
