package imprint

import (
	"context"

	"unlearnguard/graph"
)

// Layer is a layer that scores images.
type Layer struct {
	// Name is that of its weight, Width the number of elements that it reads of a sample.
	Name  string `json:"name"`
	Width int    `json:"width"`
}

// Layers lists the layers of a network that score images; layers that read the same values are one.
func Layers(ctx context.Context, net *graph.Network) ([]Layer, error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Layers: true})
	if err != nil {
		return nil, err
	}
	var p passes
	weigh := func(_, _ int, _, weight []float32) { clear(weight) }
	err = r.Run(ctx, make([]float32, net.InputElements()), weigh, func(pass graph.Pass[float32]) error {
		if p.taps == nil {
			p.choose(pass, pass.Samples, Options{}.withDefaults())
		}
		return nil
	})
	out := []Layer{}
	for _, l := range p.layers {
		out = append(out, Layer{l.name, l.width})
	}
	return out, err
}
