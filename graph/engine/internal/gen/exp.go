package main

import (
	"fmt"
	"math"
)

// expFormat is what the exponential needs to know of a precision.
type expFormat struct {
	degree   int     // of the Taylor polynomial; its remainder on |r| <= ln(2)/2 is below half a unit in the last place
	mantissa int     // bits of the significand after the point
	high     float64 // ln 2 with enough trailing zeros that n*high is exact
	low      float64 // ln 2 - high
	smallest float64 // logarithm below which the result is 0
	largest  float64 // logarithm above which it is +Inf
}

var expFormats = map[int]expFormat{
	4: {degree: 7, mantissa: 23, high: 0.693359375, low: math.Ln2 - 0.693359375, smallest: -124 * math.Ln2, largest: 89},
	8: {degree: 13, mantissa: 52, high: 6.93147180369123816490e-01, low: 1.90821492927058770002e-10,
		smallest: -1020 * math.Ln2, largest: 710},
}

// value is the address of a vector of the constant x.
func (t target) value(name string, x float64) string {
	bits := math.Float64bits(x)
	if t.size == 4 {
		bits = uint64(math.Float32bits(float32(x)))
	}
	return t.constant(name+t.elem.name, bits, t.size)
}

// sigmoid leaves 1/(1 + e^(-alpha z)) in a register. The argument is held to |alpha z| <= 40: beyond it the result is 1
// in either precision, or 0 exactly (it would be 4e-18 and, times a small multiplier, soon denormal). NaN stays NaN:
// minimum and maximum return their second operand, here u, when either is NaN.
func (t target) sigmoid(alpha string, z, u, r, n int) int {
	t.zero(u)
	t.packed("VSUB", alpha, t.v(u), t.v(u))
	t.packed("VMUL", t.v(z), t.v(u), t.v(u))
	limit := t.v(11)
	t.packed("VMOVU", t.value("bound", 40), limit)
	t.packed("VMIN", t.v(u), limit, t.v(u))
	t.packed("VMOVU", t.value("negatedBound", -40), limit)
	t.packed("VMAX", t.v(u), limit, t.v(u))
	p := t.expReduced(u, r, n, 10)
	one, limit := t.v(9), t.v(8)
	t.packed("VMOVU", t.value("one", 1), one)
	t.packed("VADD", t.v(p), t.v(p), t.v(p)) // expReduced gives half of it
	t.packed("VADD", one, t.v(p), t.v(p))
	t.packed("VDIV", t.v(p), one, t.v(p))
	t.packed("VMOVU", t.value("bound", 40), limit)
	t.keepBelow(u, limit, p)
	return p
}

// exp leaves e^x in a register.
func (t target) exp(x, u, r, n int) int {
	f := expFormats[t.size]
	limit := t.v(11)
	t.packed("VMOVU", t.value("expLargest", f.largest), limit)
	t.packed("VMIN", t.v(x), limit, t.v(u))
	t.packed("VMOVU", t.value("expSmallest", f.smallest), limit)
	t.packed("VMAX", t.v(u), limit, t.v(u))
	p := t.expReduced(u, r, n, 10)
	t.packed("VADD", t.v(p), t.v(p), t.v(p))
	t.zero(9)
	t.packed("VSUB", t.v(u), t.v(9), t.v(9)) // -u
	t.packed("VMOVU", t.value("expSmallestNegated", -f.smallest), limit)
	t.keepBelow(9, limit, p)
	return p
}

// keepBelow clears the elements of p where those of u are at or above the limit; NaN in u is not.
func (t target) keepBelow(u int, limit string, p int) {
	const notGreaterOrEqual = 9
	if t.masks {
		t.op("VCMP%s $%d, %s, %s, K2", t.s, notGreaterOrEqual, limit, t.v(u))
		t.op("VMOVU%s.Z %s, K2, %s", t.s, t.v(p), t.v(p))
		return
	}
	t.op("VCMP%s $%d, %s, %s, %s", t.s, notGreaterOrEqual, limit, t.v(u), limit)
	t.packed("VAND", limit, t.v(p), t.v(p))
}

// expReduced leaves e^u / 2 in register p: u = n ln 2 + r, e^u = 2^n e^r, with e^r by its Taylor polynomial. Adding
// magic rounds u/ln 2 to an integer and leaves it in the low bits, from where a shift takes it to the exponent. Half,
// because 2^n itself overflows where e^u does not.
func (t target) expReduced(u, r, n, p int) int {
	f := expFormats[t.size]
	magic := math.Ldexp(1.5, f.mantissa)
	t.packed("VMOVU", t.value("magic", magic), t.v(n))
	t.packed("VMOVU", t.v(n), t.v(p))
	t.packed("VFMADD231", t.value("log2e", math.Log2E), t.v(u), t.v(n))
	t.packed("VSUB", t.v(p), t.v(n), t.v(p)) // n as a number
	t.packed("VMOVU", t.v(u), t.v(r))
	t.packed("VFNMADD231", t.value("ln2High", f.high), t.v(p), t.v(r))
	t.packed("VFNMADD231", t.value("ln2Low", f.low), t.v(p), t.v(r))
	t.packed("VMOVU", t.taylor(f.degree), t.v(p))
	for d := f.degree - 1; d >= 0; d-- {
		t.packed("VFMADD213", t.taylor(d), t.v(r), t.v(p))
	}
	t.op("VPSLL%s $%d, %s, %s", t.lane, f.mantissa, t.v(n), t.v(n))
	t.op("VPADD%s %s, %s, %s", t.lane, t.v(n), t.v(p), t.v(p))
	t.zero(r)
	t.packed("VFMADD231", t.v(r), t.v(u), t.v(p)) // adds 0, or NaN, whose bits the addition above may have changed
	return p
}

// taylor is the address of 1/(2 d!).
func (t target) taylor(d int) string {
	return t.value(fmt.Sprintf("taylor%d", d), 0.5/math.Gamma(float64(d+1)))
}
