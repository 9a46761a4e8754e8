package start

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
)

// Finding is what a network says of images by its starts.
type Finding struct {
	// Layer is the name of the weight of the first layer that training moved, empty where that is none that has a span.
	Layer string
	// Span is that of its differences from the starts, nil where NoPower is for want of one.
	Span *Span
	// Distances has one entry an image (Span.Distances).
	Distances []float64
	// NoPower says why the distances tell nothing, or is empty.
	NoPower string

	known      Known
	parameters []graph.Parameter[float32]
	inputs     *mat.Dense
	// direct says that the layer reads the images themselves.
	direct bool
	// as lays the values of a start out as rows.
	as func(Values) *mat.Dense
}

// Find looks for images, as the network is fed them one after the other, in the span of what moved its first moved layer away
// from its starts.
func Find(ctx context.Context, net *graph.Network, starts []Values, x []float32, known Known) (*Finding, error) {
	f := &Finding{}
	runner, err := graph.NewRunner[float32](net, graph.RunOptions{Layers: true})
	if err != nil {
		return nil, err
	}
	of := runner.Parameters()
	first := moved(of, starts)
	if first < 0 {
		f.NoPower = "its parameters are those of the start"
		return f, nil
	}
	var l *layer
	err = runner.Run(ctx, x, func(_, _ int, _, weight []float32) { fill(weight, 1) }, func(p graph.Pass[float32]) error {
		if l == nil {
			l = layerOf(p, of[first], len(x)/net.InputElements())
		}
		l.keep(p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if l.index < 0 {
		f.NoPower = fmt.Sprintf("the first parameter that training moved is %s, which is no weight of a fully connected layer: what moved a convolution spans all patches, and what comes before a layer that moved has moved its inputs", of[first].Name)
		return f, nil
	}
	f.direct = equal(l.inputs.RawMatrix().Data, x)
	return f, f.measure(l, of, starts, known)
}

func equal(a []float64, b []float32) bool {
	return slices.EqualFunc(a, b, func(a float64, b float32) bool { return a == float64(b) })
}

func fill(x []float32, v float32) {
	for i := range x {
		x[i] = v
	}
}

// layer is a fully connected layer and its inputs.
type layer struct {
	index  int // among the layers of a pass, -1 for none
	pass   graph.LayerPass[float32]
	inputs *mat.Dense
}

// layerOf is the fully connected layer that a parameter is the weight of, or the bias: then its weight has not been moved.
func layerOf(p graph.Pass[float32], of graph.Parameter[float32], samples int) *layer {
	for i, l := range p.Layers {
		if l.Name == of.Name && len(of.Shape) == 2 && len(l.Output) == 2 {
			return &layer{index: i, inputs: mat.NewDense(samples, len(l.Activations)/p.Samples, nil)}
		}
	}
	return &layer{index: -1}
}

func (l *layer) keep(p graph.Pass[float32]) {
	if l.index < 0 {
		return
	}
	l.pass = p.Layers[l.index]
	_, width := l.inputs.Dims()
	for i, v := range l.pass.Activations {
		l.inputs.Set(p.First+i/width, i%width, float64(v))
	}
}

// measure finds the span and the distances.
func (f *Finding) measure(l *layer, of []graph.Parameter[float32], starts []Values, known Known) error {
	f.Layer = l.pass.Name
	p := of[slices.IndexFunc(of, func(p graph.Parameter[float32]) bool { return p.Name == f.Layer })]
	weight := l.pass.WeightRows(p)
	f.known, f.inputs, f.parameters = known, l.inputs, of
	f.as = func(v Values) *mat.Dense { return like(weight, p, v[p.Name]) }
	var from []*mat.Dense
	for _, s := range starts {
		if s[p.Name] != nil {
			from = append(from, f.as(s))
		}
	}
	var err error
	if f.Span, err = New(weight, from); err != nil {
		return fmt.Errorf("layer %s: %w", f.Layer, err)
	}
	for _, c := range f.Span.Decay {
		if !possibleDecay(c) {
			f.NoPower = fmt.Sprintf("where no sample moved it the weight is %.3g times its start, which neither training nor weight decay makes of it", c)
			return nil
		}
	}
	f.Distances, err = f.Span.Distances(l.inputs, known)
	return err
}

// possibleDecay reports whether training or weight decay can have left a factor of the start.
func possibleDecay(c float64) bool { return c > 0 && c < 1+decayAbove }

// Powerless says why the distances tell nothing, by the images of which it is known, or is empty.
func (f *Finding) Powerless() string {
	trained, never := f.known.Trained, f.known.Never
	switch {
	case f.NoPower != "":
		return f.NoPower
	case len(trained) < fewestTrained || len(never) == 0:
		return fmt.Sprintf("it takes at least %d controls, and reference images, to know how near to the span an image lies that was trained on", fewestTrained)
	}
	others := at(f.Distances, never)
	slices.Sort(others)
	limit, found := others[len(others)/100], 0
	for _, d := range at(f.Distances, trained) {
		if d < limit {
			found++
		}
	}
	if float64(found) >= leastFound*float64(len(trained)) {
		return ""
	}
	why := "more samples moved it than it has inputs or outputs, or samples were altered while training, or it was not trained from this start"
	if f.Span.Evenness < scaledBelow {
		why = "its elements moved about equally far, as Adam and AdamW make them by scaling each by itself, which leaves no span"
	}
	return fmt.Sprintf("only %d of %d images that were trained on lie near the span of what moved the layer %s (%.0f of at most %d directions): %s", found, len(trained), f.Layer, f.Span.Directions, f.Span.Limit, why)
}

// Inside has a row for each of the first n images, among which are those that are known to have been trained on: what of it, as it is
// fed to the network, lies in the span ([Span.Inside]). It is nil where the distances tell nothing, or the layer does not read the
// images themselves.
func (f *Finding) Inside(n int) *mat.Dense {
	if !f.direct || f.Powerless() != "" {
		return nil
	}
	_, d := f.inputs.Dims()
	return f.Span.Inside(mat.NewDense(n, d, f.inputs.RawMatrix().Data[:n*d]), f.known)
}

// Genuine is [Genuine] of the layer's weight at one of the starts, and of all other weights without the images; suspects are
// positions of images. It is an error where no layer was found. What is said to have been frozen must be an initialisation
// as well: it may hold what it was trained on before.
func (f *Finding) Genuine(of Values, suspects []int) error {
	if f.as == nil || of[f.Layer] == nil {
		return errors.New("no layer's weight can be tested")
	}
	for _, p := range f.parameters {
		if len(p.Shape) < 2 || p.Name == f.Layer {
			continue
		}
		if of[p.Name] == nil {
			return fmt.Errorf("it does not have the weight %s", p.Name)
		}
		if _, err := drawn(rowsOf(p.Shape[0], of[p.Name])); err != nil {
			return fmt.Errorf("weight %s: %w", p.Name, err)
		}
	}
	return Genuine(f.as(of), f.inputs, suspects)
}

func rowsOf(rows int, values []float32) *mat.Dense {
	out := mat.NewDense(rows, len(values)/rows, nil)
	for i, v := range values {
		out.RawMatrix().Data[i] = float64(v)
	}
	return out
}

func at(values []float64, positions []int) []float64 {
	out := make([]float64, len(positions))
	for k, i := range positions {
		out[k] = values[i]
	}
	return out
}

// like lays the values of a start out as the rows of the weight of parameter p are.
func like(rows *mat.Dense, p graph.Parameter[float32], values []float32) *mat.Dense {
	h, d := rows.Dims()
	out := mat.NewDense(h, d, nil)
	straight := h == p.Shape[0]
	for j := 0; straight && h == d && j < d; j++ {
		straight = rows.At(0, j) == float64(p.Value[j])
	}
	for i := range h {
		for j := range d {
			k := i*d + j
			if !straight {
				k = j*h + i
			}
			out.Set(i, j, float64(values[k]))
		}
	}
	return out
}

// Layer is the first weight of a network if that of a fully connected layer, or else the first such weight behind others, which
// has a span only if training left those as they were (frozen); Limit is the number of samples up to which it has one. The name is
// empty where there is none.
type Layer struct {
	Name   string
	Limit  int
	Behind bool
}

// LayerOf finds the layer of a network that a known start speaks of.
func LayerOf(net *graph.Network) (Layer, error) {
	all, err := parameters(net)
	if err != nil {
		return Layer{}, err
	}
	behind := false
	for _, p := range all {
		if len(p.Shape) == 2 && min(p.Shape[0], p.Shape[1]) > 1 {
			return Layer{p.Name, min(p.Shape[0], p.Shape[1]), behind}, nil
		}
		behind = behind || len(p.Shape) > 2
	}
	return Layer{}, nil
}
