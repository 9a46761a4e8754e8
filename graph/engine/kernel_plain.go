package engine

import (
	"math"
	"unsafe"
)

// plainKernel is the kernel in Go, for processors that no assembly fits. Its tile is what the compiler can keep in
// registers.
func plainKernel[T Float]() *kernel[T] {
	return &kernel[T]{
		name: "go", rows: 4, cols: 4, vector: 4,
		transpose: plainTranspose[T], group: 4, step: 1, copyColumns: plainCopyColumns[T],
		gemm: plainGemm[T], exp: plainExp[T], sigmoid: plainSigmoid[T], sigmoidGrad: plainSigmoidGrad[T],
		relu: plainReLU[T], activate: plainActivate[T], tangent: plainTangent[T], excess: plainExcess[T],
		mul: plainMul[T], mulAdd: plainMulAdd[T], axpy: plainAxpy[T], dot: plainDot[T],
	}
}

func plainGemm[T Float](k int, a, b, _, c *T, ldc int, alpha, beta T, rows, cols int) {
	var t [4][4]T
	as, bs := unsafe.Slice((*[4]T)(unsafe.Pointer(a)), k), unsafe.Slice((*[4]T)(unsafe.Pointer(b)), k)
	for i := 0; i < 4; i += 2 {
		t[i], t[i+1] = twoRows(as, bs, i)
	}
	out := unsafe.Slice(c, (rows-1)*ldc+cols)
	for i := range rows {
		for j, row := 0, out[i*ldc:i*ldc+cols]; j < cols; j++ {
			if beta == 0 {
				row[j] = alpha * t[i][j]
			} else {
				row[j] = alpha*t[i][j] + beta*row[j]
			}
		}
	}
}

// twoRows are rows i and i+1 of the tile: eight sums fit the registers of any processor, sixteen do not.
func twoRows[T Float](as, bs [][4]T, i int) (p, q [4]T) {
	var p0, p1, p2, p3, q0, q1, q2, q3 T
	for l := range as {
		x, y, b := as[l][i], as[l][i+1], &bs[l]
		p0 += x * b[0]
		p1 += x * b[1]
		p2 += x * b[2]
		p3 += x * b[3]
		q0 += y * b[0]
		q1 += y * b[1]
		q2 += y * b[2]
		q3 += y * b[3]
	}
	return [4]T{p0, p1, p2, p3}, [4]T{q0, q1, q2, q3}
}

func plainTranspose[T Float](k int, src *T, ld, rows int, dst *T, width int) {
	s, d := unsafe.Slice(src, (rows-1)*ld+k), unsafe.Slice(dst, (k-1)*width+4)
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

func plainSigmoidGrad[T Float](n int, dst, s *T, alpha T) {
	d := unsafe.Slice(dst, n)
	for i, v := range unsafe.Slice(s, n) {
		d[i] = alpha * (v - v*v)
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
