package engine

import (
	"math"
	"unsafe"
)

// plainKernel is everything but the matrix kernel, in Go.
func plainKernel[T Float]() *kernel[T] {
	return &kernel[T]{
		transpose: plainTranspose[T], group: 4, step: 1, copyColumns: plainCopyColumns[T],
		exp: plainExp[T], sigmoid: plainSigmoid[T],
		relu: plainReLU[T], activate: plainActivate[T], tangent: plainTangent[T], excess: plainExcess[T],
		mul: plainMul[T], mulAdd: plainMulAdd[T], axpy: plainAxpy[T], dot: plainDot[T], sum: plainSum[T],
		reluGrad: plainReLUGrad[T], affine: plainAffine[T], add: plainAdd[T],
		maxSquares: plainMaxSquares[T], maxSquaresGrad: plainMaxSquaresGrad[T],
		winograd: plainWinograd[T](),
	}
}

func plainTranspose[T Float](k int, src *T, ld, rows int, dst *T, width int) {
	s, d := unsafe.Slice(src, (rows-1)*ld+k), unsafe.Slice(dst, (k-1)*width+rows)
	for i := range rows {
		for l, v := range s[i*ld : i*ld+k] {
			d[l*width+i] = v
		}
	}
}

func plainCopyColumns[T Float](k int, src *T, ld int, dst *T, width int) {
	s, d := unsafe.Slice(src, (k-1)*ld+width), unsafe.Slice(dst, k*width)
	for l := range k {
		copy(d[l*width:(l+1)*width], s[l*ld:])
	}
}

func plainExp[T Float](n int, dst, x *T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] = exp(v)
	}
}

// exp is e^x with results below four times the smallest normal number flushed to 0, as the assembly has it.
func exp[T Float](x T) T {
	smallest := -1020 * math.Ln2
	if unsafe.Sizeof(x) == 4 {
		smallest = -124 * math.Ln2
	}
	if float64(x) <= smallest {
		return 0
	}
	return T(math.Exp(float64(x)))
}

// sigmoid is 1/(1+e^-t), exactly 0 from -40 on.
func sigmoid[T Float](t T) T {
	if t <= -40 {
		return 0
	}
	return T(1 / (1 + math.Exp(-float64(t))))
}

func plainSigmoid[T Float](n int, dst, z *T, alpha T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(z, n) {
		d[i] = sigmoid(alpha * v)
	}
}

func plainReLU[T Float](n int, dst, z *T, slope T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(z, n) {
		d[i] = max(v, slope*v)
	}
}

func plainActivate[T Float](n int, h, s, z, b *T, alpha, slope, rise T) {
	hs, ss, bs := unsafe.Slice(h, n), unsafe.Slice(s, n), unsafe.Slice(b, n)
	for i, v := range unsafe.Slice(z, n) {
		v += bs[i]
		hs[i] = max(v, slope*v)
		ss[i] = slope + rise*sigmoid(alpha*v)
	}
}

func plainTangent[T Float](n int, ubar, zbar, g, u, s *T, scale, slope T) {
	ub, zb := unsafe.Slice(ubar, n), unsafe.Slice(zbar, n)
	us, ss := unsafe.Slice(u, n), unsafe.Slice(s, n)
	for i, v := range unsafe.Slice(g, n) {
		d := scale * (ss[i] - slope) * (1 - ss[i])
		zb[i] = v * us[i] * d
		ub[i] = v * ss[i]
	}
}

func plainExcess[T Float](n int, dst, x *T, low, high T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] = v - min(max(v, low), high)
	}
}

func plainMul[T Float](n int, dst, x, y *T) {
	d, ys := unsafe.Slice(dst, n), unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] = v * ys[i]
	}
}

func plainMulAdd[T Float](n int, dst, x, y *T) {
	d, ys := unsafe.Slice(dst, n), unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] += v * ys[i]
	}
}

func plainAxpy[T Float](n int, dst, x *T, alpha T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] += alpha * v
	}
}

func plainDot[T Float](n int, x, y *T) float64 {
	var s float64
	ys := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		s += float64(v) * float64(ys[i])
	}
	return s
}

func plainSum[T Float](n int, x *T) float64 {
	var s float64
	for _, v := range unsafe.Slice(x, n) {
		s += float64(v)
	}
	return s
}

func plainReLUGrad[T Float](n int, dst, g, y *T, slope T) {
	d, ys := unsafe.Slice(dst, n), unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(g, n) {
		if !(ys[i] > 0) {
			v *= slope
		}
		d[i] = v
	}
}

func plainAffine[T Float](n int, dst, x *T, factor, offset T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] = factor*v + offset
	}
}

func plainAdd[T Float](n int, dst, x, y *T) {
	d, ys := unsafe.Slice(dst, n), unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		d[i] = v + ys[i]
	}
}
