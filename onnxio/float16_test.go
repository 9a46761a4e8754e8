package onnxio

import (
	"math"
	"testing"
)

// TestFloat16 goes through all 65,536 values of both formats: their value by the formula of IEEE 754, and back.
func TestFloat16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		for name, c := range map[string]struct {
			widen    func(uint16) float32
			narrow   func(float32) (uint16, bool)
			mantissa int // bits
			bias     int
		}{
			"float16":  {widenFloat16, narrowFloat16, 10, 15},
			"bfloat16": {widenBFloat16, narrowBFloat16, 7, 127},
		} {
			got := c.widen(h)
			if want := ieee(h, c.mantissa, c.bias); float64(got) != want && !(math.IsNaN(want) && got != got) || math.Signbit(float64(got)) != (h>>15 == 1) {
				t.Errorf("%s %#04x is %g, want %g", name, h, got, want)
			}
			if back, exact := c.narrow(got); back != h || !exact {
				t.Errorf("%s %#04x becomes %#04x (exact: %v)", name, h, back, exact)
			}
		}
	}
	for _, v := range []float32{0.1, 65520, 1e-8, 70000, -1e38, 1 + 1.0/(1<<11), 1.5 / (1 << 24)} {
		if _, exact := narrowFloat16(v); exact {
			t.Errorf("%g passes as a float16", v)
		}
	}
	if _, exact := narrowBFloat16(0.1); exact {
		t.Error("0.1 passes as a bfloat16")
	}
}

// ieee returns the value of a 16-bit float with some bits of mantissa.
func ieee(h uint16, mantissa, bias int) float64 {
	fraction := float64(h&(1<<mantissa-1)) / float64(int(1)<<mantissa)
	exponent := int(h&0x7fff) >> mantissa
	v := math.Ldexp(1+fraction, exponent-bias)
	switch {
	case exponent == 0:
		v = math.Ldexp(fraction, 1-bias)
	case exponent == 1<<(15-mantissa)-1 && fraction == 0:
		v = math.Inf(1)
	case exponent == 1<<(15-mantissa)-1:
		return math.NaN()
	}
	if h>>15 == 1 {
		v = -v
	}
	return v
}
