package lineage

import (
	"context"
	"slices"

	"unlearnguard/graph"
)

// gradientCosine is the median cosine between the gradients, by the reference inputs, of the margin of the class that the model
// before gives. It depends on what the networks compute alone: no rewriting of neurons changes it.
func gradientCosine(ctx context.Context, before, after *graph.Network, opts Options) (float64, error) {
	n := before.InputElements()
	pairs := make([][2]int, len(opts.References)/n)
	gb, err := gradients(ctx, before, opts, func(i int, logits []float32) [2]int {
		pairs[i] = topTwo(logits)
		return pairs[i]
	})
	if err != nil {
		return 0, err
	}
	ga, err := gradients(ctx, after, opts, func(i int, _ []float32) [2]int { return pairs[i] })
	if err != nil {
		return 0, err
	}
	cosines := make([]float64, len(pairs))
	for i := range cosines {
		cosines[i] = cosine(gb[i*n:(i+1)*n], ga[i*n:(i+1)*n])
	}
	slices.Sort(cosines)
	return cosines[len(cosines)/2], nil
}

// gradients gives the gradient, by each reference input, of the first logit that choose names less the second. A network with
// one logit has that alone.
func gradients(ctx context.Context, net *graph.Network, opts Options, choose func(i int, logits []float32) [2]int) ([]float64, error) {
	r, err := graph.NewRunner[float32](net, graph.RunOptions{Input: true, Threads: opts.Threads})
	if err != nil {
		return nil, err
	}
	out := make([]float64, 0, len(opts.References))
	weigh := func(first, n int, y, weight []float32) {
		clear(weight)
		width := len(y) / n
		for i := range n {
			pair := choose(first+i, y[i*width:(i+1)*width])
			weight[i*width+pair[0]]++
			if width > 1 {
				weight[i*width+pair[1]]--
			}
		}
	}
	err = r.Run(ctx, opts.References, weigh, func(p graph.Pass[float32]) error {
		for _, v := range p.Input {
			out = append(out, float64(v))
		}
		return nil
	})
	return out, err
}

// topTwo are the largest logit and the one after it.
func topTwo(logits []float32) [2]int {
	top := [2]int{0, -1}
	for j := 1; j < len(logits); j++ {
		switch {
		case logits[j] > logits[top[0]]:
			top[0], top[1] = j, top[0]
		case top[1] < 0 || logits[j] > logits[top[1]]:
			top[1] = j
		}
	}
	return [2]int{top[0], max(top[1], 0)}
}
