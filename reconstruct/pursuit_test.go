package reconstruct

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/chain"
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
	p := Problem{Net: &chain.Dense{Layers: []chain.Affine{{W: &w}, {W: mat.NewDense(1, 40, nil)}}},
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
	p := Problem{Net: &chain.Dense{Layers: []chain.Affine{{W: &w}, {W: mat.NewDense(1, 40, nil)}}},
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

// steps draws n images of side x side pixels, each of a grey ground and three rectangles of other greys.
func steps(rng *rand.Rand, n, side int) *mat.Dense {
	x := mat.NewDense(n, side*side, nil)
	for i := range n {
		row := x.RawRowView(i)
		for j := range row {
			row[j] = 0.5
		}
		for range 3 {
			grey, top, left := 0.1+0.8*rng.Float64(), rng.IntN(side-4), rng.IntN(side-4)
			for y := top; y < top+4+rng.IntN(side-top-3); y++ {
				for x := left; x < left+4; x++ {
					row[min(y, side-1)*side+x] = grey
				}
			}
		}
	}
	return x
}

// spanned is the problem of a network whose first layer's rows are combinations of the images x less their mean.
func spanned(rng *rand.Rand, x *mat.Dense, channels, height, width int) Problem {
	n, d := x.Dims()
	mean := make([]float64, d)
	for j := range mean {
		mean[j] = mat.Sum(x.ColView(j)) / float64(n)
	}
	centred := mat.NewDense(n, d, nil)
	centred.Apply(func(i, j int, _ float64) float64 { return x.At(i, j) - mean[j] }, centred)
	mix := mat.NewDense(2*n, n, nil)
	mix.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, mix)
	var w mat.Dense
	w.Mul(mix, centred)
	net := &chain.Dense{Layers: []chain.Affine{{W: &w}, {W: mat.NewDense(1, 2*n, nil)}}}
	return Problem{Net: net, Channels: channels, Height: height, Width: width, Mean: mean}
}

func TestPursuitOfEdgesFindsImagesWithoutAFloor(t *testing.T) {
	const n, side = 12, 18
	rng := rand.New(rand.NewPCG(11, 12))
	x := steps(rng, n, side)
	p := spanned(rng, x, 1, side, side)
	s, sp := newSpan(p.Net), p.space()
	e, err := engine.New[float32](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	pursuit := newPicture(s, &p).pursuit(e, toSmooth)
	before, after := 0.0, 0.0
	for i := range n {
		var truth mat.VecDense
		truth.MulVec(s.basis, mat.NewVecDense(side*side, sp.input(x.RawRowView(i))))
		size := mat.Norm(&truth, 2)
		z := make([]float64, s.rank())
		for k := range z {
			z[k] = truth.AtVec(k) + 0.4*size/math.Sqrt(float64(len(z)))*rng.NormFloat64()
		}
		off := func() float64 { return math.Acos(min(1, dot(normalised(z), normalised(truth.RawVector().Data)))) }
		before += off() / n
		pursuit.run(z)
		after += off() / n
	}
	if after > before/2 {
		t.Errorf("the pursuit leaves candidates %.3f rad from their images on average, from %.3f", after, before)
	}
}

func TestPictureIsPixelsAndTheDifferencesOfNeighbours(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	const channels, height, width = 2, 3, 4
	x := mat.NewDense(5, channels*height*width, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() }, x)
	p := spanned(rng, x, channels, height, width)
	p.Std = []float64{0.5, 2}
	s, sp := newSpan(p.Net), p.space()
	z := mat.NewDense(1, s.rank(), nil)
	z.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, z)
	pixels := sp.pixels(s.lift(z).RawRowView(0))
	want := append([]float64(nil), pixels...)
	for c := range channels {
		image := func(y, x int) float64 { return pixels[(c*height+y)*width+x] }
		for y := range height {
			for x := range width {
				if x+1 < width {
					want = append(want, image(y, x+1)-image(y, x))
				}
				if y+1 < height {
					want = append(want, image(y+1, x)-image(y, x))
				}
			}
		}
	}
	e, err := engine.New[float32](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	q := newPicture(s, &p).pursuit(e, toFloor)
	q.look(z.RawRowView(0))
	if len(q.values) != len(want) {
		t.Fatalf("%d rows, want %d", len(q.values), len(want))
	}
	for i, w := range want {
		if math.Abs(q.values[i]-w) > 1e-5 {
			t.Errorf("row %d is %v, want %v", i, q.values[i], w)
		}
	}
}

// At given weights the pursuit's step minimises sum w v^2 + tether ||z - held||^2, so that the gradient of that by z, taken
// from the rows themselves, vanishes at the minimum.
func TestPursuitStepIsTheWeightedMinimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	x := mat.NewDense(6, 36, nil)
	x.Apply(func(_, _ int, _ float64) float64 { return rng.Float64() }, x)
	p := spanned(rng, x, 1, 6, 6)
	e, err := engine.New[float32](engine.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	q := newPicture(newSpan(p.Net), &p).pursuit(e, toFloor)
	held := make([]float64, q.r)
	for k := range held {
		held[k] = rng.NormFloat64()
	}
	q.look(held)
	q.reweight(0.1)
	if !q.solve(held) {
		t.Fatal("the step's system is not positive definite")
	}
	z := mat.Col(nil, 0, q.sol)
	objective := func() float64 {
		q.look(z)
		sum := 0.0
		for i, v := range q.values {
			sum += q.weight[i] * v * v
		}
		for k, v := range z {
			sum += pursuitTether * (v - held[k]) * (v - held[k])
		}
		return sum
	}
	least := objective()
	for k := range z {
		const step = 1e-2
		z[k] += step
		up := objective()
		z[k] -= 2 * step
		down := objective()
		z[k] += step
		if slope, curvature := (up-down)/(2*step), (up+down-2*least)/(step*step); math.Abs(slope) > 1e-3*curvature || curvature <= 0 {
			t.Errorf("coordinate %d: slope %v and curvature %v at the minimum", k, slope, curvature)
		}
	}
}
