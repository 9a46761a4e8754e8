package audit

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures/images"
	"unlearnguard/metrics"
)

// views are the images of a request in the forms that the stages of an audit take, each made once: the queried images come first
// and the reference images after them.
type views struct {
	queried, reference *images.Set
	pixels             *mat.Dense // a row an image
	norm               images.Normalisation
	fed                []float32 // by norm; nil before the first model is fed
}

// views returns the forms of the request's images, made anew where these were replaced.
func (r *Request) views() *views {
	if r.seen == nil || r.seen.queried != r.Queried || r.seen.reference != r.Reference {
		r.seen = newViews(r.Queried, r.Reference)
	}
	return r.seen
}

func newViews(queried, reference *images.Set) *views {
	v := &views{queried: queried, reference: reference, pixels: queried.Matrix()}
	if v.references() > 0 {
		var all mat.Dense
		all.Stack(v.pixels, reference.Matrix())
		v.pixels = &all
	}
	return v
}

func (v *views) references() int {
	if v.reference == nil {
		return 0
	}
	return v.reference.Len()
}

// rows are the pixels of the queried and of the reference images; nil where there are none of these.
func (v *views) rows() (queried, references *mat.Dense) {
	n, d := v.queried.Len(), v.queried.Dim()
	queried = v.pixels.Slice(0, n, 0, d).(*mat.Dense)
	if m := v.references(); m > 0 {
		references = v.pixels.Slice(n, n+m, 0, d).(*mat.Dense)
	}
	return queried, references
}

// pictures are the first n images.
func (v *views) pictures(n int) []metrics.Image {
	out := make([]metrics.Image, n)
	for i := range out {
		out[i] = metrics.Image{Channels: v.queried.C, Height: v.queried.H, Width: v.queried.W, Pix: v.pixels.RawRowView(i)}
	}
	return out
}

// feed are all images as a network is fed them. Two models that are fed the same share it.
func (v *views) feed(norm images.Normalisation) ([]float32, error) {
	if v.fed != nil && slices.Equal(v.norm.Mean, norm.Mean) && slices.Equal(v.norm.Std, norm.Std) {
		return v.fed, nil
	}
	all := []*images.Set{v.queried}
	if v.reference != nil {
		all = append(all, v.reference)
	}
	fed := make([]float32, 0, len(v.pixels.RawMatrix().Data))
	for _, set := range all {
		x, err := norm.Feed(set)
		if err != nil {
			return nil, err
		}
		fed = append(fed, x...)
	}
	v.norm, v.fed = norm, fed
	return fed, nil
}
