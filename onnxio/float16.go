package onnxio

import "math"

// widenFloat16 returns the value of an IEEE 754 binary16, exactly; a NaN keeps its payload.
func widenFloat16(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h>>10) & 0x1f
	mantissa := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero or subnormal: mantissa times 2^-24
		v := float32(mantissa) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0xff<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// narrowFloat16 returns the binary16 whose value is v, and whether there is one.
func narrowFloat16(v float32) (uint16, bool) {
	b := math.Float32bits(v)
	sign := uint16(b>>16) & 0x8000
	exponent := int(b>>23) & 0xff
	mantissa := b & 0x7fffff
	var h uint16
	switch {
	case exponent == 0xff:
		h = sign | 0x7c00 | uint16(mantissa>>13)
	case exponent > 127-15:
		h = sign | uint16((exponent-127+15)&0x1f)<<10 | uint16(mantissa>>13)
	default:
		h = sign | uint16(math.Abs(float64(v))*(1<<24))&0x3ff
	}
	return h, math.Float32bits(widenFloat16(h)) == b
}

// widenBFloat16 returns the value of a bfloat16: the upper half of a float32.
func widenBFloat16(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// narrowBFloat16 returns the bfloat16 whose value is v, and whether there is one.
func narrowBFloat16(v float32) (uint16, bool) {
	b := math.Float32bits(v)
	return uint16(b >> 16), b&0xffff == 0
}
