package whitebox

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
)

// Observations are what a network computes of images: forward, and the gradient of each image's margin in reverse.
type Observations struct {
	// Margins are M_y - mean over j != y of M_j for the logits M and the class y, Losses the cross-entropies.
	Margins, Losses []float64
	// probabilities has a row for each image.
	probabilities *mat.Dense
	classes       []int
	layers        []*layer
}

// layer is a product with a weight that reads one vector an image.
type layer struct {
	name string
	// inputs are what it reads, signals the gradients of the margin by its output: a row for each image.
	inputs, signals *mat.Dense
}

// Options say how a network is run.
type Options struct {
	// Threads is the number of threads; 0 stands for GOMAXPROCS. Results do not depend on it.
	Threads int
}

// Observe runs images, which lie one after the other in x as the network is fed them, with their classes. The network must
// tell at least two classes apart by a logit each, and have a layer that is a product and reads one vector an image.
func Observe(ctx context.Context, net *graph.Network, x []float32, classes []int, opts Options) (*Observations, error) {
	if net.Outputs < 2 {
		return nil, fmt.Errorf("whitebox: %d logits: at least 2 are needed", net.Outputs)
	}
	if err := valid(classes, net.Outputs); err != nil {
		return nil, err
	}
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Layers: true, Threads: opts.Threads})
	if err != nil {
		return nil, err
	}
	n := len(classes)
	o := &Observations{Margins: make([]float64, n), Losses: make([]float64, n), probabilities: mat.NewDense(n, net.Outputs, nil), classes: classes}
	weigh := func(first, n int, y, weight []float32) {
		for i := range n {
			row := y[i*net.Outputs : (i+1)*net.Outputs]
			o.answer(first+i, row, classes[first+i], weight[i*net.Outputs:(i+1)*net.Outputs])
		}
	}
	if err := r.Run(ctx, x, weigh, func(p graph.Pass[float32]) error { o.keep(p); return nil }); err != nil {
		return nil, err
	}
	if len(o.layers) == 0 {
		return nil, errors.New("whitebox: no layer of the network is a product that reads one vector an image")
	}
	return o, nil
}

func valid(classes []int, logits int) error {
	for i, class := range classes {
		if class < 0 || class >= logits {
			return fmt.Errorf("whitebox: image %d has class %d; the network's classes are 0 to %d", i, class, logits-1)
		}
	}
	return nil
}

// answer takes the logits of image i and sets their weights in its margin.
func (o *Observations) answer(i int, logits []float32, class int, weight []float32) {
	z, p := make([]float64, len(logits)), o.probabilities.RawRowView(i)
	for j, v := range logits {
		z[j] = float64(v)
		weight[j] = -1 / float32(len(logits)-1)
	}
	weight[class] = 1
	rivals := (floats.Sum(z) - z[class]) / float64(len(z)-1)
	o.Margins[i] = z[class] - rivals
	all := floats.LogSumExp(z)
	o.Losses[i] = all - z[class]
	for j := range p {
		p[j] = math.Exp(z[j] - all)
	}
}

// keep copies what a pass computed of the layers that are products.
func (o *Observations) keep(p graph.Pass[float32]) {
	k := 0
	for _, l := range p.Layers {
		if len(l.Input) != 2 || len(l.Output) != 2 || l.Signals == nil {
			continue
		}
		if p.First == 0 {
			total := len(o.Margins)
			o.layers = append(o.layers, &layer{name: l.Name,
				inputs:  mat.NewDense(total, len(l.Activations)/p.Samples, nil),
				signals: mat.NewDense(total, len(l.Signals)/p.Samples, nil)})
		}
		widen(o.layers[k].inputs, p.First, l.Activations)
		widen(o.layers[k].signals, p.First, l.Signals)
		k++
	}
}

// widen copies rows into m, from row first on.
func widen(m *mat.Dense, first int, rows []float32) {
	_, width := m.Dims()
	to := m.RawMatrix().Data[first*width:]
	for i, v := range rows {
		to[i] = float64(v)
	}
}

// Layers are the names of the layers' weights.
func (o *Observations) Layers() []string {
	var names []string
	for _, l := range o.layers {
		names = append(names, l.name)
	}
	return names
}

// Predicted are the classes that the network gives the images.
func (o *Observations) Predicted() []int {
	out := make([]int, len(o.Losses))
	for i := range out {
		out[i] = floats.MaxIdx(o.probabilities.RawRowView(i))
	}
	return out
}
