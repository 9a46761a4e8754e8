package onnxio

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// chunkElements is how many elements of a tensor are in the reader's hands at a time.
const chunkElements = 64 << 10

// load reads the elements of a tensor that place has checked.
func (t *pendingTensor) load(ctx context.Context, src *source) error {
	t.alloc(t.count)
	switch {
	case t.DType == String:
		return nil
	case t.file.r != nil:
		return t.loadRaw(ctx, t.file.r, t.file.off)
	case t.raw.len() > 0:
		return t.loadRaw(ctx, src.r, t.raw.off)
	}
	return t.loadTyped(ctx, src)
}

// loadRaw reads elements in raw_data's form, from offset off of r.
func (t *pendingTensor) loadRaw(ctx context.Context, r io.ReaderAt, off int64) error {
	width := layouts[t.DType].width
	buf := make([]byte, min(t.count, chunkElements)*width)
	for lo := 0; lo < t.count; lo += chunkElements {
		if err := ctx.Err(); err != nil {
			return err
		}
		hi := min(lo+chunkElements, t.count)
		b := buf[:(hi-lo)*width]
		if err := readAt(r, b, off+int64(lo)*int64(width)); err != nil {
			return err
		}
		t.setRaw(lo, hi, b)
		if err := t.crossCheck(lo, hi, b); err != nil {
			return err
		}
	}
	return nil
}

// setRaw sets elements lo to hi from their little-endian bytes.
func (t *Tensor) setRaw(lo, hi int, b []byte) {
	le := binary.LittleEndian
	switch t.DType {
	case Float32:
		for i, dst := 0, t.Float32s[lo:hi]; i < len(dst); i++ {
			dst[i] = math.Float32frombits(le.Uint32(b[4*i:]))
		}
	case Float16:
		for i, dst := 0, t.Float32s[lo:hi]; i < len(dst); i++ {
			dst[i] = widenFloat16(le.Uint16(b[2*i:]))
		}
	case BFloat16:
		for i, dst := 0, t.Float32s[lo:hi]; i < len(dst); i++ {
			dst[i] = widenBFloat16(le.Uint16(b[2*i:]))
		}
	case Float64:
		for i, dst := 0, t.Float64s[lo:hi]; i < len(dst); i++ {
			dst[i] = math.Float64frombits(le.Uint64(b[8*i:]))
		}
	default:
		width := layouts[t.DType].width
		for i, dst := 0, t.Int64s[lo:hi]; i < len(dst); i++ {
			dst[i] = t.DType.widenInt(b[width*i:])
		}
	}
}

// widenInt reads one little-endian integer or bool.
func (d DType) widenInt(b []byte) int64 {
	le := binary.LittleEndian
	switch d {
	case Uint8:
		return int64(b[0])
	case Int8:
		return int64(int8(b[0]))
	case Bool:
		return truth(int64(b[0]))
	case Uint16:
		return int64(le.Uint16(b))
	case Int16:
		return int64(int16(le.Uint16(b)))
	case Uint32:
		return int64(le.Uint32(b))
	case Int32:
		return int64(int32(le.Uint32(b)))
	}
	return int64(le.Uint64(b))
}

func truth(v int64) int64 {
	if v != 0 {
		return 1
	}
	return 0
}

// loadTyped reads elements from the typed field of the tensor's type, packed or one by one.
func (t *pendingTensor) loadTyped(ctx context.Context, src *source) error {
	num := layouts[t.DType].field
	typ := protowire.VarintType
	switch num {
	case tensorFloatData:
		typ = protowire.Fixed32Type
	case tensorDoubleData:
		typ = protowire.Fixed64Type
	}
	var i int
	for f, err := range src.fields(t.body) {
		if err != nil {
			return err
		}
		if f.num != num {
			continue
		}
		for bits, err := range src.scalars(f, typ) {
			if err != nil {
				return err
			}
			if i < t.count {
				if err := t.set(i, bits); err != nil {
					return err
				}
			}
			i++
		}
	}
	if i != t.count {
		return fmt.Errorf("%s has %d elements, but shape %v needs %d", dataFieldName(num), i, t.Shape, t.count)
	}
	for lo := 0; lo < t.count; lo += chunkElements {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.crossCheck(lo, min(lo+chunkElements, t.count), nil); err != nil {
			return err
		}
	}
	return nil
}

// set sets element i from the bits of a typed field.
func (t *Tensor) set(i int, bits uint64) error {
	switch t.DType {
	case Float32:
		t.Float32s[i] = math.Float32frombits(uint32(bits))
	case Float64:
		t.Float64s[i] = math.Float64frombits(bits)
	case Int64, Uint64:
		t.Int64s[i] = int64(bits)
	case Float16, BFloat16:
		if bits > math.MaxUint16 {
			return fmt.Errorf("element %d is %d, which is not the bits of a %s", i, bits, t.DType)
		}
		if t.DType == Float16 {
			t.Float32s[i] = widenFloat16(uint16(bits))
		} else {
			t.Float32s[i] = widenBFloat16(uint16(bits))
		}
	case Bool:
		t.Int64s[i] = truth(int64(bits))
	case Uint32:
		return t.setInt(i, int64(bits))
	default:
		return t.setInt(i, int64(int32(bits))) // int32_data: protobuf keeps the low 32 bits
	}
	return nil
}

// setInt sets element i to v if the tensor's type can hold it.
func (t *Tensor) setInt(i int, v int64) error {
	lo, hi := t.DType.intRange()
	if v < lo || v > hi {
		return fmt.Errorf("element %d is %d, which %s cannot hold", i, v, t.DType)
	}
	t.Int64s[i] = v
	return nil
}

// intRange returns the least and greatest value of an integer type as an Int64s element.
func (d DType) intRange() (lo, hi int64) {
	switch d {
	case Bool:
		return 0, 1
	case Uint8:
		return 0, math.MaxUint8
	case Int8:
		return math.MinInt8, math.MaxInt8
	case Uint16:
		return 0, math.MaxUint16
	case Int16:
		return math.MinInt16, math.MaxInt16
	case Uint32:
		return 0, math.MaxUint32
	case Int32:
		return math.MinInt32, math.MaxInt32
	}
	return math.MinInt64, math.MaxInt64
}

// appendRaw appends elements lo to hi in raw_data's form: the inverse of setRaw.
func (t *Tensor) appendRaw(b []byte, lo, hi int) ([]byte, error) {
	le := binary.LittleEndian
	switch t.DType {
	case Float32:
		for _, v := range t.Float32s[lo:hi] {
			b = le.AppendUint32(b, math.Float32bits(v))
		}
	case Float64:
		for _, v := range t.Float64s[lo:hi] {
			b = le.AppendUint64(b, math.Float64bits(v))
		}
	case Float16, BFloat16:
		narrow := narrowFloat16
		if t.DType == BFloat16 {
			narrow = narrowBFloat16
		}
		for i, v := range t.Float32s[lo:hi] {
			h, exact := narrow(v)
			if !exact {
				return nil, fmt.Errorf("element %d is %g, which %s cannot hold; round it first", lo+i, v, t.DType)
			}
			b = le.AppendUint16(b, h)
		}
	default:
		least, greatest := t.DType.intRange()
		for i, v := range t.Int64s[lo:hi] {
			if v < least || v > greatest {
				return nil, fmt.Errorf("element %d is %d, which %s cannot hold", lo+i, v, t.DType)
			}
			b = t.DType.appendInt(b, v)
		}
	}
	return b, nil
}

// appendInt appends the low bytes of an integer or bool: the inverse of widenInt.
func (d DType) appendInt(b []byte, v int64) []byte {
	le := binary.LittleEndian
	switch layouts[d].width {
	case 1:
		return append(b, byte(v))
	case 2:
		return le.AppendUint16(b, uint16(v))
	case 4:
		return le.AppendUint32(b, uint32(v))
	}
	return le.AppendUint64(b, uint64(v))
}
