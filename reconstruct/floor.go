package reconstruct

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"unlearnguard/graph/engine"
)

// Pursuit of the floor. Many images lie, in most of their pixels, exactly at the bottom of the pixel range: the black
// ground of a digit or a garment. Of all points of an r-dimensional span only the training images themselves do so in
// more than about r of the d pixels, so near a rough candidate the point with the most such pixels is the image itself,
// free of the descent's error. The pursuit minimises sum_p (pixel_p^2 + eps^2)^(q/2), q = 1/2, by iteratively reweighted
// least squares (Chartrand and Yin 2008) over the span, with the candidate's component along itself held, so that the
// minimum is neither zero nor another image. Where pictures have no floor the points it finds have none either, and
// atFloor says so.
const (
	floorSteps    = 20
	floorFirstEps = 0.3
	floorLastEps  = 0.01
	floorBelow    = 4.0 // weight of pixels below the range against those above
	floorWidth    = 0.02
)

// floor holds what all pursuits in a span share.
type floor struct {
	basis []float32 // n x r: pixels by span coordinates, pixels that the span does not move left out
	n, r  int
	mean  []float64 // their mean
	fixed int       // pixels left out that are at the floor
	d     int
}

func newFloor(s *span, sp space) *floor {
	pixels := pixelBasis[float32](s, sp)
	f := &floor{r: s.rank(), d: len(sp.mean)}
	norms := make([]float64, f.d)
	for i, v := range pixels {
		norms[i%f.d] += float64(v) * float64(v)
	}
	still := 1e-8 * slices.Max(norms)
	for j, norm := range norms {
		if norm < still {
			if math.Abs(sp.mean[j]) < floorWidth {
				f.fixed++
			}
			continue
		}
		for i := range f.r {
			f.basis = append(f.basis, pixels[i*f.d+j])
		}
		f.mean = append(f.mean, sp.mean[j])
	}
	f.n = len(f.mean)
	return f
}

// pursuit is the scratch of one goroutine's pursuits.
type pursuit struct {
	*floor
	engine   *engine.Engine[float32]
	weighted []float32 // n x r
	normal   []float32 // r x r
	pixels   []float64
	weight   []float64
	pull     []float64 // of the mean on the r coordinates
	system   *mat.SymDense
	chol     mat.Cholesky
	rhs, sol *mat.Dense // r x 2
}

func (f *floor) pursuit(e *engine.Engine[float32]) *pursuit {
	return &pursuit{floor: f, engine: e, weighted: make([]float32, f.n*f.r), normal: make([]float32, f.r*f.r),
		pixels: make([]float64, f.n), weight: make([]float64, f.n), pull: make([]float64, f.r),
		system: mat.NewSymDense(f.r, nil), rhs: mat.NewDense(f.r, 2, nil), sol: mat.NewDense(f.r, 2, nil)}
}

// run moves z (length r) to the nearby point of the span with the most pixels at the floor and returns their share.
func (p *pursuit) run(z []float64) float64 {
	held := append([]float64(nil), z...)
	size := 0.0
	for _, v := range held {
		size += v * v
	}
	if size == 0 {
		return 0
	}
	for k := range floorSteps {
		eps := floorFirstEps * math.Pow(floorLastEps/floorFirstEps, float64(k)/(floorSteps-1))
		p.lift(z)
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
	p.lift(z)
	n := p.fixed
	for _, v := range p.pixels {
		if math.Abs(v) < floorWidth {
			n++
		}
	}
	return float64(n) / float64(p.d)
}

func (p *pursuit) lift(z []float64) {
	for i := range p.pixels {
		sum := p.mean[i]
		for j, v := range p.basis[i*p.r:][:p.r] {
			sum += float64(v) * z[j]
		}
		p.pixels[i] = sum
	}
}

// reweight sets the weights (x^2 + eps^2)^(q/2 - 1), which is the power -3/4.
func (p *pursuit) reweight(eps float64) {
	for i, x := range p.pixels {
		root := math.Sqrt(x*x + eps*eps)
		w := 1 / (root * math.Sqrt(root))
		if x < 0 {
			w *= floorBelow
		}
		p.weight[i] = w
	}
}

// solve finds the minimum of the weighted square and the inverse's image of the held candidate.
func (p *pursuit) solve(held []float64) bool {
	r := p.r
	clear(p.pull)
	for i, w := range p.weight {
		row := p.basis[i*r:][:r]
		out := p.weighted[i*r:][:r]
		for j, v := range row {
			wv := w * float64(v)
			out[j] = float32(wv)
			p.pull[j] -= wv * p.mean[i]
		}
	}
	p.engine.Gemm(true, false, r, r, p.n, 1, p.weighted, r, p.basis, r, 0, p.normal, r)
	trace := 0.0
	for i := range r {
		trace += float64(p.normal[i*r+i])
		p.rhs.SetRow(i, []float64{p.pull[i], held[i]})
	}
	ridge := 1e-7 * trace / float64(r)
	for i := range r {
		for j := i; j < r; j++ {
			p.system.SetSym(i, j, float64(p.normal[i*r+j]))
		}
		p.system.SetSym(i, i, p.system.At(i, i)+ridge)
	}
	if !p.chol.Factorize(p.system) {
		return false
	}
	return p.chol.SolveTo(p.sol, p.rhs) == nil
}
