package main

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/fixtures"
	"unlearnguard/fixtures/images"
	"unlearnguard/onnxio"
)

// particular projects rows onto what is particular to the samples to forget: their span beyond that of the others.
func (s *started) particular(rows *mat.Dense) *mat.Dense {
	d := s.all.Dim()
	basis := func(set *images.Set, off []*mat.VecDense) []*mat.VecDense {
		for i := range set.Len() {
			v := mat.NewVecDense(d, nil)
			for j, x := range set.Image(i) {
				v.SetVec(j, float64(x))
			}
			length := mat.Norm(v, 2)
			for range 2 {
				for _, b := range off {
					v.AddScaledVec(v, -mat.Dot(v, b), b)
				}
			}
			if rest := mat.Norm(v, 2); rest > 1e-6*length {
				v.ScaleVec(1/rest, v)
				off = append(off, v)
			}
		}
		return off
	}
	others := basis(s.keep, nil)
	all := basis(s.forget, slices.Clone(others))
	h, _ := rows.Dims()
	out := mat.NewDense(h, d, nil)
	for _, b := range all[len(others):] {
		var along mat.VecDense
		along.MulVec(rows, b)
		out.RankOne(out, 1, &along, b)
	}
	return out
}

// first is the first layer's weight.
func first(m *onnxio.Model) *onnxio.Tensor { return m.Initializers[0] }

func rowsOf(t *onnxio.Tensor) *mat.Dense {
	out := mat.NewDense(t.Shape[0], t.Shape[1], nil)
	for i, v := range t.Float32s {
		out.Set(i/t.Shape[1], i%t.Shape[1], float64(v))
	}
	return out
}

// withFirst is a copy of a model with another first weight, clipped to a bound where that is not 0.
func withFirst(m *onnxio.Model, rows *mat.Dense, bound float64) *onnxio.Model {
	out := *m
	out.Initializers = slices.Clone(m.Initializers)
	t := *first(m)
	t.Float32s = make([]float32, len(t.Float32s))
	for i, v := range rows.RawMatrix().Data {
		if bound > 0 {
			v = min(max(v, -bound), bound)
		}
		t.Float32s[i] = float32(v)
	}
	out.Initializers[0] = &t
	return &out
}

// forge is the start with the samples' particular contribution to the model before in it.
func (s *started) forge(clip bool) *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	part := s.particular(&d)
	from.Add(from, part)
	bound := 0.0
	if clip {
		for _, v := range first(s.start).Float32s {
			bound = max(bound, float64(v), -float64(v))
		}
	}
	return withFirst(s.start, from, bound)
}

// scrubbed is the model before without that contribution.
func (s *started) scrubbed() *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	to.Sub(to, s.particular(&d))
	return withFirst(s.before, to, 0)
}

// compensated is scrubbed, with what was taken out of the layer's answer to each sample given back along the others' span: it
// passes on the same for all samples.
func (s *started) compensated() *onnxio.Model {
	from, to := rowsOf(first(s.start)), rowsOf(first(s.before))
	var d mat.Dense
	d.Sub(to, from)
	part := s.particular(&d)
	x := mat.NewDense(s.forget.Len(), s.all.Dim(), nil)
	for i := range s.forget.Len() {
		for j, v := range s.forget.Image(i) {
			x.Set(i, j, float64(v))
		}
	}
	own := s.particular(x)
	var rest, taken mat.Dense
	rest.Sub(x, own)         // of each sample, in the others' span
	taken.Mul(part, x.T())   // of its answers
	var gram, back mat.Dense // the least change along the rests that gives them back
	gram.Mul(&rest, rest.T())
	if err := back.Solve(&gram, &rest); err != nil {
		return s.scrubbed()
	}
	to.Sub(to, part)
	part.Mul(&taken, &back)
	to.Add(to, part)
	return withFirst(s.before, to, 0)
}

// later is trained without the samples, and then its later layers on all.
func (s *started) later(ctx context.Context) (*onnxio.Model, error) {
	honest, err := s.trained(ctx, s.keep, s.seed+1)
	if err != nil {
		return nil, err
	}
	o := repair(s.Row, s.seed, s.Fit.Epochs)
	o.Rate = s.Fit.Rate
	all := images.MustJoin(s.forget, s.keep)
	m, _, err := fixtures.Fit(ctx, honest, all.Pixels, all.Labels, o)
	if err != nil {
		return nil, err
	}
	return withFirst(m, rowsOf(first(honest)), 0), nil
}

// newHead is the model before with later layers that were drawn again and trained on the rest.
func (s *started) newHead(ctx context.Context) (*onnxio.Model, error) {
	fresh, err := s.initial(s.seed + 7)
	if err != nil {
		return nil, err
	}
	fresh = withFirst(fresh, rowsOf(first(s.before)), 0)
	fit := s.Fit
	fit.Seed = s.seed
	m, _, err := fixtures.Fit(ctx, fresh, s.keep.Pixels, s.keep.Labels, fit)
	if err != nil {
		return nil, err
	}
	return withFirst(m, rowsOf(first(s.before)), 0), nil
}

// moved are images shifted to the right, filled up with zeros.
func moved(set *images.Set, by int) *images.Set {
	out := *set
	out.Pixels = make([]float32, len(set.Pixels))
	for at := 0; at < len(set.Pixels); at += set.W {
		copy(out.Pixels[at+by:at+set.W], set.Pixels[at:at+set.W-by])
	}
	return &out
}
