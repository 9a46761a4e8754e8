package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"unlearnguard/graph/engine"
)

// Each way to convolve, with its gradients, is compared with the sum that defines a convolution; threads change nothing.
func TestConvolutions(t *testing.T) {
	for _, c := range []struct {
		x, w []int
		o    convolution
		want string
	}{
		{[]int{3, 16, 8, 8}, []int{32, 16, 3, 3}, planar(3, 1, 1, 1, 1), "winograd"},
		{[]int{5, 32, 7, 9}, []int{16, 32, 3, 3}, planar(3, 1, 1, 1, 1), "winograd"},
		{[]int{2, 16, 33, 40}, []int{48, 16, 3, 3}, planar(3, 1, 1, 0, 1), "winograd"},
		{[]int{2, 16, 5, 4}, []int{16, 16, 3, 3}, planar(3, 1, 1, 3, 1), "winograd"},
		{[]int{4, 128, 5, 6}, []int{128, 128, 3, 3}, planar(3, 1, 1, 1, 1), "winograd"},
		{[]int{4, 3, 13, 11}, []int{10, 3, 3, 3}, planar(3, 1, 1, 1, 1), "unfolding"},
		{[]int{2, 3, 120, 90}, []int{8, 3, 7, 7}, planar(7, 2, 1, 3, 1), "unfolding"},
		{[]int{3, 12, 9, 9}, []int{24, 4, 3, 3}, planar(3, 1, 2, 2, 3), "unfolding"},
		{[]int{3, 10, 9, 8}, []int{10, 1, 3, 3}, planar(3, 2, 1, 1, 10), "unfolding"},
		{[]int{3, 20, 9, 8}, []int{12, 20, 3, 3}, planar(3, 2, 1, 1, 1), "convolving"},
		{[]int{3, 40, 9, 7}, []int{12, 20, 1, 1}, planar(1, 1, 1, 0, 2), "convolving"},
		{[]int{3, 40, 9, 8}, []int{12, 20, 1, 1}, planar(1, 1, 1, 0, 2), "unfolding"},
		{[]int{3, 16, 16, 20}, []int{32, 16, 1, 1}, planar(1, 2, 1, 0, 1), "unfolding"},
	} {
		t.Run(fmt.Sprintf("%v by %v", c.x, c.w), func(t *testing.T) {
			testConvolution[float32](t, c.o, c.x, c.w, c.want, 2e-6)
			testConvolution[float64](t, c.o, c.x, c.w, c.want, 1e-14)
		})
	}
}

// planar is a convolution of planes that is the same along both axes, but for padding that is one less at the end of the
// first where there is any.
func planar(kernel, stride, dilation, pad, groups int) convolution {
	return convolution{window{
		kernel: []int{kernel, kernel}, stride: []int{stride, stride}, dilation: []int{dilation, dilation},
		before: []int{pad, pad}, after: []int{max(pad-1, 0), pad},
	}, groups}
}

func testConvolution[T engine.Float](t *testing.T, o convolution, x, w []int, want string, tolerance float64) {
	t.Helper()
	y, err := o.infer([]Shape{fixedShape(x), fixedShape(w)})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	random := func(shape []int) []T {
		out := make([]T, volume(shape))
		for i := range out {
			out[i] = T(r.NormFloat64())
		}
		return out
	}
	xs, ws, dy, before := random(x), random(w), random(y.At(1)), random(w)
	var first [][]T
	for _, threads := range []int{1, 3} {
		c, err := newCrew[T](threads)
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(c, []array[T]{{x, xs}, {w, ws}}, newArray[T](y.At(1)))
		for _, in := range s.in {
			in.wanted, in.grad = true, make([]T, in.size)
		}
		s.in[0].grad[0] = T(math.NaN()) // not touched yet: must not be read
		s.in[1].touched = true
		copy(s.in[1].grad, before)
		s.out.grad = dy
		k := kernelAt(o, s)
		if got := fmt.Sprintf("%T", k); !slices.Contains([]string{fmt.Sprintf("*graph.%s[%T]", want, T(0))}, got) {
			t.Fatalf("is computed by %s, not %s", got, want)
		}
		k.forward()
		k.reverse()
		all := [][]T{s.out.data, s.in[0].grad, s.in[1].grad}
		if first == nil {
			first = all
			for i, want := range directly(o, x, w, y.At(1), xs, ws, dy, before) {
				largest := 0.0
				for _, v := range want {
					largest = max(largest, math.Abs(v))
				}
				for j, v := range want {
					if !(math.Abs(float64(all[i][j])-v) <= tolerance*largest) {
						t.Fatalf("%T: %s: element %d is %v, want %v", T(0), []string{"y", "dx", "dw"}[i], j, all[i][j], v)
					}
				}
			}
		}
		for i := range all {
			if !slices.Equal(all[i], first[i]) {
				t.Fatalf("%T: %d threads change %s", T(0), threads, []string{"y", "dx", "dw"}[i])
			}
		}
	}
}

// directly computes a planar convolution and its gradients, that by the weight added to `before`.
func directly[T engine.Float](o convolution, x, w, y []int, xs, ws, dy, before []T) [][]float64 {
	out, dx, dw := make([]float64, len(dy)), make([]float64, len(xs)), slices.Clone(converted[float64](before))
	eachIndex(y, func(at []int) {
		i := ((at[0]*y[1]+at[1])*y[2]+at[2])*y[3] + at[3]
		group := at[1] / (w[0] / o.groups)
		eachIndex(w[1:], func(k []int) {
			row, col := at[2]*o.stride[0]+k[1]*o.dilation[0]-o.before[0], at[3]*o.stride[1]+k[2]*o.dilation[1]-o.before[1]
			if row < 0 || row >= x[2] || col < 0 || col >= x[3] {
				return
			}
			from := ((at[0]*x[1]+group*w[1]+k[0])*x[2]+row)*x[3] + col
			by := ((at[1]*w[1]+k[0])*w[2]+k[1])*w[3] + k[2]
			out[i] += float64(xs[from]) * float64(ws[by])
			dx[from] += float64(dy[i]) * float64(ws[by])
			dw[by] += float64(dy[i]) * float64(xs[from])
		})
	})
	return [][]float64{out, dx, dw}
}
