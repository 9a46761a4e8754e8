package reconstruct

import (
	"context"
	"math"
	"testing"
)

func TestMoveGoesOutwardWithinItsRadius(t *testing.T) {
	p := smallProblem(1)
	p.Std = []float64{0.5}
	r, err := Run(context.Background(), p, Options{Seed: 5, Restarts: 2, Steps: 60})
	if err != nil {
		t.Fatal(err)
	}
	var squares float64
	for _, s := range r.Samples {
		x := p.space().input(s.Pixels)
		squares += dot(x, x)
	}
	const radius = 0.1
	eps := radius * math.Sqrt(squares/float64(len(r.Samples)*p.Inputs()))
	moved, err := PublishedPrior{Radius: radius}.Move(context.Background(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	outward, margin := 0, func(pixels []float64) float64 { return math.Abs(evaluate(p.Net, p.space().input(pixels))[0]) }
	for i, s := range moved.Samples {
		from := r.Samples[i]
		if margin(s.Pixels) > margin(from.Pixels) {
			outward++
		}
		for j, v := range s.Pixels {
			if by := math.Abs(v-from.Pixels[j]) / p.Std[0]; by > eps*(1+1e-9) {
				t.Fatalf("pixel %d of sample %d moved by %v of %v", j, i, by, eps)
			}
		}
		if s.Label != from.Label || s.Confidence != from.Confidence {
			t.Errorf("sample %d is %+v, from %+v", i, s, from)
		}
		if cosine, at := moved.NearestCosine(s.Pixels); at != i && cosine < 1-1e-9 {
			t.Errorf("what comes nearest to sample %d is sample %d, by %v", i, at, cosine)
		}
	}
	if len(r.Samples) == 0 || outward < len(r.Samples)*9/10 {
		t.Errorf("%d of %d samples moved away from the boundary", outward, len(r.Samples))
	}
	still, err := PublishedPrior{}.Move(context.Background(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range still.Samples {
		for j, v := range s.Pixels {
			if math.Abs(v-r.Samples[i].Pixels[j]) > 1e-12 {
				t.Fatalf("without a radius sample %d moves", i)
			}
		}
	}
}
