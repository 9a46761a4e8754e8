package metrics

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// album returns images of which neighbours in the list resemble each other.
func album(rng *rand.Rand, n, channels, side int) []Image {
	out := make([]Image, n)
	for k := range out {
		out[k] = NewImage(channels, side, side)
		phase := rng.Float64() * 6
		for i := range out[k].Pix {
			out[k].Pix[i] = 0.5 + 0.3*math.Sin(phase+float64(i)/7) + 0.2*(rng.Float64()-0.5)
		}
	}
	return out
}

func TestNearestSSIMIsTheBestOfAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, opts := range []SSIMOptions{{}, {Window: Gaussian}} {
		queries, candidates := album(rng, 7, 3, 13), album(rng, 30, 3, 13)
		queries[2] = candidates[11]
		got, err := NearestSSIM(context.Background(), queries, candidates, opts)
		if err != nil {
			t.Fatal(err)
		}
		for q, m := range got {
			want := Match{-1, math.Inf(-1)}
			for i, c := range candidates {
				if s, _ := SSIM(queries[q], c, opts); s > want.Score {
					want = Match{i, s}
				}
			}
			if m != want {
				t.Errorf("query %d: %+v, want %+v", q, m, want)
			}
		}
		if got[2].Index != 11 || math.Abs(got[2].Score-1) > 1e-12 {
			t.Errorf("an image among the candidates is matched as %+v", got[2])
		}
	}
}

func TestNearestNCCIsTheBestOfAllPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	queries, candidates := album(rng, 6, 1, 9), album(rng, 25, 1, 9)
	got, err := NearestNCC(context.Background(), queries, candidates)
	if err != nil {
		t.Fatal(err)
	}
	for q, m := range got {
		want := Match{-1, math.Inf(-1)}
		for i, c := range candidates {
			if s, _ := NCC(queries[q], c); s > want.Score {
				want = Match{i, s}
			}
		}
		if m.Index != want.Index || math.Abs(m.Score-want.Score) > 1e-12 {
			t.Errorf("query %d: %+v, want %+v", q, m, want)
		}
	}
}

func TestNCC(t *testing.T) {
	a := Image{1, 1, 4, []float64{0, 1, 0, 1}}
	for name, c := range map[string]struct {
		b    []float64
		want float64
	}{
		"brighter and flatter": {[]float64{0.5, 0.6, 0.5, 0.6}, 1},
		"inverse":              {[]float64{1, 0, 1, 0}, -1},
		"orthogonal":           {[]float64{0, 0, 1, 1}, 0},
		"flat":                 {[]float64{0.1, 0.1, 0.1, 0.1}, 0},
		"by hand":              {[]float64{0, 1, 0, 0}, 1 / math.Sqrt(3)},
	} {
		got, err := NCC(a, Image{1, 1, 4, c.b})
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, %v, want %v", name, got, err, c.want)
		}
	}
}

func TestNearestWithoutCandidates(t *testing.T) {
	for _, got := range [][]Match{
		must(NearestSSIM(context.Background(), album(rand.New(rand.NewPCG(1, 1)), 2, 1, 8), nil, SSIMOptions{})),
		must(NearestNCC(context.Background(), album(rand.New(rand.NewPCG(1, 1)), 2, 1, 8), nil)),
	} {
		if len(got) != 2 || got[0].Index != -1 || got[0].Score != -1 {
			t.Errorf("%+v", got)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestNearestStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	images := album(rand.New(rand.NewPCG(1, 1)), 3, 1, 8)
	if _, err := NearestSSIM(ctx, images, images, SSIMOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := NearestNCC(ctx, images, images); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNearestNamesTheImageItCannotCompare(t *testing.T) {
	images := album(rand.New(rand.NewPCG(1, 1)), 3, 1, 8)
	others := append(album(rand.New(rand.NewPCG(1, 1)), 2, 1, 8), NewImage(1, 9, 9))
	for _, err := range []error{
		second(NearestSSIM(context.Background(), images, others, SSIMOptions{})),
		second(NearestNCC(context.Background(), images, others)),
	} {
		if !errors.Is(err, errImageSize) || err.Error()[:16] != "reconstruction 2" {
			t.Errorf("error %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkNearestSSIM(b *testing.B) {
	for name, shape := range map[string]struct{ channels, side int }{"28x28": {1, 28}, "3x32x32": {3, 32}} {
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			queries, candidates := album(rng, 20, shape.channels, shape.side), album(rng, 1000, shape.channels, shape.side)
			for b.Loop() {
				if _, err := NearestSSIM(context.Background(), queries, candidates, SSIMOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*20*1000), "ns/pair")
		})
	}
}
