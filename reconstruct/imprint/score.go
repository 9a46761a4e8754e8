package imprint

import (
	"errors"
	"math"

	"unlearnguard/graph/engine"
)

// scores are the layer's two scores; the first images are the references. A layer to which all reference images are the same
// has none.
func (l *layer) scores(references int, o Options) ([]Score, error) {
	e, err := engine.New[float64](engine.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	n := len(l.activations) / l.width
	a, g := centred(l.activations, references, l.width), widened(l.gradients)
	byActivation, err := newWhitening(e, a[:references*l.width], references, l.width, o.Ridge)
	if errors.Is(err, errNoSpread) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ea := byActivation.embed(a, n)
	out := []Score{l.score(Matched, ea, byActivation.embed(g, n), n, references)}
	byGradient, err := newWhitening(e, g[:references*l.width], references, l.width, 1)
	if errors.Is(err, errNoSpread) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	white := byGradient.solve(byGradient.embed(g, n), n)
	return append(out, l.score(Whitened, ea, byActivation.embed(white, n), n, references)), nil
}

// score is the cosine of each gradient with its activation. Of a reference image it is the one in the metric without it: the
// scatter of the others is S - c d d', c = R/(R-1), so that with h = 1 - c d'N^-1 d
//
//	d'N_^-1 d = d'N^-1 d / h,   g'N_^-1 d = g'N^-1 d / h,   g'N_^-1 g = g'N^-1 g + c (g'N^-1 d)^2 / h
//
// (Sherman and Morrison 1950). The centre moves along d, which changes its length alone.
func (l *layer) score(kind Kind, a, g embedding, n, references int) Score {
	s := Score{Layer: l.name, Width: l.width, Kind: kind}
	c := float64(references) / float64(references-1)
	for i := range n {
		aa, ga, gg := product(a, a, i), product(g, a, i), product(g, g, i)
		if i < references {
			h := max(1-c*aa, 1e-12)
			aa, ga, gg = aa/h, ga/h, gg+c*ga*ga/h
		}
		cosine := 0.0
		if aa > 0 && gg > 0 {
			cosine = ga / math.Sqrt(aa*gg)
		}
		if i < references {
			s.References = append(s.References, cosine)
		} else {
			s.Queried = append(s.Queried, cosine)
		}
	}
	return s
}

// centred subtracts the mean of the references from every row.
func centred(x []float32, references, width int) []float64 {
	mean := make([]float64, width)
	for i := range references {
		for j, v := range x[i*width : (i+1)*width] {
			mean[j] += float64(v) / float64(references)
		}
	}
	out := widened(x)
	for i := range out {
		out[i] -= mean[i%width]
	}
	return out
}

func widened(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
