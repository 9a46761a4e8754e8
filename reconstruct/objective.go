package reconstruct

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"

	"unlearnguard/graph"
	"unlearnguard/graph/engine"
)

// objective is the relative residual of the stationarity condition on the first layer's block,
//
//	|| [W1, kappa b1] - [D1^T Z, kappa D1^T 1] ||^2 / || [W1, kappa b1] ||^2,
//
// where row i of D1 is sample i's margin, weighted by its multipliers, propagated back to the first layer with the
// surrogate slope sigmoid(alpha a) in place of the activation's derivative (Haim et al. 2022, section 4).
type objective struct {
	engine *engine.Engine[float32]
	layers []block
	slope  float32
	kappa  float32
	norm2  float64
	m      int
	gain   []float64 // 1 / the typical pre-activation of each hidden layer

	z, gz          blas32.General
	hidden         []activation
	top, gtop      blas32.General // multipliers times output directions, and the gradient with respect to them
	res            blas32.General // h x r residual of the weight block
	resBias        []float32
	upstream, gact blas32.General // scratch, m x the widest layer
}

type block struct {
	w    blas32.General
	bias []float32
}

type activation struct {
	pre, post, mask, up, delta, gdelta, gpre blas32.General
}

func dense32(rows, cols int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: make([]float32, rows*cols)}
}

// multiply computes c = alpha op(a) op(b) + beta c.
func multiply(e *engine.Engine[float32], transA, transB bool, alpha float32, a, b blas32.General, beta float32, c blas32.General) {
	k := a.Cols
	if transA {
		k = a.Rows
	}
	e.Gemm(transA, transB, c.Rows, c.Cols, k, alpha, a.Data, a.Stride, b.Data, b.Stride, beta, c.Data, c.Stride)
}

func newObjective(e *engine.Engine[float32], net *graph.Dense, m int, kappa float64) *objective {
	o := &objective{engine: e, slope: float32(net.Slope), kappa: float32(kappa), m: m}
	widest := 0
	for _, l := range net.Layers {
		rows, cols := l.W.Dims()
		b := block{w: dense32(rows, cols)}
		for i := range rows {
			for j := range cols {
				b.w.Data[i*cols+j] = float32(l.W.At(i, j))
			}
		}
		for _, v := range l.B {
			b.bias = append(b.bias, float32(v))
		}
		o.layers = append(o.layers, b)
		widest = max(widest, rows)
	}
	first := net.Layers[0]
	h, r := first.W.Dims()
	for i := range h {
		for j := range r {
			o.norm2 += first.W.At(i, j) * first.W.At(i, j)
		}
		if first.B != nil {
			o.norm2 += kappa * kappa * first.B[i] * first.B[i]
		}
	}
	o.z, o.gz = dense32(m, r), dense32(m, r)
	o.res = dense32(h, r)
	o.resBias = make([]float32, h)
	for _, b := range o.layers[:len(o.layers)-1] {
		n := b.w.Rows
		o.hidden = append(o.hidden, activation{
			pre: dense32(m, n), post: dense32(m, n), mask: dense32(m, n), up: dense32(m, n),
			delta: dense32(m, n), gdelta: dense32(m, n), gpre: dense32(m, n),
		})
		o.gain = append(o.gain, 1)
	}
	c := o.layers[len(o.layers)-1].w.Rows
	o.top, o.gtop = dense32(m, c), dense32(m, c)
	return o
}

// load copies the particles (m x r) and the weighted output directions (m x C) in.
func (o *objective) load(z, top []float64) {
	for i, v := range z {
		o.z.Data[i] = float32(v)
	}
	for i, v := range top {
		o.top.Data[i] = float32(v)
	}
}

// forward fills the pre- and post-activations of the hidden layers for the loaded particles.
func (o *objective) forward() {
	in := o.z
	for l := range o.hidden {
		a, b := &o.hidden[l], o.layers[l]
		for i := range o.m {
			row := a.pre.Data[i*a.pre.Stride:][:a.pre.Cols]
			if b.bias == nil {
				clear(row)
			} else {
				copy(row, b.bias)
			}
		}
		multiply(o.engine, false, true, 1, in, b.w, 1, a.pre)
		for i, v := range a.pre.Data {
			if v < 0 {
				v *= o.slope
			}
			a.post.Data[i] = v
		}
		in = a.post
	}
}

// backward propagates the weighted output directions to the first layer under surrogate slopes of sharpness alpha.
func (o *objective) backward(alpha float64) {
	down := o.top
	for l := len(o.hidden) - 1; l >= 0; l-- {
		a := &o.hidden[l]
		multiply(o.engine, false, false, 1, down, o.layers[l+1].w, 0, a.up)
		k := float32(alpha * o.gain[l])
		for i, v := range a.pre.Data {
			s := o.slope + (1-o.slope)*sigmoid(k*v)
			a.mask.Data[i] = s
			a.delta.Data[i] = a.up.Data[i] * s
		}
		down = a.delta
	}
}

// step returns the objective and leaves its gradients in o.gz and o.gtop.
func (o *objective) step(z, top []float64, alpha float64) float64 {
	o.load(z, top)
	o.forward()
	o.backward(alpha)
	loss := o.residual()
	o.differentiate(alpha)
	return loss
}

func (o *objective) residual() float64 {
	d1 := o.hidden[0].delta
	copy(o.res.Data, o.layers[0].w.Data)
	multiply(o.engine, true, false, -1, d1, o.z, 1, o.res)
	sum := 0.0
	for _, v := range o.res.Data {
		sum += float64(v) * float64(v)
	}
	if bias := o.layers[0].bias; bias != nil {
		copy(o.resBias, bias)
		for i := range o.m {
			blas32.Axpy(-1, vec(d1.Data[i*d1.Stride:][:d1.Cols]), vec(o.resBias))
		}
		for i, v := range o.resBias {
			o.resBias[i] = v * o.kappa
			sum += float64(o.resBias[i]) * float64(o.resBias[i])
		}
	}
	return sum / o.norm2
}

func vec(v []float32) blas32.Vector { return blas32.Vector{N: len(v), Data: v, Inc: 1} }

// differentiate runs the one reverse pass through the backward signal and then the forward signal.
func (o *objective) differentiate(alpha float64) {
	c := float32(-2 / o.norm2)
	first := &o.hidden[0]
	multiply(o.engine, false, false, c, first.delta, o.res, 0, o.gz)
	multiply(o.engine, false, true, c, o.z, o.res, 0, first.gdelta)
	if o.layers[0].bias != nil {
		for i := range o.m {
			blas32.Axpy(c*o.kappa, vec(o.resBias), vec(first.gdelta.Data[i*first.gdelta.Stride:][:first.gdelta.Cols]))
		}
	}
	for l := range o.hidden {
		a := &o.hidden[l]
		k := float32(alpha*o.gain[l]) / (1 - o.slope)
		for i, g := range a.gdelta.Data {
			s := a.mask.Data[i]
			// d mask / d pre of slope + (1-slope) sigmoid(k pre).
			a.gpre.Data[i] = g * a.up.Data[i] * k * (s - o.slope) * (1 - s)
			a.up.Data[i] = g * s // now the gradient with respect to up
		}
		next := o.gtop
		if l+1 < len(o.hidden) {
			next = o.hidden[l+1].gdelta
		}
		multiply(o.engine, false, true, 1, a.up, o.layers[l+1].w, 0, next)
	}
	for l := len(o.hidden) - 1; l > 0; l-- {
		a, below := &o.hidden[l], &o.hidden[l-1]
		multiply(o.engine, false, false, 1, a.gpre, o.layers[l].w, 0, below.up)
		for i, g := range below.up.Data {
			below.gpre.Data[i] += g * below.mask.Data[i]
		}
	}
	multiply(o.engine, false, false, 1, first.gpre, o.layers[0].w, 1, o.gz)
}

// sigmoid is exactly 0 where its tail would be denormal, which is many times slower to compute with.
func sigmoid(x float32) float32 {
	if x <= -40 {
		return 0
	}
	return float32(1 / (1 + math.Exp(-float64(x))))
}
