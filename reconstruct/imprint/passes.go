package imprint

import (
	"cmp"
	"context"
	"slices"

	"unlearnguard/graph"
)

// passes are the activations and gradients of all images, reference images first.
type passes struct {
	layers         []*layer
	taps           []*layer // one a layer of the runner, nil where it is not kept
	margins, gains []float64
	leftOut        []string
	// convolutional: a layer reads more than a vector of a sample.
	convolutional bool
}

// layer holds what one layer reads of every image, and the gradient of the image's margin by it.
type layer struct {
	name                   string
	width                  int
	activations, gradients []float32
	// weight is that of a fully connected layer, its rows as wide as what it reads; nil for others.
	weight []float64
	// loudness is, for each neuron of weight, the sum over all images of the squares of the gradient by its output.
	loudness []float64
}

// pass runs every image forward and its margin in reverse. Its layers share their memory with the pass before.
func (x *Examination) pass(ctx context.Context, g goal, s shift) error {
	total := len(x.references.Labels) + len(x.queried.Labels)
	x.passes.margins, x.passes.gains = make([]float64, total), make([]float64, total)
	if err := x.run(ctx, x.references.shifted(x.net.InputShape, s), 0, g); err != nil {
		return err
	}
	return x.run(ctx, x.queried.shifted(x.net.InputShape, s), len(x.references.Labels), g)
}

// run is a pass of some images; at is the place of the first.
func (x *Examination) run(ctx context.Context, images Images, at int, g goal) error {
	if len(images.Labels) == 0 {
		return nil
	}
	p := &x.passes
	weigh := func(from, n int, y, weight []float32) {
		width := len(y) / n
		for i := range n {
			logits, label := y[i*width:(i+1)*width], images.Labels[from+i]
			p.margins[at+from+i] = g.weights(logits, weight[i*width:(i+1)*width], label)
			p.gains[at+from+i] = gain(logits, label)
		}
	}
	return x.runner.Run(ctx, images.X, weigh, func(pass graph.Pass[float32]) error {
		if p.taps == nil {
			p.choose(pass, len(p.margins), x.opts)
			p.weights(pass, x.runner.Parameters())
		}
		p.keep(pass, at)
		x.report(pass.Samples)
		return nil
	})
}

// keptBytes are those of an activation and its gradient, as computed and as kept by the metrics.
const keptBytes = 2*4 + 2*8

// fitting is how many layers of these widths, from the first on, fit the memory with so many images.
func (o Options) fitting(widths []int, images int) int {
	left := o.Memory / (keptBytes * images) // numbers an image
	for k, width := range widths {
		if left -= width; left < 0 {
			return k
		}
	}
	return len(widths)
}

// choose makes room for the layers that fit the memory, the narrowest first: those behind pooling, which have the most power. Layers
// that read the same values are one.
func (p *passes) choose(pass graph.Pass[float32], total int, o Options) {
	seen := map[*float32]bool{}
	for _, l := range pass.Layers {
		p.convolutional = p.convolutional || len(l.Output) > 2
		known := seen[&l.Activations[0]]
		seen[&l.Activations[0]] = true
		if known || l.InputGradient == nil {
			p.taps = append(p.taps, nil)
			continue
		}
		p.taps = append(p.taps, &layer{name: l.Name, width: len(l.Activations) / pass.Samples})
	}
	order := make([]int, 0, len(p.taps))
	for i, l := range p.taps {
		if l != nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.taps[a].width, p.taps[b].width) })
	widths := make([]int, len(order))
	for k, i := range order {
		widths[k] = p.taps[i].width
	}
	fit := o.fitting(widths, total)
	for _, i := range order[fit:] {
		p.leftOut = append(p.leftOut, p.taps[i].name)
		p.taps[i] = nil
	}
	for _, i := range order[:fit] {
		l := p.taps[i]
		l.activations, l.gradients = make([]float32, total*l.width), make([]float32, total*l.width)
	}
	for _, l := range p.taps {
		if l != nil {
			p.layers = append(p.layers, l)
		}
	}
}

// keep copies what a pass computed; at is the place of the part's first image.
func (p *passes) keep(pass graph.Pass[float32], at int) {
	for i, l := range pass.Layers {
		kept := p.taps[i]
		if kept == nil {
			continue
		}
		from := (at + pass.First) * kept.width
		copy(kept.activations[from:], l.Activations)
		copy(kept.gradients[from:], l.InputGradient)
		if n := len(kept.loudness); n > 0 {
			for k, v := range l.Signals {
				kept.loudness[k%n] += float64(v) * float64(v)
			}
		}
	}
}
