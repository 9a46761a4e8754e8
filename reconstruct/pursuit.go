package reconstruct

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Pursuit of an image. The stationarity residual determines where a sample lies along the strong directions of the span and
// hardly along the weak ones, in which much of the picture is: there it is as large at the training samples themselves
// as the parameters. The pursuit determines these by a prior on pictures: most
// neighbouring pixels are alike, and many pictures lie, in many of their pixels, exactly at the bottom of the pixel range.
// Mixtures of pictures have more edges and fewer pixels at the floor than each of them, so near a rough candidate the
// point of the span with the fewest of both is, mostly, the image itself. The pursuit minimises
//
//	floor sum_p log(pixel_p^2 + eps^2) + edges sum_pq log((pixel_p - pixel_q)^2 + eps^2) + tether || z - candidate ||^2
//
// over pixels p and neighbours p, q by iteratively reweighted least squares (Candes, Wakin and Boyd 2008; eps falls as in
// Chartrand and Yin 2008), with the candidate's component along itself held. Where pictures have no floor the points it
// finds have none either, and atFloor says so.
const (
	pursuitSteps    = 12
	pursuitFirstEps = 0.3
	pursuitLastEps  = 0.02
	pursuitTether   = 2.0
	belowRange      = 4.0 // weight of pixels below the range against those above, and 1 more of the square
	floorWidth      = 0.02
)

// leaning is what a pursuit counts images to have in common.
type leaning struct{ floor, edges float64 }

var (
	// toFloor suits images with a floor. From one restart's candidates (MNIST n = 50; Fashion-MNIST n = 50, two networks)
	// it reaches SSIM 0.76 and 0.54, 0.56; without edges and tether, 0.75 and 0.40, 0.43.
	toFloor = leaning{floor: 0.3, edges: 1}
	// toSmooth suits images without one: 0.67 for CIFAR-10, n = 50, from 0.62.
	toSmooth = leaning{floor: 0.01, edges: 0.3}
)

// picture holds what all pursuits in a span share: the pixels and the differences of neighbouring ones as functions of
// the span coordinates, those that the span does not move left out.
type picture struct {
	rows   []float32 // n x r
	offset []float64 // their values at the mean image
	n, r   int
	pixels int // rows that are pixels: the first ones
	fixed  int // pixels left out that are at the floor
	d      int
}

func newPicture(s *span, p *Problem) *picture {
	sp := p.space()
	basis := pixelBasis[float32](s, sp)
	v := &picture{r: s.rank(), d: len(sp.mean)}
	norms := make([]float64, v.d)
	for i, b := range basis {
		norms[i%v.d] += float64(b) * float64(b)
	}
	still := 1e-8 * slices.Max(norms)
	add := func(row func(i int) float32, offset float64) {
		for i := range v.r {
			v.rows = append(v.rows, row(i))
		}
		v.offset = append(v.offset, offset)
	}
	for j, norm := range norms {
		if norm >= still {
			add(func(i int) float32 { return basis[i*v.d+j] }, sp.mean[j])
		} else if math.Abs(sp.mean[j]) < floorWidth {
			v.fixed++
		}
	}
	v.pixels = len(v.offset)
	neighbours(p, func(j, k int) {
		if norms[j] >= still || norms[k] >= still {
			add(func(i int) float32 { return basis[i*v.d+k] - basis[i*v.d+j] }, sp.mean[k]-sp.mean[j])
		}
	})
	v.n = len(v.offset)
	return v
}

// neighbours calls f for every pixel with the one to the right of it and the one below.
func neighbours(p *Problem, f func(j, k int)) {
	for j := range p.Inputs() {
		if j%p.Width+1 < p.Width {
			f(j, j+1)
		}
		if j/p.Width%p.Height+1 < p.Height {
			f(j, j+p.Width)
		}
	}
}

// pursuit is the scratch of one goroutine's pursuits.
type pursuit struct {
	*picture
	leaning
	engine   *engine.Engine[float32]
	at       []float32             // z
	packed   engine.Right[float32] // the rows
	weighted []float32             // n x r
	left     engine.Left[float32]  // their transpose
	normal   []float32             // r x r
	values   []float64             // of the rows at z
	weight   []float64
	pull     []float32 // of the offsets on the r coordinates
	system   *mat.SymDense
	chol     mat.Cholesky
	rhs, sol *mat.Dense // r x 2
}

func (v *picture) pursuit(e *engine.Engine[float32], l leaning) *pursuit {
	p := &pursuit{picture: v, leaning: l, engine: e, at: make([]float32, v.r), weighted: make([]float32, v.n*v.r),
		normal: make([]float32, v.r*v.r), values: make([]float64, v.n), weight: make([]float64, v.n),
		pull: make([]float32, v.r), system: mat.NewSymDense(v.r, nil),
		rhs: mat.NewDense(v.r, 2, nil), sol: mat.NewDense(v.r, 2, nil)}
	e.PackRight(&p.packed, false, v.n, v.r, v.rows, v.r)
	return p
}

// run moves z (length r) to the nearby point of the span that is most like an image and returns the share of its pixels at
// the floor.
func (p *pursuit) run(z []float64) float64 {
	held := append([]float64(nil), z...)
	size := dot(held, held)
	if size == 0 {
		return 0
	}
	for k := range pursuitSteps {
		eps := pursuitFirstEps * math.Pow(pursuitLastEps/pursuitFirstEps, float64(k)/(pursuitSteps-1))
		p.look(z)
		p.reweight(eps)
		if !p.solve(held) {
			break
		}
		// sol's columns: the free minimum, and the direction along which the held component is restored.
		free, along := 0.0, 0.0
		for i, c := range held {
			free += c * p.sol.At(i, 0)
			along += c * p.sol.At(i, 1)
		}
		t := (size - free) / along
		for i := range z {
			z[i] = p.sol.At(i, 0) + t*p.sol.At(i, 1)
		}
	}
	p.look(z)
	n := p.fixed
	for _, v := range p.values[:p.pixels] {
		if math.Abs(v) < floorWidth {
			n++
		}
	}
	return float64(n) / float64(p.d)
}

// look sets the values of the rows at z.
func (p *pursuit) look(z []float64) {
	convert(p.at, z)
	for i, offset := range p.offset {
		p.values[i] = offset + p.engine.Dot(p.rows[i*p.r:][:p.r], p.at)
	}
}

// reweight sets the weights 1/(x^2 + eps^2), times sqrt(eps): without it the tether, which does not depend on eps, would lose
// all hold as eps falls.
func (p *pursuit) reweight(eps float64) {
	scale, eps2 := math.Sqrt(eps), eps*eps
	for i, x := range p.values {
		w := scale / (x*x + eps2)
		switch {
		case i >= p.pixels:
			w *= p.edges
		case x < 0:
			w = belowRange*p.floor*w + 1
		default:
			w *= p.floor
		}
		p.weight[i] = w
	}
}

// solve finds the minimum of the weighted square and the inverse's image of the held candidate.
func (p *pursuit) solve(held []float64) bool {
	r := p.r
	clear(p.pull)
	clear(p.weighted)
	for i, w := range p.weight {
		row := p.rows[i*r:][:r]
		p.engine.Axpy(p.weighted[i*r:][:r], float32(w), row)
		p.engine.Axpy(p.pull, float32(-w*p.offset[i]), row)
	}
	p.engine.PackLeft(&p.left, true, r, p.n, p.weighted, r)
	p.engine.MultiplySymmetric(&p.left, &p.packed, p.normal, r)
	for i := range r {
		p.rhs.SetRow(i, []float64{float64(p.pull[i]) + pursuitTether*held[i], held[i]})
		for j := i; j < r; j++ {
			p.system.SetSym(i, j, float64(p.normal[i*r+j]))
		}
		p.system.SetSym(i, i, p.system.At(i, i)+pursuitTether)
	}
	if !p.chol.Factorize(p.system) {
		return false
	}
	return p.chol.SolveTo(p.sol, p.rhs) == nil
}
