package reconstruct

import (
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
)

// Small problems get the most restarts, costly ones the least, and large spans one for so many samples.
func TestDefaultRestarts(t *testing.T) {
	for _, c := range []struct{ samples, hidden, want int }{
		{samples: 5, hidden: 10, want: mostRestarts},
		{samples: 50, hidden: 2000, want: leastRestarts},
		{samples: 160, hidden: 2000, want: 10},
		{samples: 700, hidden: 2000, want: mostRestarts},
	} {
		net := &chain.Dense{}
		for _, in := range []int{c.samples, c.hidden} {
			net.Layers = append(net.Layers, chain.Affine{W: mat.NewDense(c.hidden, in, nil)})
		}
		d := &descent{problem: &Problem{Channels: 1, Height: 28, Width: 28}, span: &span{samples: c.samples, net: net.Convolutional()},
			labels: slices.Repeat([]int{0}, 2*(c.samples+1))}
		if o := (Options{}).withDefaults(d); o.Restarts != c.want {
			t.Errorf("%d samples and %d neurons: %d restarts, want %d", c.samples, c.hidden, o.Restarts, c.want)
		}
	}
}
