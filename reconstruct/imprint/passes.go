package imprint

import (
	"cmp"
	"context"
	"math"
	"slices"

	"unlearnguard/graph"
)

// passes are the activations and gradients of all images, reference images first.
type passes struct {
	layers  []*layer
	margins []float64
	leftOut []string
}

// layer holds what one layer reads of every image, and the gradient of the image's margin by it.
type layer struct {
	name                   string
	width                  int
	activations, gradients []float32
}

// runPasses runs every image forward and its margin in reverse.
func runPasses(ctx context.Context, net *graph.Network, references, queried Images, temperature float64, o Options) (*passes, error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Layers: true, Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	total := len(references.Labels) + len(queried.Labels)
	p := &passes{margins: make([]float64, total)}
	first := true
	for _, part := range []struct {
		images Images
		at     int
	}{{references, 0}, {queried, len(references.Labels)}} {
		if len(part.images.Labels) == 0 {
			continue
		}
		weigh := func(from, n int, y, weight []float32) {
			width := len(y) / n
			for i := range n {
				logits, w := y[i*width:(i+1)*width], weight[i*width:(i+1)*width]
				p.margins[part.at+from+i] = marginWeights(logits, w, part.images.Labels[from+i], temperature)
			}
		}
		err := r.Run(ctx, part.images.X, weigh, func(pass graph.Pass[float32]) error {
			if first {
				p.choose(pass, total, o)
				first = false
			}
			p.keep(pass, part.at)
			if o.Progress != nil {
				o.Progress(part.at+pass.First+pass.Samples, total)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	p.layers = slices.DeleteFunc(p.layers, func(l *layer) bool { return l == nil })
	return p, nil
}

// marginWeights sets the weights of the logits whose sum is the margin: of the class over its competitors, each of which
// counts by its softmax among them at the temperature. It returns the margin.
func marginWeights(logits, weight []float32, label int, temperature float64) float64 {
	if len(logits) == 1 {
		weight[0] = 1
		if label == 0 || label < 0 && logits[0] < 0 {
			weight[0] = -1
		}
		return float64(weight[0] * logits[0])
	}
	if label < 0 || label >= len(logits) {
		label = slices.Index(logits, slices.Max(logits))
	}
	top := math.Inf(-1)
	for j, z := range logits {
		if j != label {
			top = max(top, float64(z))
		}
	}
	sum, rivals := 0.0, 0.0
	for j, z := range logits {
		if j != label {
			sum += math.Exp((float64(z) - top) / temperature)
		}
	}
	for j, z := range logits {
		if j != label {
			share := math.Exp((float64(z)-top)/temperature) / sum
			weight[j] = float32(-share)
			rivals += share * float64(z)
		}
	}
	weight[label] = 1
	return float64(logits[label]) - rivals
}

// choose makes room for the layers that fit the memory, the narrowest first: those behind pooling, which say most. Layers
// that read the same values are one.
func (p *passes) choose(pass graph.Pass[float32], total int, o Options) {
	seen := map[*float32]bool{}
	for _, l := range pass.Layers {
		known := seen[&l.Activations[0]]
		seen[&l.Activations[0]] = true
		if known || l.InputGradient == nil {
			p.layers = append(p.layers, nil)
			continue
		}
		p.layers = append(p.layers, &layer{name: l.Name, width: len(l.Activations) / pass.Samples})
	}
	order := make([]int, 0, len(p.layers))
	for i, l := range p.layers {
		if l != nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.layers[a].width, p.layers[b].width) })
	left := o.Memory / (2 * 4 * total) // numbers an image
	for _, i := range order {
		l := p.layers[i]
		if left -= l.width; left < 0 {
			p.leftOut = append(p.leftOut, l.name)
			p.layers[i] = nil
			continue
		}
		l.activations, l.gradients = make([]float32, total*l.width), make([]float32, total*l.width)
	}
}

// keep copies what a pass computed; at is the place of the part's first image.
func (p *passes) keep(pass graph.Pass[float32], at int) {
	for i, l := range pass.Layers {
		kept := p.layers[i]
		if kept == nil {
			continue
		}
		from := (at + pass.First) * kept.width
		copy(kept.activations[from:], l.Activations)
		copy(kept.gradients[from:], l.InputGradient)
	}
}
