package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
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
	floorPower    = 0.5
	floorFirstEps = 0.3
	floorLastEps  = 0.01
	floorBelow    = 4.0 // weight of pixels below the range against those above
	floorWidth    = 0.02
)

// floor holds what all pursuits in a span share.
type floor struct {
	basis blas32.General // d' x r: pixels by span coordinates, pixels that the span does not move left out
	mean  []float64      // their mean
	fixed int            // pixels left out that are at the floor
	d     int
}

func newFloor(s *span, sp space) *floor {
	r, d := s.rank(), len(sp.mean)
	f := &floor{d: d}
	norms := make([]float64, d)
	top := 0.0
	for j := range d {
		for i := range r {
			v := s.basis.At(i, j) * sp.std[j]
			norms[j] += v * v
		}
		top = max(top, norms[j])
	}
	for j := range d {
		if norms[j] < 1e-8*top {
			if math.Abs(sp.mean[j]) < floorWidth {
				f.fixed++
			}
			continue
		}
		for i := range r {
			f.basis.Data = append(f.basis.Data, float32(s.basis.At(i, j)*sp.std[j]))
		}
		f.mean = append(f.mean, sp.mean[j])
	}
	f.basis.Rows, f.basis.Cols, f.basis.Stride = len(f.mean), r, r
	return f
}

// pursuit is the scratch of one goroutine's pursuits.
type pursuit struct {
	*floor
	engine   *engine.Engine[float32]
	weighted blas32.General // d' x r
	normal   blas32.General // r x r
	pixels   []float64
	weight   []float64
	system   *mat.SymDense
	chol     mat.Cholesky
	rhs, sol *mat.Dense // r x 2
}

func (f *floor) pursuit(e *engine.Engine[float32]) *pursuit {
	n, r := f.basis.Rows, f.basis.Cols
	return &pursuit{floor: f, engine: e, weighted: dense32(n, r), normal: dense32(r, r), pixels: make([]float64, n),
		weight: make([]float64, n), system: mat.NewSymDense(r, nil), rhs: mat.NewDense(r, 2, nil), sol: mat.NewDense(r, 2, nil)}
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
	r := p.basis.Cols
	for i := range p.pixels {
		sum := p.mean[i]
		for j, v := range p.basis.Data[i*r:][:r] {
			sum += float64(v) * z[j]
		}
		p.pixels[i] = sum
	}
}

func (p *pursuit) reweight(eps float64) {
	for i, x := range p.pixels {
		w := math.Pow(x*x+eps*eps, floorPower/2-1)
		if x < 0 {
			w *= floorBelow
		}
		p.weight[i] = w
	}
}

// solve finds the minimum of the weighted square and the inverse's image of the held candidate.
func (p *pursuit) solve(held []float64) bool {
	r := p.basis.Cols
	p.rhs.Zero()
	for i, w := range p.weight {
		row := p.basis.Data[i*r:][:r]
		out := p.weighted.Data[i*r:][:r]
		for j, v := range row {
			out[j] = float32(w) * v
			p.rhs.Set(j, 0, p.rhs.At(j, 0)-w*p.mean[i]*float64(v))
		}
	}
	multiply(p.engine, true, false, 1, p.weighted, p.basis, 0, p.normal)
	trace := 0.0
	for i := range r {
		trace += float64(p.normal.Data[i*r+i])
		p.rhs.Set(i, 1, held[i])
	}
	ridge := 1e-7 * trace / float64(r)
	for i := range r {
		for j := i; j < r; j++ {
			p.system.SetSym(i, j, float64(p.normal.Data[i*r+j]))
		}
		p.system.SetSym(i, i, p.system.At(i, i)+ridge)
	}
	if !p.chol.Factorize(p.system) {
		return false
	}
	return p.chol.SolveTo(p.sol, p.rhs) == nil
}
