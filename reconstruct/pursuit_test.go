package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// blobs draws n images of d pixels that are zero but for a tenth to a third of them.
func blobs(rng *rand.Rand, n, d int) *mat.Dense {
	x := mat.NewDense(n, d, nil)
	for i := range n {
		share := 0.1 + 0.2*rng.Float64()
		for j := range d {
			if rng.Float64() < share {
				x.Set(i, j, rng.Float64())
			}
		}
	}
	return x
}

func TestFloorPursuitFindsTheImageNearARoughCandidate(t *testing.T) {
	const n, d = 15, 300
	rng := rand.New(rand.NewPCG(7, 8))
	x := blobs(rng, n, d)
	mean := make([]float64, d)
	for i := range n {
		for j, v := range x.RawRowView(i) {
			mean[j] += v / n
		}
	}
	centred := mat.DenseCopyOf(x)
	for i := range n {
		for j := range d {
			centred.Set(i, j, x.At(i, j)-mean[j])
		}
	}
	// A first layer whose rows are combinations of the images.
	mix := mat.NewDense(40, n, nil)
	mix.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, mix)
	var w mat.Dense
	w.Mul(mix, centred)
	p := Problem{Net: &graph.Dense{Layers: []graph.Affine{{W: &w}, {W: mat.NewDense(1, 40, nil)}}},
		Channels: 1, Height: 1, Width: d, Mean: mean}
	s := newSpan(p.Net)
	if s.rank() != n-1 {
		t.Fatalf("rank %d, want %d: n images about their mean", s.rank(), n-1)
	}
	e, err := engine.New[float32](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := newPicture(s, &p).pursuit(e, toFloor)
	for i := range n {
		var truth mat.VecDense
		truth.MulVec(s.basis, centred.RowView(i))
		z := make([]float64, s.rank())
		size := math.Sqrt(dot(truth.RawVector().Data, truth.RawVector().Data))
		for k := range z {
			z[k] = truth.AtVec(k) + 0.25*size/math.Sqrt(float64(len(z)))*rng.NormFloat64()
		}
		// The pursuit holds the candidate's own component; give the rough candidate the truth's.
		c := dot(z, truth.RawVector().Data) / dot(z, z)
		for k := range z {
			z[k] *= c
		}
		share := f.run(z)
		off := 0.0
		for k := range z {
			off += math.Pow(z[k]-truth.AtVec(k), 2)
		}
		if off := math.Sqrt(off) / size; off > 0.02 {
			t.Errorf("image %d: the pursuit ends %.3f of its norm away, from about 0.25", i, off)
		}
		if share < 0.6 {
			t.Errorf("image %d: only %.2f of its pixels are at the floor", i, share)
		}
	}
}

func TestFloorPursuitDoesNotInventAFloor(t *testing.T) {
	const n, d = 15, 300
	rng := rand.New(rand.NewPCG(9, 10))
	grey := mat.NewDense(40, d, nil)
	grey.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, grey)
	mix := mat.NewDense(40, n, nil)
	mix.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, mix)
	var w mat.Dense
	w.Mul(mix, grey.Slice(0, n, 0, d))
	p := Problem{Net: &graph.Dense{Layers: []graph.Affine{{W: &w}, {W: mat.NewDense(1, 40, nil)}}},
		Channels: 1, Height: 1, Width: d, Mean: []float64{0.5}}
	s := newSpan(p.Net)
	e, err := engine.New[float32](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := newPicture(s, &p).pursuit(e, toFloor)
	var all []candidate
	for range 20 {
		z := make([]float64, s.rank())
		for k := range z {
			z[k] = rng.NormFloat64()
		}
		all = append(all, candidate{z: z, atFloor: f.run(z)})
	}
	if got := judgeFloor(all, s.rank(), d); got.Used {
		t.Errorf("images without a floor were given one: %+v", got)
	}
}
