package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Pooling of squares gives what pooling by any window gives, on planes of even and odd sizes, on any number of threads.
func TestSquarePooling(t *testing.T) {
	two, one, none := []int{2, 2}, []int{1, 1}, []int{0, 0}
	o := pooling{window: window{kernel: two, stride: two, dilation: one, before: none, after: none}}
	for _, x := range [][]int{{5, 3, 28, 28}, {2, 20, 9, 33}, {64, 8, 2, 3}} {
		y := []int{x[0], x[1], x[2] / 2, x[3] / 2}
		if !o.ofSquares(x[2:], y[2:]) {
			t.Fatalf("%v is not pooled by squares", x)
		}
		r := rand.New(rand.NewPCG(1, 2))
		in, dy := make([]float32, volume(x)), make([]float32, volume(y))
		for i := range in {
			in[i] = float32(r.IntN(5)) // with equal ones
		}
		for i := range dy {
			dy[i] = float32(r.NormFloat64())
		}
		var want [][]float32
		for _, threads := range []int{1, 3} {
			c, err := newCrew[float32](threads)
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(c, []array[float32]{{x, in}}, newArray[float32](y))
			s.in[0].wanted, s.out.grad = true, dy
			for _, k := range []kernel[float32]{newPools(o, s), squarePools[float32]{s}} {
				s.in[0].grad, s.in[0].touched = slices.Repeat([]float32{77}, len(in)), false
				k.forward()
				k.reverse()
				k.reverse() // adds
				if want == nil {
					want = [][]float32{slices.Clone(s.out.data), slices.Clone(s.in[0].grad)}
				}
				if !slices.Equal(s.out.data, want[0]) || !slices.Equal(s.in[0].grad, want[1]) {
					t.Errorf("%v: %T on %d threads gives something else", x, k, threads)
				}
			}
		}
	}
}
