package onnxio

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// source is the bytes of a model. Only a window of them is in memory at a time, so that a file of any size costs no more
// than what is made of it.
type source struct {
	r      io.ReaderAt
	size   int64
	window []byte
	start  int64
}

const windowBytes = 64 << 10

// span is the bytes [off, end) of a source.
type span struct{ off, end int64 }

func (s span) len() int64 { return s.end - s.off }

// field is one field of a protobuf message: a number in bits, or the place of its bytes in body.
type field struct {
	num  protowire.Number
	typ  protowire.Type
	bits uint64
	body span
}

// peek returns the bytes at off, n of them or as many as there are before end. They are valid until the next call.
func (s *source) peek(off, end int64, n int) ([]byte, error) {
	n = int(min(int64(n), end-off))
	if off < s.start || off+int64(n) > s.start+int64(len(s.window)) {
		if s.window == nil {
			s.window = make([]byte, min(windowBytes, s.size))
		}
		s.window = s.window[:min(int64(cap(s.window)), s.size-off)]
		s.start = off
		if err := readAt(s.r, s.window, off); err != nil {
			s.window = s.window[:0]
			return nil, err
		}
	}
	at := off - s.start
	return s.window[at : at+int64(n)], nil
}

// readAt fills b from offset off.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the file ends at byte %d while it is being read", off+int64(n))
	}
	return err
}

// string returns the bytes of a span.
func (s *source) string(sp span) (string, error) {
	if sp.len() <= windowBytes {
		b, err := s.peek(sp.off, sp.end, windowBytes)
		return string(b), err
	}
	b := make([]byte, sp.len())
	err := readAt(s.r, b, sp.off)
	return string(b), err
}

// fields iterates over the fields of the message in sp, and ends at the first that is malformed.
func (s *source) fields(sp span) iter.Seq2[field, error] {
	return func(yield func(field, error) bool) {
		for off := sp.off; off < sp.end; {
			f, next, err := s.field(off, sp.end)
			if err != nil {
				yield(f, fmt.Errorf("byte %d: %w; the file is damaged or not an ONNX model", off, err))
				return
			}
			if !yield(f, nil) {
				return
			}
			off = next
		}
	}
}

// field reads the field at off and returns the offset behind it.
func (s *source) field(off, end int64) (f field, next int64, err error) {
	const header = 20 // a tag and a varint, ten bytes each at most
	b, err := s.peek(off, end, header)
	if err != nil {
		return f, 0, err
	}
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return f, 0, protowire.ParseError(n)
	}
	f.num, f.typ = num, typ
	var m int
	switch typ {
	case protowire.VarintType, protowire.BytesType:
		f.bits, m = protowire.ConsumeVarint(b[n:])
	case protowire.Fixed32Type:
		var v uint32
		v, m = protowire.ConsumeFixed32(b[n:])
		f.bits = uint64(v)
	case protowire.Fixed64Type:
		f.bits, m = protowire.ConsumeFixed64(b[n:])
	default:
		return f, 0, fmt.Errorf("field %d is a protobuf group, which ONNX does not use", num)
	}
	if m < 0 {
		return f, 0, protowire.ParseError(m)
	}
	next = off + int64(n+m)
	if typ == protowire.BytesType {
		if f.bits > uint64(end-next) {
			return f, 0, fmt.Errorf("field %d claims %d bytes where %d are left", num, f.bits, end-next)
		}
		f.body = span{next, next + int64(f.bits)}
		next = f.body.end
	}
	return f, next, nil
}

// want refuses a field of another wire type than its message defines.
func (f field) want(typ protowire.Type) error {
	if f.typ != typ {
		return fmt.Errorf("field %d has wire type %d instead of %d; the file is damaged or not an ONNX model", f.num, f.typ, typ)
	}
	return nil
}

// int returns the value of an integer field.
func (f field) int() (int64, error) {
	return int64(f.bits), f.want(protowire.VarintType)
}

// message returns the place of a nested message.
func (f field) message() (span, error) {
	return f.body, f.want(protowire.BytesType)
}

// scalars iterates over the elements of a repeated numeric field, packed or not, as bits.
func (s *source) scalars(f field, typ protowire.Type) iter.Seq2[uint64, error] {
	return func(yield func(uint64, error) bool) {
		if f.typ != protowire.BytesType {
			yield(f.bits, f.want(typ))
			return
		}
		for off := f.body.off; off < f.body.end; {
			v, n, err := s.scalar(off, f.body.end, typ)
			if err != nil {
				yield(0, fmt.Errorf("byte %d: %w; the file is damaged", off, err))
				return
			}
			if !yield(v, nil) {
				return
			}
			off += int64(n)
		}
	}
}

func (s *source) scalar(off, end int64, typ protowire.Type) (v uint64, n int, err error) {
	b, err := s.peek(off, end, 10)
	if err != nil {
		return 0, 0, err
	}
	switch typ {
	case protowire.Fixed32Type:
		var v32 uint32
		v32, n = protowire.ConsumeFixed32(b)
		v = uint64(v32)
	case protowire.Fixed64Type:
		v, n = protowire.ConsumeFixed64(b)
	default:
		v, n = protowire.ConsumeVarint(b)
	}
	if n < 0 {
		return 0, 0, protowire.ParseError(n)
	}
	return v, n, nil
}
