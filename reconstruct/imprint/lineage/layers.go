package lineage

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/chain"
)

// layer is a weight as a matrix: a row for each neuron or filter, and its columns input channel by input channel.
type layer struct {
	name string
	w    *mat.Dense
	// from is the layer whose rows are the input channels, unknown, or input for the sample itself.
	from int
	// output says that the layer's results are the logits, whose order is fixed.
	output bool
}

const (
	input   = -1
	unknown = -2
)

// layersOf gives the layers of two networks that are to be compared: those of the chains that they amount to, where both do, or
// else the weights as the files have them. chained says which.
func layersOf(ctx context.Context, before, after *graph.Network) (b, a []layer, chained bool, err error) {
	if b, a = chainLayers(before), chainLayers(after); b != nil && a != nil && len(b) == len(a) {
		return b, a, true, nil
	}
	if b, err = fileLayers(ctx, before); err != nil {
		return nil, nil, false, err
	}
	a, err = fileLayers(ctx, after)
	return b, a, false, err
}

// chainLayers are the layers of the chain that a network amounts to, with BatchNormalization folded into them; nil where it is
// none.
func chainLayers(net *graph.Network) []layer {
	c, err := chain.ConvolutionalOf(net)
	if err != nil {
		return nil
	}
	var out []layer
	for i, l := range c.Layers {
		next := layer{name: l.Name, w: l.W, from: i - 1, output: i == len(c.Layers)-1}
		switch {
		case i > 0:
			rows, _ := c.Layers[i-1].W.Dims()
			next.w = byChannel(l.W, channelsOf(l, rows), rows)
			if next.w == nil {
				next.w, next.from = l.W, unknown
			}
		case c.Input != nil && l.Patches == nil && l.Maxima == nil:
			next.w = scaledColumns(l.W, c.Input.Scale)
		}
		out = append(out, next)
	}
	return out
}

// channelsOf gives for each column of a layer's weight the channel that it reads, of so many that lie side by side at each
// position; -1 for a column that reads padding alone.
func channelsOf(l chain.Layer, channels int) []int {
	element := func(i int) int { return i % channels }
	if l.Maxima != nil {
		element = func(i int) int { return l.Maxima.Windows[i][0] % channels }
	}
	_, columns := l.W.Dims()
	out := make([]int, columns)
	if l.Patches == nil {
		for i := range out {
			out[i] = element(i)
		}
		return out
	}
	for i := range out {
		out[i] = -1
	}
	for _, r := range l.Patches.Runs {
		for k := range r.Count {
			out[(r.To+k)%l.Patches.Length] = element(r.From + k)
		}
	}
	return out
}

// byChannel orders columns by channel; it is w itself where they are in that order, and nil where the channels do not all have as
// many.
func byChannel(w *mat.Dense, channel []int, channels int) *mat.Dense {
	rows, columns := w.Dims()
	counts := make([]int, channels)
	order := make([]int, columns)
	for j, c := range channel {
		if c < 0 {
			return nil
		}
		counts[c]++
		order[j] = j
	}
	if slices.Min(counts) != slices.Max(counts) {
		return nil
	}
	if slices.IsSorted(channel) {
		return w
	}
	slices.SortStableFunc(order, func(i, j int) int { return channel[i] - channel[j] })
	out := mat.NewDense(rows, columns, nil)
	for i := range rows {
		from, to := w.RawRowView(i), out.RawRowView(i)
		for j, k := range order {
			to[j] = from[k]
		}
	}
	return out
}

func scaledColumns(w *mat.Dense, factors []float64) *mat.Dense {
	out := mat.DenseCopyOf(w)
	out.Apply(func(_, j int, v float64) float64 { return v * factors[j] }, out)
	return out
}

// fileLayers are the weights of fully connected and convolutional layers as the file has them, in the order in which the network
// uses them.
func fileLayers(ctx context.Context, net *graph.Network) ([]layer, error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Layers: true})
	if err != nil {
		return nil, err
	}
	parameters := map[string]graph.Parameter[float32]{}
	for _, p := range r.Parameters() {
		parameters[p.Name] = p
	}
	var out []layer
	weigh := func(_, _ int, _, weight []float32) {
		for i := range weight {
			weight[i] = 1 / float32(i+1)
		}
	}
	x := make([]float32, net.InputElements())
	for i := range x {
		x[i] = float32(i%7) / 7
	}
	err = r.Run(ctx, x, weigh, func(pass graph.Pass[float32]) error {
		for i, l := range pass.Layers {
			p, ok := parameters[l.Name]
			delete(parameters, l.Name) // a weight that is used twice is one layer
			if !ok || len(p.Shape) < 2 {
				continue
			}
			next := layer{name: l.Name, w: l.WeightRows(p), from: unknown, output: i == len(pass.Layers)-1}
			if len(out) == 0 {
				next.from = input
			}
			out = append(out, next)
		}
		return nil
	})
	return out, err
}
